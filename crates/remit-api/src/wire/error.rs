//! What went wrong, for a person.

use serde::Serialize;
use ts_rs::TS;

/// What went wrong, for a person.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDto {
    /// What kind of error; the only part that the window may branch on.
    pub code: ErrorCode,
    /// What happened, and where.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl ErrorDto {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        ErrorDto { code, message: message.into(), help: None }
    }

    pub(crate) fn help(self, help: Option<String>) -> Self {
        ErrorDto { help, ..self }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        ErrorDto::new(ErrorCode::BadRequest, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        ErrorDto::new(ErrorCode::NotFound, message)
    }
}

/// What kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// No workspace is open.
    NoWorkspace,
    /// The folder is no workspace.
    NotAWorkspace,
    /// Nothing there.
    NotFound,
    /// The file changed on disk since it was read.
    Conflict,
    /// The text could not be formatted or read.
    InvalidText,
    /// The disk said no.
    Io,
    /// The window asked for something that does not exist.
    BadRequest,
    /// A mistake of ours.
    Internal,
}
