//! A corpus in a file of the workspace, `.remit/corpus.bin`, so that a second opening reads no recordings.
//!
//! The file is for this version of Remit and for the recordings, schema, mapping and rules for tasks that
//! it was made from; policies and entities are those of the workspace at reading. It is written beside
//! its place and renamed, and read in one go. Promises: what is read is what was written; anything else
//! (another version, torn or forged bytes, a recording that changed) is an error, after which the
//! corpus is made again. Not here: when to use it.

use super::{Corpus, Data, MadeFor, NO_ROW};
use crate::table::Table;
use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::Workspace;
use remit_policy::new_workspace::write_atomic;
use remit_session::Found;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::Arc;

/// Where what can be made again is kept, in a workspace.
const FOLDER: &str = ".remit";
const FILE: &str = "corpus.bin";
const MAGIC: &[u8; 8] = b"remitcor";
/// Counts the forms that the file has had.
const FORM: u32 = 6;
/// Magic, form, checksum, and the length of the part before the table.
const HEADER: usize = 8 + 4 + 4 + 8;

/// Why there is no corpus in the file that could be used.
#[derive(Debug, thiserror::Error)]
pub enum NotCached {
    /// There is no file, or it cannot be read.
    #[error("the cached recordings cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// Another version wrote it, or it is damaged.
    #[error("the cached recordings are damaged, or of another version")]
    Damaged,
    /// Recordings, schema, mapping or rules for tasks are not what they were.
    #[error("the workspace has changed since its recordings were cached")]
    Changed,
}

impl Corpus {
    /// The corpus of `workspace` that was saved, if nothing that it depends on has changed. `found` are
    /// the recordings that there are now.
    ///
    /// # Errors
    /// [`NotCached`] if it must be made again.
    pub fn open_cached(workspace: &Workspace, found: &Found) -> Result<Corpus, NotCached> {
        let bytes = fs::read(file(&workspace.root))?;
        let (data, mut table) = split(&bytes).ok_or(NotCached::Damaged)?;
        let (key, data) =
            postcard::take_from_bytes::<[u8; 32]>(data).map_err(|_| NotCached::Damaged)?;
        if Ok(key) != key_of(found, &MadeFor::of(workspace)) {
            return Err(NotCached::Changed);
        }
        let data: Data = postcard::from_bytes(data).map_err(|_| NotCached::Damaged)?;
        let stores = data.stores(workspace);
        let table = Table::read(&mut table, workspace.entities.entities.clone(), stores);
        let table = table.filter(|table| data.is_sound(table.len())).ok_or(NotCached::Damaged)?;
        Ok(Corpus::new(data, Arc::new(table), workspace.entities.digest.clone()))
    }

    /// Saves the corpus in the workspace at `root`. `found` are the recordings that it was made from, as
    /// they were found before they were read.
    ///
    /// # Errors
    /// If it cannot be written; then what was there before is still there.
    pub fn save(&self, root: &Utf8Path, found: &Found) -> io::Result<()> {
        let key = key_of(found, &self.data.made_for).map_err(io::Error::other)?;
        let mut bytes = vec![0; HEADER];
        bytes = postcard::to_extend(&key, bytes).map_err(io::Error::other)?;
        bytes = postcard::to_extend(&self.data, bytes).map_err(io::Error::other)?;
        let table = bytes.len();
        self.table.write(&mut bytes);
        let header = header(&bytes, table - HEADER);
        bytes.iter_mut().zip(header).for_each(|(byte, of_header)| *byte = of_header);
        let file = folder(root)?.join(FILE);
        if file.is_symlink() {
            return Err(no_link(&file));
        }
        write_atomic(&file, &bytes).map_err(io::Error::other)
    }
}

fn file(root: &Utf8Path) -> Utf8PathBuf {
    root.join(FOLDER).join(FILE)
}

/// The folder, made if it is not there, and kept out of version control.
fn folder(root: &Utf8Path) -> io::Result<Utf8PathBuf> {
    let folder = root.join(FOLDER);
    match fs::symlink_metadata(&folder) {
        Ok(data) if data.is_dir() => {}
        Ok(_) => return Err(no_link(&folder)),
        Err(_) => fs::create_dir(&folder)?,
    }
    match File::create_new(folder.join(".gitignore")) {
        Ok(mut ignore) => ignore.write_all(b"*\n")?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    Ok(folder)
}

/// Who sends a workspace must not choose where we write.
fn no_link(path: &Utf8Path) -> io::Error {
    io::Error::other(format!("`{path}` leads elsewhere; delete it, and it is made anew"))
}

/// The first bytes of a file whose others are those of `bytes`, `data` of them before the table.
fn header(bytes: &[u8], data: usize) -> Vec<u8> {
    let length = (data as u64).to_le_bytes();
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&length);
    checksum.update(bytes.get(HEADER..).unwrap_or_default());
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&FORM.to_le_bytes());
    header.extend_from_slice(&checksum.finalize().to_le_bytes());
    header.extend_from_slice(&length);
    header
}

