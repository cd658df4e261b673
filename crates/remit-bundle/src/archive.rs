//! The archive: a plain `tar` that has one form for what is in it.
//!
//! Why `tar`, and not compressed: everybody can look into it with what every system has, its bytes do not
//! depend on the version of a compressor, and its size is what it says. Headers are USTAR with mode
//! 644, owner 0, time 0 and no names of owners; members are sorted by the bytes of their names.
//!
//! INVARIANT (one form): `Archive::read(bytes)?.write()? == bytes`. It is checked on reading, so that whatever is
//! odd about an archive is refused, whether or not somebody thought of it; the usual oddities have their own words.

use crate::refusal::{Refusal, RefusalCode};
use std::collections::{BTreeMap, BTreeSet};
use tar::{Builder, EntryType, Header};

/// A bundle is larger by no byte.
pub const MAX_BYTES: u64 = 64 << 20;
/// A bundle holds no more members.
pub const MAX_MEMBERS: usize = 10_000;

const BLOCK: usize = 512;
/// An archive ends with two empty blocks.
const END: usize = 2 * BLOCK;
/// What compressed files begin with: gzip, zip, zstd, xz, bzip2.
const COMPRESSED: [&[u8]; 5] =
    [b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh"];

/// Named texts, in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Archive {
    members: BTreeMap<String, Vec<u8>>,
}

impl Archive {
    /// Adds a member.
    ///
    /// # Errors
    /// If the name is not safe, or taken.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), Refusal> {
        safe_name(name)?;
        if self.members.insert(name.to_owned(), bytes).is_some() {
            return Err(duplicate(name));
        }
        Ok(())
    }

    /// The bytes of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.members.get(name).map(Vec::as_slice)
    }

    /// All members, sorted by name.
    pub fn members(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// The archive as bytes.
    ///
    /// # Errors
    /// If it is too large, or a name is too long or too like another.
    pub fn write(&self) -> Result<Vec<u8>, Refusal> {
        self.fits()?;
        let mut builder = Builder::new(Vec::new());
        for (name, bytes) in self.members() {
            let header = header(name, bytes.len())?;
            // Writing to memory does not fail.
            builder.append(&header, bytes).map_err(|e| too_large(e.to_string()))?;
        }
        let bytes = builder.into_inner().map_err(|e| too_large(e.to_string()))?;
        within(bytes.len())?;
        Ok(bytes)
    }

    /// Reads an archive.
    ///
    /// # Errors
    /// If it is not exactly what [`Archive::write`] writes.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        within(bytes.len())?;
        if COMPRESSED.iter().any(|magic| bytes.starts_with(magic)) {
            let message = "the file is compressed, which a bundle never is";
            return Err(Refusal::new(RefusalCode::Compressed, message));
        }
        let mut archive = Archive::default();
        let mut reader = Reader { bytes, at: 0, last: None };
        while let Some((name, member)) = reader.next()? {
            archive.add(&name, member.to_vec())?;
            if archive.members.len() > MAX_MEMBERS {
                return Err(too_large(format!("there are more than {MAX_MEMBERS} members")));
            }
        }
        archive.fits()?;
        match archive.write()? == bytes {
            true => Ok(archive),
            false => Err(Refusal::new(
                RefusalCode::NotCanonical,
                "an owner, a time, a mode or padding is not what a bundle has",
            )),
        }
    }

    fn fits(&self) -> Result<(), Refusal> {
        if self.members.len() > MAX_MEMBERS {
            return Err(too_large(format!("there are more than {MAX_MEMBERS} members")));
        }
        self.distinct()
    }

    /// No two names are one on a disk that does not tell upper from lower case, and no file is also a folder.
    fn distinct(&self) -> Result<(), Refusal> {
        let mut taken = BTreeSet::new();
        for name in self.members.keys() {
            if !taken.insert(name.to_lowercase()) {
                return Err(duplicate(name));
            }
        }
        let folders = taken
            .iter()
            .flat_map(|name| name.match_indices('/').filter_map(|(end, _)| name.get(..end)));
        match folders.into_iter().find(|folder| taken.contains(*folder)) {
            Some(folder) => Err(Refusal::new(
                RefusalCode::DuplicateName,
                format!("`{}` is a file and a folder", folder.escape_debug()),
            )),
            None => Ok(()),
        }
    }
}

