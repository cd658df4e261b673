//! `remit keys`: keys to sign bundles with.

use crate::Exit;
use crate::args::{KeysCommand, KeysNewArgs};
use crate::error::CliError;
use crate::output::to_stdout;
use camino::{Utf8Path, Utf8PathBuf};
use remit_api::bundle::{MIN_PASSWORD, SecretKey};
use std::env::VarError;
use std::fs;
use std::io::{IsTerminal, Write as _};

/// Where a password may stand, for machines.
const PASSWORD: &str = "REMIT_KEY_PASSWORD";

pub(crate) fn run(command: &KeysCommand) -> Result<Exit, CliError> {
    match command {
        KeysCommand::New(args) => new(args),
    }
}

fn new(args: &KeysNewArgs) -> Result<Exit, CliError> {
    let public = Utf8PathBuf::from(format!("{}.pub", args.out));
    if !args.in_workspace
        && let Some(workspace) = workspace_around(&args.out)?
    {
        return Err(CliError::input(
            format!("`{}` would lie in the workspace `{workspace}`", args.out),
            "keep private keys elsewhere, such as `~/.config/remit/`, or insist with --in-workspace",
        ));
    }
    for file in [&args.out, &public] {
        if file.symlink_metadata().is_ok() {
            return Err(taken(file));
        }
    }
    let password = match from_environment()? {
        Some(password) => password,
        None => ask_twice()?,
    };
    let key = SecretKey::generate().map_err(CliError::library)?;
    let secret = key.to_pem(&password).map_err(CliError::library)?;
    write_new(&args.out, secret.as_bytes(), Who::Owner)?;
    let written = key.public().to_pem().map_err(CliError::library);
    if let Err(error) = written.and_then(|pem| write_new(&public, pem.as_bytes(), Who::Everybody)) {
        // Half a pair is of no use, and the private half is ours: it was not there before.
        let _ = fs::remove_file(&args.out);
        return Err(error);
    }
    to_stdout(&format!(
        "{}\n  private key, encrypted: {}\n  public key: {public}\n",
        key.public().id(),
        args.out
    ))?;
    Ok(Exit::Success)
}

/// The private key in a file, opened with its password.
pub(crate) fn read_secret(path: &Utf8Path) -> Result<SecretKey, CliError> {
    let pem = fs::read_to_string(path).map_err(|error| {
        CliError::input(
            format!("the key `{path}` cannot be read: {error}"),
            "make one with `remit keys new --out FILE`",
        )
    })?;
    let password = match from_environment()? {
        Some(password) => password,
        None => ask(&format!("password of {path}: "))?,
    };
    SecretKey::from_pem(&pem, &password).map_err(CliError::library)
}

fn from_environment() -> Result<Option<String>, CliError> {
    match std::env::var(PASSWORD) {
        Ok(password) => Ok(Some(password)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(CliError::input(format!("{PASSWORD} is not UTF-8"), "set it to text"))
        }
    }
}

fn ask_twice() -> Result<String, CliError> {
    let first = ask(&format!("a password for the key, {MIN_PASSWORD} characters or more: "))?;
    match ask("once more: ")? == first {
        true => Ok(first),
        false => Err(CliError::input("the two passwords differ", "type the same one twice")),
    }
}

fn ask(prompt: &str) -> Result<String, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::input(
            "there is no terminal to ask for the password",
            format!("set {PASSWORD}"),
        ));
    }
    Ok(rpassword::prompt_password(prompt)?)
}

/// Who may read a file.
enum Who {
    Owner,
    Everybody,
}

/// Writes a file that must not be there yet.
fn write_new(path: &Utf8Path, bytes: &[u8], who: Who) -> Result<(), CliError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(match who {
            Who::Owner => 0o600,
            Who::Everybody => 0o644,
        });
    }
    let file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => taken(path),
        _ => unwritten(path, &error),
    });
    let mut file = file?;
    let done = file.write_all(bytes).and_then(|()| file.sync_all());
    done.map_err(|error| {
        // A key that is cut off is no key.
        let _ = fs::remove_file(path);
        unwritten(path, &error)
    })
}

fn taken(path: &Utf8Path) -> CliError {
    CliError::input(
        format!("`{path}` is there already, and a key is never overwritten"),
        "name another file",
    )
}

fn unwritten(path: &Utf8Path, error: &std::io::Error) -> CliError {
    CliError::input(
        format!("`{path}` cannot be written: {error}"),
        "check that its folder is there, the permissions and the free space",
    )
}

/// The workspace that a new file would lie in.
fn workspace_around(file: &Utf8Path) -> Result<Option<Utf8PathBuf>, CliError> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_str().is_empty() => folder,
        Some(_) | None => Utf8Path::new("."),
    };
    let folder = folder.canonicalize_utf8().map_err(|error| unwritten(file, &error))?;
    let is_workspace = |folder: &&Utf8Path| {
        ["remit.toml", "schema.cedarschema"].iter().any(|part| folder.join(part).is_file())
    };
    Ok(folder.ancestors().find(is_workspace).map(Utf8Path::to_owned))
}