/// The two parts of a file that is whole.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = bytes.get(HEADER - 8..HEADER)?.try_into().ok()?;
    let length = usize::try_from(u64::from_le_bytes(length)).ok()?;
    let is_whole = bytes.get(..HEADER)? == header(bytes, length);
    bytes.get(HEADER..).filter(|_| is_whole)?.split_at_checked(length)
}

/// What the corpus depends on.
fn key_of(found: &Found, made_for: &MadeFor) -> postcard::Result<[u8; 32]> {
    let version = (crate::engine(), env!("CARGO_PKG_VERSION"));
    let parts = postcard::to_stdvec(&(version, &found.files, &found.skipped, made_for))?;
    Ok(Sha256::digest(parts).into())
}

impl Data {
    /// Whether all that a corpus promises holds, over a table of `rows` rows. Bytes that were forged can
    /// have the right checksum.
    fn is_sound(&self, rows: usize) -> bool {
        let mut seen = vec![false; rows];
        let each_row_once = self.rows.iter().filter(|row| **row != NO_ROW).all(|row| {
            seen.get_mut(*row as usize).is_some_and(|seen| !std::mem::replace(seen, true))
        });
        let is_row = |row: &u32| (*row as usize) < rows;
        self.steps.len() == self.rows.len()
            && each_row_once
            && seen.iter().all(|seen| *seen)
            && self.misses_an_attribute.iter().all(is_row)
            && self.sessions_follow_each_other()
    }

    fn sessions_follow_each_other(&self) -> bool {
        let mut calls = 0;
        let in_order = self.sessions.iter().enumerate().all(|(at, session)| {
            let of = self.recordings.get(session.recording as usize);
            let of = of.is_some_and(|of| of.sessions.contains(&(at as u32)));
            let follows = session.calls().start == calls;
            calls = session.calls().end;
            of && follows && (session.group as usize) < self.groups.len()
        });
        in_order && calls == self.steps.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CorpusBuilder, LiveReplay, Summary};
    use remit_session::{Limits, Source, locate, read_each};
    use std::ops::ControlFlow;

