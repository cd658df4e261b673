//! Atoms that are decided by comparing codes, without looking at values.

use super::native::is_like;
use super::truths::{Failed, Truth, Truths};
use crate::Absent;
use crate::rows::{BLOCK_ROWS, Words, packed};
use crate::table::{Codes, Column, ColumnId, Dictionary, Table, Texts};
use cedar_policy::pst::PatternElem;
use memchr::memmem::Finder;
use std::ops::Range;

/// True where a column's code is in a range, since its values are sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CodeRange {
    pub(super) column: ColumnId,
    pub(super) codes: Range<u32>,
    /// True where it is *not* in the range.
    pub(super) outside: bool,
}

impl CodeRange {
    pub(super) fn truth(&self, table: &Table, row: u32) -> Truth {
        let codes = table.column(self.column).and_then(Column::codes);
        match codes.and_then(|(codes, _)| codes.get(row as usize)).unwrap_or(0) {
            0 => Truth::Failed(Some(Absent::Attribute)),
            code if self.codes.contains(&code) != self.outside => Truth::True,
            _ => Truth::False,
        }
    }

    /// The truths on the rows of `mask` in block `index`.
    pub(super) fn block(&self, table: &Table, index: u32, mask: &Words) -> Truths {
        match table.column(self.column).and_then(Column::codes) {
            Some((Codes::Narrow(codes), _)) => self.compare(codes, index, mask),
            Some((Codes::Middle(codes), _)) => self.compare(codes, index, mask),
            Some((Codes::Wide(codes), _)) => self.compare(codes, index, mask),
            None => Truths::NOWHERE,
        }
    }

    fn compare<C: Code>(&self, codes: &[C], index: u32, mask: &Words) -> Truths {
        let span = Span::within(&(self.codes.start.into()..self.codes.end.into()));
        let mut truths = Truths::NOWHERE;
        for (at, mask) in mask.iter().enumerate().filter(|(_, mask)| **mask != 0) {
            let codes = lane(codes, index, at);
            let inside = span.map_or(0, |span| span.holding(&codes));
            let nothing = equal(&codes, C::default()) & mask;
            let wanted = if self.outside { !inside } else { inside };
            if let Some(yes) = truths.yes.get_mut(at) {
                *yes = wanted & !nothing & mask;
            }
            truths.fail(at, Failed { failed: nothing, attribute: nothing, entity: 0 });
        }
        truths
    }
}

/// A number as wide as its column needs, so that as many as possible are compared at once.
pub(super) trait Code: Copy + Default + PartialEq + PartialOrd {
    /// The greatest.
    const LAST: u32;

    /// `None` if it does not fit.
    fn of(code: u32) -> Option<Self>;
    fn minus(self, other: Self) -> Self;
    fn wide(self) -> u32;
}

macro_rules! codes {
    ($($width:ty),*) => { $(
        impl Code for $width {
            const LAST: u32 = <$width>::MAX as u32;

            fn of(code: u32) -> Option<Self> {
                code.try_into().ok()
            }
            #[inline]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline]
            fn wide(self) -> u32 {
                self.into()
            }
        }
    )* };
}

codes!(u8, u16, u32);

/// Codes from `low` on, `more` of them behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<C> {
    low: C,
    more: C,
}

impl<C: Code> Span<C> {
    /// As much of `numbers` as the codes can be; `None` for no code at all.
    pub(super) fn within(numbers: &Range<i128>) -> Option<Self> {
        let start = u32::try_from(numbers.start.max(0)).ok()?;
        let last = (numbers.end - 1).min(C::LAST.into());
        let last = u32::try_from(last).ok().filter(|last| *last >= start)?;
        Some(Span { low: C::of(start)?, more: C::of(last - start)? })
    }

    /// Which of the codes it holds.
    #[inline]
    pub(super) fn holding(self, codes: &[C; 64]) -> u64 {
        let mut bytes = [0; 64];
        for (byte, code) in bytes.iter_mut().zip(codes) {
            *byte = u8::from(code.minus(self.low) <= self.more);
        }
        packed(&bytes)
    }
}

/// Which of the codes are `code`.
#[inline]
fn equal<C: Code>(codes: &[C; 64], code: C) -> u64 {
    if !codes.contains(&code) {
        return 0;
    }
    let mut bytes = [0; 64];
    for (byte, one) in bytes.iter_mut().zip(codes) {
        *byte = u8::from(*one == code);
    }
    packed(&bytes)
}

/// The 64 codes of word `at` in block `index`; 0 behind the last row.
#[inline]
pub(super) fn lane<C: Copy + Default>(codes: &[C], index: u32, at: usize) -> [C; 64] {
    let first = (index * BLOCK_ROWS) as usize + at * 64;
    let codes = codes.get(first..).unwrap_or_default();
    match codes.first_chunk::<64>() {
        Some(lane) => *lane,
        None => {
            let mut lane = [C::default(); 64];
            lane.iter_mut().zip(codes).for_each(|(place, code)| *place = *code);
            lane
        }
    }
}

