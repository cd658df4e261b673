//! Files that are packed: gzip and zstd around a recording, zip around several, `.eval` around one.
//!
//! Promises:
//! * nothing is unpacked beyond the limit of a recording's size, nor what is packed so tight that no log is;
//! * packed in packed is read a few times deep, and not further;
//! * names in an archive are for people only: none becomes a path.

use super::read::Reason;
use crate::Limits;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use zip::ZipArchive;

/// Packed in packed, so often at most.
const LAYERS: usize = 4;
/// Logs shrink to a tenth or a fiftieth. What is packed tighter than this is made to fill memory.
const TIGHTEST: u64 = 250;
/// What unpacks to no more than this is let through, however tight it is.
const HARMLESS: u64 = 64 << 20;
/// Members of an archive that are looked at.
const MOST_MEMBERS: usize = 100_000;
/// An archive in an archive is unpacked to be listed, if it is no larger.
const INNER_ARCHIVE: u64 = 256 << 20;

/// Where the bytes of an archive's member are in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    offset: u64,
    packed: u64,
    /// As the archive says; it may say anything.
    size: u64,
    deflated: Packing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Packing {
    Stored,
    Deflate,
    Zstd,
}

impl Member {
    /// How much memory it may take, for all that is known.
    pub fn bytes(&self) -> u64 {
        self.size.max(self.packed)
    }
}

/// A member that may be a recording, and the way to it through archives in each other.
pub(super) struct Listed {
    /// As the archives call it, for people.
    pub name: String,
    pub way: Vec<Member>,
}

/// What an archive holds, and by name what cannot be read of it and why.
type Found = (Vec<Listed>, Vec<(String, String)>);

/// Whether bytes begin as a zip does.
pub(super) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The members of a zip whose names `may_be` recordings, in the order of their names, and what cannot be
/// read of it.
pub(super) fn list(
    archive: impl Read + Seek,
    may_be: &dyn Fn(&str) -> bool,
) -> Result<Found, String> {
    let mut found = (Vec::new(), Vec::new());
    list_into(archive, "", &[], may_be, &mut found)?;
    found.0.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn list_into<R: Read + Seek>(
    mut archive: R,
    folder: &str,
    way: &[Member],
    may_be: &dyn Fn(&str) -> bool,
    found: &mut Found,
) -> Result<(), String> {
    let (listed, skipped) = (&mut found.0, &mut found.1);
    let mut zip =
        ZipArchive::new(&mut archive).map_err(|error| format!("it is no sound zip: {error}"))?;
    let mut inner = Vec::new();
    for index in 0..zip.len().min(MOST_MEMBERS) {
        let Ok(member) = zip.by_index_raw(index) else {
            skipped.push((
                format!("{folder}{index}"),
                "its entry in the archive is broken".to_owned(),
            ));
            continue;
        };
        let own = member.name().map_or_else(|_| index.to_string(), Cow::into_owned);
        let name = format!("{folder}{own}");
        if member.is_dir() || is_hidden(&name) {
            continue;
        }
        let archive = has_ending(&name, "zip");
        if !archive && !may_be(&name) {
            continue;
        }
        match member_of(&member) {
            Ok(member) => {
                let way: Vec<_> = way.iter().cloned().chain([member]).collect();
                if archive { inner.push((name, way)) } else { listed.push(Listed { name, way }) }
            }
            Err(why) => skipped.push((name, why)),
        }
    }
    if zip.len() > MOST_MEMBERS {
        let why = format!("it holds more than the {MOST_MEMBERS} files that are looked at");
        skipped.push((folder.trim_end_matches('/').to_owned(), why));
    }
    drop(zip);
    for (name, way) in inner {
        let depth = way.len();
        let last = way.last().map(std::slice::from_ref).unwrap_or_default();
        let bytes = match read_member(&mut archive, last, INNER_ARCHIVE) {
            Ok(bytes) if depth < LAYERS => bytes,
            Ok(_) => {
                found.1.push((name, format!("it is an archive more than {LAYERS} deep in others")));
                continue;
            }
            Err(reason) => {
                found.1.push((name, reason.why));
                continue;
            }
        };
        let folder = format!("{name}/");
        if let Err(why) = list_into(Cursor::new(bytes), &folder, &way, may_be, found) {
            found.1.push((name, why));
        }
    }
    Ok(())
}

fn has_ending(name: &str, ending: &str) -> bool {
    camino::Utf8Path::new(name).extension().is_some_and(|own| own.eq_ignore_ascii_case(ending))
}

fn is_hidden(name: &str) -> bool {
    let upwards = |part: &str| part == "." || part == "..";
    name.split('/').any(|part| (part.starts_with('.') && !upwards(part)) || part == "__MACOSX")
}

fn member_of<R: Read>(member: &zip::read::ZipFile<'_, R>) -> Result<Member, String> {
    if member.encrypted() {
        return Err("it is encrypted".to_owned());
    }
    // The numbers are those of the zip format: `zip` names only what it was built to unpack.
    #[expect(deprecated, reason = "the only way to the number itself")]
    let method = member.compression().to_u16();
    let deflated = match method {
        0 => Packing::Stored,
        8 => Packing::Deflate,
        93 => Packing::Zstd,
        other => return Err(format!("it is packed in a way that is not read (method {other})")),
    };
    let offset = member.data_start().ok_or("its place in the archive is broken")?;
    Ok(Member { offset, packed: member.compressed_size(), size: member.size(), deflated })
}

/// The bytes of a member, found through archives in each other.
pub(super) fn read_member<R: Read + Seek>(
    mut archive: R,
    way: &[Member],
    limit: u64,
) -> Result<Vec<u8>, Reason> {
    let Some((member, deeper)) = way.split_first() else {
        return Err(Reason::new("it is no member of an archive"));
    };
    archive.seek(SeekFrom::Start(member.offset)).map_err(|error| Reason::unreadable(&error))?;
    let packed = archive.take(member.packed);
    let most = most(member.packed, limit);
    let bytes = match member.deflated {
        Packing::Stored => bounded(packed, limit, limit)?,
        Packing::Deflate => bounded(flate2::read::DeflateDecoder::new(packed), most, limit)?,
        Packing::Zstd => bounded(Zstd::new(packed), most, limit)?,
    };
    if deeper.is_empty() { Ok(bytes) } else { read_member(Cursor::new(bytes), deeper, limit) }
}

/// What is in gzip or zstd, however often; anything else as it is. An `.eval` becomes the log that it holds.
pub(super) fn unpacked(bytes: Vec<u8>, limits: &Limits) -> Result<(Vec<u8>, Vec<String>), Reason> {
    let (mut bytes, limit) = (bytes, limits.file_bytes);
    for _ in 0..LAYERS {
        let most = most(bytes.len() as u64, limit);
        bytes = if bytes.starts_with(&[0x1F, 0x8B]) {
            bounded(flate2::read::MultiGzDecoder::new(bytes.as_slice()), most, limit)?
        } else if bytes.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
            bounded(Zstd::new(bytes.as_slice()), most, limit)?
        } else {
            break;
        };
    }
    if is_zip(&bytes) { eval_log(&bytes, limit) } else { Ok((bytes, Vec::new())) }
}

