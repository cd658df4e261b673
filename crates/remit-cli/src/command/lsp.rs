//! `remit lsp`: the editor services over stdin and stdout, by the Language Server Protocol.
//!
//! Synchronous: one message after the other, in the order in which they come. Only recordings are read
//! beside it, since completion and diagnostics do not wait for them. Not here: what the answers are.

mod answer;
mod documents;
mod position;

use crate::Exit;
use crate::error::CliError;
use answer::Answerer;
use documents::{Changed, Documents};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::Notification as _;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CompletionOptions, FoldingRangeProviderCapability,
    HoverProviderCapability, OneOf, RenameOptions, SaveOptions, ServerCapabilities,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    TextDocumentSyncSaveOptions, notification,
};
use serde::de::DeserializeOwned;

pub(crate) fn run() -> Result<Exit, CliError> {
    let (connection, threads) = Connection::stdio();
    let served = serve(&connection);
    // The threads end when nobody can send to them any more.
    drop(connection);
    threads.join().map_err(CliError::Output)?;
    served.map_err(|message| {
        CliError::input(
            message,
            "start `remit lsp` from an editor: it speaks the Language Server Protocol",
        )
    })
}

/// Answers until the client says goodbye.
fn serve(connection: &Connection) -> Result<Exit, String> {
    let capabilities = serde_json::to_value(capabilities()).map_err(|e| e.to_string())?;
    connection.initialize(capabilities).map_err(|e| e.to_string())?;
    let mut documents = Documents::default();
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request).map_err(|e| e.to_string())? {
                    return Ok(Exit::Success);
                }
                let response = respond(&documents, request);
                connection.sender.send(response.into()).map_err(|e| e.to_string())?;
            }
            Message::Notification(note) => {
                for diagnostics in changed(&mut documents, note) {
                    let note = Notification::new(
                        notification::PublishDiagnostics::METHOD.to_owned(),
                        diagnostics,
                    );
                    connection.sender.send(note.into()).map_err(|e| e.to_string())?;
                }
            }
            Message::Response(_) => {}
        }
    }
    Ok(Exit::Success)
}

fn capabilities() -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::FULL),
        save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions::default())),
        ..TextDocumentSyncOptions::default()
    };
    let triggers = [".", "\"", ":", "@", "(", "[", " "];
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers.map(str::to_owned).into()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: Default::default(),
        })),
        document_formatting_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        folding_range_provider: Some(FoldingRangeProviderCapability::Simple(true)),
        code_action_provider: Some(
            CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
                ..CodeActionOptions::default()
            }
            .into(),
        ),
        ..ServerCapabilities::default()
    }
}

fn respond(documents: &Documents, request: Request) -> Response {
    let Request { id, method, params } = request;
    match Answerer::new(documents).answer(&method, params) {
        Some(Ok(value)) => Response::new_ok(id, value),
        Some(Err(message)) => Response::new_err(id, ErrorCode::InvalidParams as i32, message),
        None => {
            let message = format!("there is no method `{method}`");
            Response::new_err(id, ErrorCode::MethodNotFound as i32, message)
        }
    }
}

/// Takes over what the client says; gives what is wrong now.
fn changed(
    documents: &mut Documents,
    note: Notification,
) -> Vec<lsp_types::PublishDiagnosticsParams> {
    let changed = match note.method.as_str() {
        notification::DidOpenTextDocument::METHOD => read(note).map(Changed::Opened),
        notification::DidChangeTextDocument::METHOD => read(note).map(Changed::Edited),
        notification::DidSaveTextDocument::METHOD => read(note).map(Changed::Saved),
        notification::DidCloseTextDocument::METHOD => read(note).map(Changed::Closed),
        // What we do not know is the client's own business.
        _ => None,
    };
    changed.map(|changed| documents.take(changed)).unwrap_or_default()
}

fn read<T: DeserializeOwned>(note: Notification) -> Option<T> {
    let read = serde_json::from_value(note.params);
    read.inspect_err(|error| tracing::warn!(%error, method = note.method, "not understood")).ok()
}