/// Whether a column below a record holds anything; it fails where there is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Presence {
    /// `None`: the record is the context, which is always there.
    pub(super) record: Option<ColumnId>,
    pub(super) attribute: ColumnId,
}

impl Presence {
    pub(super) fn truth(&self, table: &Table, row: u32) -> Truth {
        let has = |id| table.column(id).is_some_and(|column| column.has(row as usize));
        if has(self.attribute) {
            Truth::True
        } else if self.record.is_none_or(has) {
            Truth::False
        } else {
            Truth::Failed(Some(Absent::Attribute))
        }
    }

    pub(super) fn block(&self, table: &Table, index: u32, mask: &Words) -> Truths {
        let mut truths = Truths::yes(present(table, self.attribute, index, mask));
        if let Some(record) = self.record {
            let records = present(table, record, index, mask);
            for (at, (mask, record)) in mask.iter().zip(&records).enumerate() {
                let yes = truths.yes.get(at).copied().unwrap_or(0);
                let nothing = mask & !(yes | record);
                truths.fail(at, Failed { failed: nothing, attribute: nothing, entity: 0 });
            }
        }
        truths
    }
}

/// The rows of `mask` in block `index` where the column holds anything.
fn present(table: &Table, column: ColumnId, index: u32, mask: &Words) -> Words {
    let mut words = *mask;
    match table.column(column) {
        Some(Column::Numbers { present, .. }) => {
            let present = present.get(index as usize * words.len()..).unwrap_or_default();
            for (word, present) in words.iter_mut().zip(present) {
                *word &= present;
            }
        }
        Some(Column::Coded { values, .. }) => {
            let all = 1..values.len() as u32 + 1;
            words = CodeRange { column, codes: all, outside: false }.block(table, index, mask).yes;
        }
        None => words.fill(0),
    }
    words
}

/// The places of a dictionary whose text matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Matching {
    Range(Range<usize>),
    Places(Vec<usize>),
}

/// The texts that are like `pattern`: looked for as a whole, not one by one.
pub(super) fn like(texts: &Texts, pattern: &[PatternElem]) -> Matching {
    let parts: Vec<Vec<u8>> = pattern.split(|e| *e == PatternElem::Wildcard).map(bytes).collect();
    let (first, rest) = parts.split_first().map_or((&[][..], &[][..]), |(f, r)| (f.as_slice(), r));
    let prefixed = texts.with_prefix(first);
    let matches = |at: &usize| texts.get(*at).is_some_and(|text| is_like(text, pattern));
    match rest {
        [] => {
            let whole = texts.bytes_of(prefixed.start).is_some_and(|text| text == first);
            Matching::Range(
                prefixed.start..prefixed.start + usize::from(whole && !prefixed.is_empty()),
            )
        }
        _ if rest.iter().all(Vec::is_empty) => Matching::Range(prefixed),
        _ if !first.is_empty() => Matching::Places(prefixed.filter(matches).collect()),
        _ => {
            let longest = rest.iter().max_by_key(|part| part.len()).map(Vec::as_slice);
            let finder = Finder::new(longest.unwrap_or_default());
            Matching::Places(texts.holding(&finder).filter(matches).collect())
        }
    }
}

fn bytes(literal: &[PatternElem]) -> Vec<u8> {
    let char = |e: &PatternElem| if let PatternElem::Char(c) = e { Some(*c) } else { None };
    literal.iter().filter_map(char).collect::<String>().into_bytes()
}

/// The texts of a dictionary of texts only.
pub(super) fn texts(table: &Table, column: ColumnId) -> Option<&Texts> {
    match table.column(column)?.dictionary()? {
        Dictionary::Texts(texts) => Some(texts),
        Dictionary::Values(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Value;

    #[test]
    fn patterns_find_what_matching_one_by_one_finds() {
        let mut all =
            vec!["", "a", "ab", "aab", "b*", "ba", "xaxbx", "ä€", "€", "aaa", "srv/data/x"];
        all.sort_unstable();
        let values = all.iter().map(|t| Value::Text((*t).into())).collect();
        let Dictionary::Texts(texts) = Dictionary::new(values) else { panic!("only texts") };
        for text in
            ["", "*", "a*", "*a", "*a*", "*a*b*", "a*b", "b\\*", "*€", "srv/*/x", "**", "a**"]
        {
            let pattern: Vec<PatternElem> = elements(text);
            let found: Vec<usize> = match like(&texts, &pattern) {
                Matching::Range(range) => range.collect(),
                Matching::Places(places) => places,
            };
            let wanted: Vec<usize> =
                (0..all.len()).filter(|n| is_like(all[*n], &pattern)).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }

    fn elements(text: &str) -> Vec<PatternElem> {
        let mut chars = text.chars();
        let mut elements = Vec::new();
        while let Some(c) = chars.next() {
            elements.push(match c {
                '\\' => PatternElem::Char(chars.next().unwrap()),
                '*' => PatternElem::Wildcard,
                c => PatternElem::Char(c),
            });
        }
        elements
    }
}
