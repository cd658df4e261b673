//! Bytes to text, whatever wrote them.
//!
//! A byte-order mark is honoured, UTF-16 is converted, anything else is UTF-8 with what cannot be
//! read replaced by U+FFFD. Each repair is a warning with the line it was needed in first.

use super::Warnings;
use crate::Place;
use std::borrow::Cow;

const UTF8_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Whether there is nothing but a byte-order mark and white space.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    bytes.iter().all(u8::is_ascii_whitespace)
}

/// The text of a file.
pub(crate) fn decode<'a>(bytes: &'a [u8], warnings: &mut Warnings) -> Cow<'a, str> {
    if let Some(units) = utf16(bytes) {
        warnings.add("the file is UTF-16, not UTF-8, and was converted", Place::Line(1));
        return Cow::Owned(decode_utf16(units, warnings));
    }
    let bytes = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(repair(bytes, warnings)),
    }
}

/// The beginning of a file as text, for sniffing: repairs are nobody's concern yet.
pub(super) fn peek(bytes: &[u8]) -> Cow<'_, str> {
    decode(bytes, &mut Warnings::default())
}

/// The code units of a file that starts with a UTF-16 mark.
fn utf16(bytes: &[u8]) -> Option<Vec<u16>> {
    let units = |rest: &[u8], unit: fn([u8; 2]) -> u16| -> Vec<u16> {
        rest.chunks_exact(2).filter_map(|pair| Some(unit(pair.try_into().ok()?))).collect()
    };
    let little = bytes.strip_prefix(&[0xFF, 0xFE]).map(|rest| units(rest, u16::from_le_bytes));
    little.or_else(|| Some(units(bytes.strip_prefix(&[0xFE, 0xFF])?, u16::from_be_bytes)))
}

fn decode_utf16(units: Vec<u16>, warnings: &mut Warnings) -> String {
    let mut text = String::new();
    let mut line = 1;
    for unit in char::decode_utf16(units) {
        let character = unit.unwrap_or_else(|_| {
            warnings.add(UNREADABLE, Place::Line(line));
            char::REPLACEMENT_CHARACTER
        });
        line += u32::from(character == '\n');
        text.push(character);
    }
    text
}

const UNREADABLE: &str = "bytes that are no text were replaced by U+FFFD";

fn repair(bytes: &[u8], warnings: &mut Warnings) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut line = 1;
    for chunk in bytes.utf8_chunks() {
        line += chunk.valid().bytes().filter(|byte| *byte == b'\n').count() as u32;
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            warnings.add(UNREADABLE, Place::Line(line));
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}