/// Goes through the blocks; knows nothing that is not in memory.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    last: Option<String>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<(String, &'a [u8])>, Refusal> {
        let block = self.take(BLOCK)?;
        if block.iter().all(|byte| *byte == 0) {
            return self.end().map(|()| None);
        }
        let header = Header::from_byte_slice(block);
        self.well_formed(header)?;
        let name = plain_name(header)?;
        is_file(header, &name)?;
        self.in_order(&name)?;
        let size = header.entry_size().map_err(|_| self.damaged())?;
        let size = usize::try_from(size).ok().filter(|size| *size as u64 <= MAX_BYTES);
        let size = size.ok_or_else(|| {
            too_large(format!(
                "`{}` says that it is larger than a bundle may be",
                name.escape_debug()
            ))
        })?;
        let member = self.take(size)?;
        self.take(size.next_multiple_of(BLOCK) - size)?;
        Ok(Some((name, member)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Refusal> {
        let end = self.at.saturating_add(length);
        let taken = self.bytes.get(self.at..end).ok_or_else(|| {
            let message = format!("the file ends at byte {}, in the middle", self.bytes.len());
            Refusal::new(RefusalCode::Truncated, message)
        })?;
        self.at = end;
        Ok(taken)
    }

    /// The second empty block, and nothing after it.
    fn end(&mut self) -> Result<(), Refusal> {
        let second = self.take(END - BLOCK)?;
        if second.iter().all(|byte| *byte == 0) && self.at == self.bytes.len() {
            return Ok(());
        }
        let message = format!("there is something after the end, before byte {}", self.bytes.len());
        Err(Refusal::new(RefusalCode::TrailingBytes, message))
    }

    fn well_formed(&self, header: &Header) -> Result<(), Refusal> {
        let mut summed = header.clone();
        summed.set_cksum();
        let (told, right) = (header.cksum().ok(), summed.cksum().ok());
        if header.as_ustar().is_none() || told.is_none() || told != right {
            return Err(self.damaged());
        }
        Ok(())
    }

    fn damaged(&self) -> Refusal {
        let message = format!("what should be a header before byte {} is none", self.at);
        Refusal::new(RefusalCode::DamagedHeader, message)
    }

    fn in_order(&mut self, name: &str) -> Result<(), Refusal> {
        let before = self.last.replace(name.to_owned());
        match before.as_deref().map(|last| last.cmp(name)) {
            None | Some(std::cmp::Ordering::Less) => Ok(()),
            Some(std::cmp::Ordering::Equal) => Err(duplicate(name)),
            Some(std::cmp::Ordering::Greater) => Err(Refusal::new(
                RefusalCode::OutOfOrder,
                format!("`{}` does not come in its place", name.escape_debug()),
            )),
        }
    }
}

fn header(name: &str, size: usize) -> Result<Header, Refusal> {
    let mut header = Header::new_ustar();
    header.set_path(name).map_err(|_| {
        unsafe_name(name, "is too long: 100 bytes for the file's name, 155 for its folders")
    })?;
    header.set_size(size as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    Ok(header)
}

fn plain_name(header: &Header) -> Result<String, Refusal> {
    let bytes = header.path_bytes();
    let name = std::str::from_utf8(&bytes)
        .map_err(|_| unsafe_name(&String::from_utf8_lossy(&bytes), "is not UTF-8"))?;
    safe_name(name)?;
    Ok(name.to_owned())
}

fn is_file(header: &Header, name: &str) -> Result<(), Refusal> {
    let shown = name.escape_debug();
    match header.entry_type() {
        EntryType::Regular => Ok(()),
        EntryType::Link | EntryType::Symlink => {
            Err(Refusal::new(RefusalCode::Link, format!("`{shown}` is a link")))
        }
        _ => Err(Refusal::new(
            RefusalCode::NotAFile,
            format!("`{shown}` is a folder, a device or an extension, not a plain file"),
        )),
    }
}

/// Whether a name is the same, and leads to the same place, on every system.
///
/// # Errors
/// If it is absolute, leads upwards, or holds what some system gives a meaning to.
pub fn safe_name(name: &str) -> Result<(), Refusal> {
    if name.starts_with('/') {
        return Err(unsafe_name(name, "is absolute"));
    }
    if name.contains(['\\', ':']) {
        return Err(unsafe_name(name, "holds `\\` or `:`, which some systems read as folders"));
    }
    if name.chars().any(char::is_control) {
        return Err(unsafe_name(name, "holds control characters"));
    }
    match name.split('/').find(|part| ["", ".", ".."].contains(part)) {
        Some("..") => Err(unsafe_name(name, "leads upwards")),
        Some(_) => Err(unsafe_name(name, "has an empty part")),
        None => Ok(()),
    }
}

fn unsafe_name(name: &str, why: &str) -> Refusal {
    let short: String = name.escape_debug().take(120).collect();
    Refusal::new(RefusalCode::UnsafeName, format!("the name `{short}` {why}"))
}

fn duplicate(name: &str) -> Refusal {
    let message = format!("there are two members of the name `{}`", name.escape_debug());
    Refusal::new(RefusalCode::DuplicateName, message)
}

fn within(bytes: usize) -> Result<(), Refusal> {
    if bytes as u64 > MAX_BYTES {
        return Err(too_large(format!("{bytes} bytes are more than {MAX_BYTES}")));
    }
    Ok(())
}

fn too_large(message: String) -> Refusal {
    Refusal::new(RefusalCode::TooLarge, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(members: &[(&str, &str)]) -> Archive {
        let mut archive = Archive::default();
        for (name, text) in members {
            archive.add(name, text.as_bytes().to_vec()).unwrap();
        }
        archive
    }

    #[test]
    fn what_is_written_is_read_and_order_does_not_matter() {
        let long = format!("{}/{}", "folder".repeat(20), "file".repeat(20));
        let one = archive(&[("b", "2"), ("a/c", ""), (&long, "long"), ("ü", "umlaut")]);
        let other = archive(&[("ü", "umlaut"), (&long, "long"), ("a/c", ""), ("b", "2")]);
        let bytes = one.write().unwrap();
        assert_eq!(bytes, other.write().unwrap());
        assert_eq!(Archive::read(&bytes).unwrap(), one);
    }

    #[test]
    fn every_cut_and_every_changed_byte_of_a_header_is_refused() {
        let bytes = archive(&[("a", "one"), ("b", "two")]).write().unwrap();
        for end in 0..bytes.len() {
            assert!(Archive::read(&bytes[..end]).is_err(), "cut at {end}");
        }
        for at in 0..BLOCK {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert!(Archive::read(&changed).is_err(), "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn names_that_are_one_on_some_disk_are_not_written() {
        for names in [["a", "A"], ["a", "a/b"], ["x/Y", "x/y/z"]] {
            let refused = archive(&[(names[0], ""), (names[1], "")]).write().unwrap_err();
            assert_eq!(refused.code, RefusalCode::DuplicateName, "{names:?}");
        }
    }

    #[test]
    fn names_lead_nowhere_else() {
        for name in ["", "/a", "a/../b", "..", "a//b", "./a", "a/", "a\\b", "C:a", "a\nb", "a\0"] {
            let refused = Archive::default().add(name, vec![]).unwrap_err();
            assert_eq!(refused.code, RefusalCode::UnsafeName, "{name:?}");
        }
    }
}