/// So many bytes may come out of so many.
fn most(packed: u64, limit: u64) -> u64 {
    packed.saturating_mul(TIGHTEST).max(HARMLESS).min(limit)
}

fn bounded(source: impl Read, most: u64, limit: u64) -> Result<Vec<u8>, Reason> {
    let mut bytes = Vec::new();
    let read = source.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| Reason::new(format!("it cannot be unpacked: {error}")))?;
    if bytes.len() as u64 <= most {
        return Ok(bytes);
    }
    if most == limit {
        return Err(Reason::too_large(limit));
    }
    Err(Reason::new(format!("it is packed more than {TIGHTEST} times smaller, as no log is")))
}

/// The frames of zstd, one after the other; frames that hold nothing are passed over.
struct Zstd<R: Read> {
    source: io::BufReader<R>,
    frame: ruzstd::decoding::FrameDecoder,
    begun: bool,
}

impl<R: Read> Zstd<R> {
    fn new(source: R) -> Zstd<R> {
        let frame = ruzstd::decoding::FrameDecoder::new();
        Zstd { source: io::BufReader::new(source), frame, begun: false }
    }

    /// Begins the next frame; `false` at the end.
    fn next_frame(&mut self) -> io::Result<bool> {
        use io::BufRead;
        use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
        while !self.source.fill_buf()?.is_empty() {
            match self.frame.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let skipped = &mut (&mut self.source).take(u64::from(length));
                    io::copy(skipped, &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
        Ok(false)
    }
}

/// So much of a frame is unpacked at a time.
const BLOCK: usize = 1 << 20;

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use ruzstd::decoding::BlockDecodingStrategy;
        loop {
            if !self.begun {
                self.begun = self.next_frame()?;
                if !self.begun {
                    return Ok(0);
                }
            }
            let read = self.frame.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            if self.frame.is_finished() && self.frame.can_collect() == 0 {
                self.begun = false;
                continue;
            }
            let strategy = BlockDecodingStrategy::UptoBytes(BLOCK);
            let decoded = self.frame.decode_blocks(&mut self.source, strategy);
            decoded.map_err(|error| io::Error::other(error.to_string()))?;
        }
    }
}

/// An Inspect log in a zip (`.eval`): its header and its samples as one document, and what was left out.
fn eval_log(bytes: &[u8], limit: u64) -> Result<(Vec<u8>, Vec<String>), Reason> {
    let is_part = |name: &str| {
        name == "header.json" || name == "_journal/start.json" || name.starts_with("samples/")
    };
    let (members, _) = list(Cursor::new(bytes), &is_part).map_err(Reason::new)?;
    let mut rest = limit;
    let mut part = |member: &Listed| {
        let bytes = read_member(Cursor::new(bytes), &member.way, rest)?;
        rest -= bytes.len() as u64;
        Ok::<_, Reason>(bytes)
    };
    let named = |name: &str| members.iter().find(|member| member.name == name);
    let header = named("header.json").or_else(|| named("_journal/start.json"));
    let Some(header) = header else {
        return Err(Reason::new("it is an archive, and no log of Inspect"));
    };
    let header: serde_json::Value = serde_json::from_slice(&part(header)?)
        .map_err(|error| Reason::new(format!("its header is not JSON: {error}")))?;
    let field = |key: &str| header.get(key).cloned().unwrap_or_default();
    let mut log = format!(
        "{{\"version\":{},\"status\":{},\"eval\":{},\"samples\":[",
        field("version"),
        field("status"),
        field("eval")
    )
    .into_bytes();
    let (mut first, mut said) = (true, Vec::new());
    for member in members.iter().filter(|member| member.name.starts_with("samples/")) {
        let sample = part(member)?;
        if serde_json::from_slice::<serde::de::IgnoredAny>(&sample).is_err() {
            said.push(format!("the sample `{}` is not JSON and was skipped", member.name));
            continue;
        }
        if !std::mem::replace(&mut first, false) {
            log.push(b',');
        }
        log.extend(sample);
    }
    log.extend(b"]}");
    Ok((log, said))
}