    const SCHEMA: &str = r#"
        entity Task;
        entity Agent in [Task] = { tier?: Long };
        entity Server;
        type Facts = { calls: Long };
        action look, pay appliesTo {
          principal: [Agent], resource: [Server],
          context: { input: { cents?: Long, to?: String }, session: Facts }
        };
    "#;
    const GUARDRAILS: &str = r#"
        @id("look") permit (principal, action == Action::"look", resource);
        @id("pay") permit (principal, action == Action::"pay", resource)
        when { context.input.cents < 10 && principal.tier > 0 };
    "#;
    const DAY: &str = "session a\ntask bills\nagent ann\nuser: pay\ncall look: {}\ncall pay: {\"cents\":5}\n\
                       session b\nagent bob\ncall pay: {\"cents\":500,\"to\":\"x\"}\ncall fly: {}\n";

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = Folder(tempfile::tempdir().unwrap());
            folder.write("schema.cedarschema", SCHEMA);
            folder.write("guardrails/a.cedar", GUARDRAILS);
            folder.write("scopes/bills.cedar", GUARDRAILS);
            folder.write("entities.json", "[]");
            folder.write("remit.toml", "");
            folder.write("sessions/day.session", DAY);
            folder.write("sessions/no-recording.json", "{}");
            folder
        }

        fn root(&self) -> &Utf8Path {
            Utf8Path::from_path(self.0.path()).unwrap()
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.root().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn bytes(&self) -> Vec<u8> {
            fs::read(file(self.root())).unwrap()
        }

        fn workspace(&self) -> Workspace {
            Workspace::load(self.root()).unwrap()
        }

        fn found(&self) -> Found {
            let path = self.root().join("sessions");
            locate(&[Source { path, shown_from: self.root().to_owned() }], None)
        }

        fn made(&self) -> Corpus {
            let (workspace, found) = (self.workspace(), self.found());
            let mut corpus = CorpusBuilder::new(&workspace);
            let skipped = read_each(
                found.files,
                &Limits::default(),
                &mut |_| ControlFlow::Continue(()),
                &mut |located, recording| {
                    corpus.add_located(located, &recording);
                    ControlFlow::Continue(())
                },
            );
            corpus.skip(skipped.unwrap());
            corpus.finish()
        }

        fn saved(&self) -> Corpus {
            let corpus = self.made();
            corpus.save(self.root(), &self.found()).unwrap();
            corpus
        }

        fn opened(&self) -> Result<Corpus, NotCached> {
            Corpus::open_cached(&self.workspace(), &self.found())
        }

        fn judged(&self, corpus: Corpus) -> (Summary, Vec<u8>, Vec<String>) {
            let workspace = self.workspace();
            let mut live = LiveReplay::new(Arc::new(corpus));
            let verdicts = live.judge(&workspace, &|| ControlFlow::Continue(())).unwrap();
            let limits = Limits::default();
            let sessions = verdicts.corpus().sessions().enumerate().map(|(at, entry)| {
                let read = verdicts.corpus().read(entry.recording_index(), &limits).unwrap();
                let session = &read.sessions[entry.index()];
                format!("{} {:?}", entry.id(), verdicts.session(&workspace, at, session))
            });
            (verdicts.counts(), verdicts.column().to_vec(), sessions.collect())
        }
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let folder = Folder::new();
        let made = folder.saved();
        let read = folder.opened().unwrap();
        assert_eq!(read.data, made.data);
        assert_eq!(folder.judged(read), folder.judged(made));
        assert_eq!(fs::read_to_string(folder.root().join(".remit/.gitignore")).unwrap(), "*\n");
    }

    #[test]
    fn policies_and_entities_are_those_at_reading() {
        let folder = Folder::new();
        folder.saved();
        let ann =
            r#"[{"uid": {"type": "Agent", "id": "ann"}, "attrs": {"tier": 1}, "parents": []}]"#;
        folder.write("entities.json", ann);
        folder.write("guardrails/a.cedar", &GUARDRAILS.replace("look", "see"));
        let read = folder.opened().unwrap();
        assert_eq!(folder.judged(read), folder.judged(folder.made()));
    }

    #[test]
    fn what_changed_is_made_again() {
        let changes = [
            ("sessions/day.session", DAY.replace("500", "501")),
            ("sessions/night.session", DAY.to_owned()),
            ("sessions/no-recording.json", "[]".to_owned()),
            ("schema.cedarschema", SCHEMA.replace("tier?", "level?")),
            ("remit.toml", "[mapping]\nserver = \"other\"\n".to_owned()),
            ("scopes/scopes.toml", "[[task]]\nname = \"bills\"\nagents = [\"bob\"]\n".to_owned()),
        ];
        for (path, text) in changes {
            let folder = Folder::new();
            folder.saved();
            folder.write(path, &text);
            assert!(matches!(folder.opened(), Err(NotCached::Changed)), "{path}");
        }
    }

    #[test]
    fn a_file_that_is_not_whole_is_refused() {
        let folder = Folder::new();
        assert!(matches!(folder.opened(), Err(NotCached::Unreadable(_))));
        folder.saved();
        let (workspace, found, bytes) = (folder.workspace(), folder.found(), folder.bytes());
        let refused = |bytes: &[u8]| {
            fs::write(file(folder.root()), bytes).unwrap();
            Corpus::open_cached(&workspace, &found).is_err()
        };
        for at in 0..bytes.len() {
            assert!(refused(&bytes[..at]), "cut off at {at}");
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(refused(&flipped), "flipped at {at}");
        }
        assert!(!refused(&bytes));
    }

    #[test]
    fn forged_bytes_do_no_harm() {
        let folder = Folder::new();
        folder.saved();
        let (workspace, found, bytes) = (folder.workspace(), folder.found(), folder.bytes());
        let length = split(&bytes).unwrap().0.len();
        for at in HEADER..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] = [0, 1, 0x7f, 0xff][at % 4];
            let header = header(&forged, length);
            forged[..HEADER].copy_from_slice(&header);
            fs::write(file(folder.root()), &forged).unwrap();
            if let Ok(corpus) = Corpus::open_cached(&workspace, &found) {
                let calls = corpus.call_count();
                let mut live = LiveReplay::new(Arc::new(corpus));
                let verdicts = live.judge(&workspace, &|| ControlFlow::Continue(())).unwrap();
                assert_eq!(verdicts.column().len(), calls, "{at}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_does_not_lead_the_writing_elsewhere() {
        let (folder, elsewhere) = (Folder::new(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(elsewhere.path(), folder.root().join(".remit")).unwrap();
        let corpus = folder.made();
        assert!(corpus.save(folder.root(), &folder.found()).is_err());
        fs::remove_file(folder.root().join(".remit")).unwrap();
        fs::create_dir(folder.root().join(".remit")).unwrap();
        let target = elsewhere.path().join("precious");
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, file(folder.root())).unwrap();
        assert!(corpus.save(folder.root(), &folder.found()).is_err());
        assert_eq!(fs::read_to_string(target).unwrap(), "precious");
    }
}
