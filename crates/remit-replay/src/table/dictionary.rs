//! The distinct values of a column, sorted.
//!
//! Texts lie one after the other in one piece of memory, so that a pattern is looked for in all of them
//! at once, and a prefix is a range. Not here: which row holds which.

use super::value::Value;
use memchr::memmem::Finder;
use std::ops::Range;
use std::str;

/// What stands behind each text. No UTF-8 text holds it, so that nothing is found across two.
const SEPARATOR: u8 = 0xFF;

/// Distinct values, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dictionary {
    /// Texts only.
    Texts(Texts),
    /// Any values.
    Values(Vec<Value>),
}

/// Texts in ascending order of their bytes, which is that of their characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    /// INVARIANT (texts): valid UTF-8 between one separator and the next.
    bytes: Vec<u8>,
    /// INVARIANT (ends): where the separator behind each text is.
    ends: Vec<u32>,
}

impl Dictionary {
    /// `values`, sorted and distinct.
    pub(crate) fn new(values: Vec<Value>) -> Self {
        match Texts::of(&values) {
            Some(texts) if !values.is_empty() => Dictionary::Texts(texts),
            Some(_) | None => Dictionary::Values(values),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Dictionary::Texts(texts) => texts.ends.len(),
            Dictionary::Values(values) => values.len(),
        }
    }

    pub(crate) fn get(&self, at: usize) -> Option<Value> {
        match self {
            Dictionary::Texts(texts) => Some(Value::Text(texts.get(at)?.into())),
            Dictionary::Values(values) => values.get(at).cloned(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// The values that are not texts or not only texts.
    pub(crate) fn others(&self) -> &[Value] {
        match self {
            Dictionary::Texts(_) => &[],
            Dictionary::Values(values) => values,
        }
    }

    /// Where `value` is.
    pub(crate) fn position(&self, value: &Value) -> Option<usize> {
        match (self, value) {
            (Dictionary::Texts(texts), Value::Text(text)) => {
                let range = texts.between(text.as_bytes(), true);
                (!range.is_empty()).then_some(range.start)
            }
            (Dictionary::Texts(_), _) => None,
            (Dictionary::Values(values), _) => values.binary_search(value).ok(),
        }
    }
}

impl Texts {
    /// `None` if some value is no text, or if they are too long for one piece.
    fn of(values: &[Value]) -> Option<Self> {
        let mut texts = Texts::default();
        for value in values {
            let Value::Text(text) = value else { return None };
            texts.bytes.extend_from_slice(text.as_bytes());
            texts.ends.push(u32::try_from(texts.bytes.len()).ok()?);
            texts.bytes.push(SEPARATOR);
        }
        Some(texts)
    }

    /// Texts as they were written. `None` if they are no texts, or not sorted.
    pub(crate) fn read(bytes: Vec<u8>, ends: Vec<u32>) -> Option<Self> {
        let texts = Texts { bytes, ends };
        let mut before: Option<&[u8]> = None;
        let mut start = 0;
        for &end in &texts.ends {
            let text = texts.bytes.get(start..end as usize)?;
            str::from_utf8(text).ok()?;
            if before.is_some_and(|before| before >= text)
                || texts.bytes.get(end as usize) != Some(&SEPARATOR)
            {
                return None;
            }
            (before, start) = (Some(text), end as usize + 1);
        }
        (start == texts.bytes.len()).then_some(texts)
    }

    pub(crate) fn raw(&self) -> (&[u8], &[u32]) {
        (&self.bytes, &self.ends)
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&str> {
        str::from_utf8(self.bytes_of(at)?).ok()
    }

    pub(crate) fn bytes_of(&self, at: usize) -> Option<&[u8]> {
        self.bytes.get(self.start(at)?..*self.ends.get(at)? as usize)
    }

    /// The texts that begin with `prefix`.
    pub(crate) fn with_prefix(&self, prefix: &[u8]) -> Range<usize> {
        self.between(prefix, false)
    }

    /// The texts that hold `part`, in order, each once.
    pub(crate) fn holding<'a>(&'a self, part: &'a Finder<'_>) -> impl Iterator<Item = usize> + 'a {
        let mut from = 0;
        std::iter::from_fn(move || {
            let hit = from + part.find(self.bytes.get(from..)?)?;
            let at = self.ends.partition_point(|end| (*end as usize) < hit);
            from = *self.ends.get(at)? as usize + 1;
            Some(at)
        })
    }

    fn between(&self, text: &[u8], whole: bool) -> Range<usize> {
        let first = self.partition(|other| other < text);
        let behind = |other: &[u8]| match whole {
            true => other <= text,
            false => other <= text || other.starts_with(text),
        };
        first..self.partition(behind)
    }

    fn partition(&self, is_before: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.bytes_of(middle).is_some_and(&is_before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn start(&self, at: usize) -> Option<usize> {
        match at.checked_sub(1) {
            None => Some(0),
            Some(before) => self.ends.get(before).map(|end| *end as usize + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(of: &[&str]) -> Texts {
        let values: Vec<Value> = of.iter().map(|text| Value::Text((*text).into())).collect();
        Texts::of(&values).unwrap()
    }

    #[test]
    fn texts_are_found_by_prefix_and_by_part() {
        let all = ["", "a", "aa", "aab", "ab", "b", "baa", "ä€"];
        let texts = texts(&all);
        for part in ["", "a", "aa", "ab", "b", "€", "aaa"] {
            let wanted = |test: &dyn Fn(&str) -> bool| -> Vec<usize> {
                (0..all.len()).filter(|n| test(all[*n])).collect()
            };
            let prefixed: Vec<usize> = texts.with_prefix(part.as_bytes()).collect();
            assert_eq!(prefixed, wanted(&|text| text.starts_with(part)), "{part}");
            if !part.is_empty() {
                let holding: Vec<usize> = texts.holding(&Finder::new(part)).collect();
                assert_eq!(holding, wanted(&|text| text.contains(part)), "{part}");
            }
        }
        assert_eq!((0..all.len()).filter_map(|n| texts.get(n)).collect::<Vec<_>>(), all);
    }

    #[test]
    fn what_is_read_is_checked() {
        let (bytes, ends) = (b"a\xFFb\xFF".to_vec(), vec![1, 3]);
        assert_eq!(Texts::read(bytes.clone(), ends.clone()), Some(texts(&["a", "b"])));
        assert_eq!(Texts::read(bytes.clone(), vec![3]), None, "a separator inside");
        assert_eq!(Texts::read(bytes.clone(), vec![1]), None, "a rest");
        assert_eq!(Texts::read(bytes, vec![1, 9]), None, "an end outside");
        assert_eq!(Texts::read(b"b\xFFa\xFF".to_vec(), ends), None, "not sorted");
    }
}
