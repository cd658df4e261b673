//! Keys and bundles from files.

use crate::error::CliError;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use remit_api::bundle::{MAX_BYTES, PublicKey, Refusal, Trust, Verified, Waivers, verify};
use std::fs::File;
use std::io::Read as _;

/// The public keys in some files.
pub(crate) fn keys(files: &[Utf8PathBuf]) -> Result<Vec<PublicKey>, CliError> {
    files.iter().map(|file| key(file)).collect()
}

fn key(file: &Utf8Path) -> Result<PublicKey, CliError> {
    let pem = std::fs::read_to_string(file).map_err(|error| {
        CliError::input(
            format!("the key `{file}` cannot be read: {error}"),
            "name the `.pub` file of whoever signs",
        )
    })?;
    PublicKey::from_pem(&pem).map_err(|error| {
        let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
        CliError::input(format!("`{file}`: {error}"), help.unwrap_or_default())
    })
}

/// The bytes of a file, but not more than a bundle may have and one.
pub(crate) fn open_bundle(path: &Utf8Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        CliError::input(format!("the bundle `{path}` cannot be read: {error}"), "check the path")
    })?;
    Ok(bytes)
}

/// A bundle that somebody trusted built, as `remit bundle verify` sees it.
pub(crate) fn verified(path: &Utf8Path, keys: &[PublicKey]) -> Result<Verified, CliError> {
    let trust = Trust {
        keys,
        now: Timestamp::now(),
        at_least: None,
        waivers: Waivers::Accepted,
        recordings: None,
    };
    verify(&open_bundle(path)?, &trust).map_err(|refusal| refused(path, &refusal))
}

fn refused(path: &Utf8Path, refusal: &Refusal) -> CliError {
    CliError::input(format!("`{path}` is not accepted: {refusal}"), &*refusal.help)
}
