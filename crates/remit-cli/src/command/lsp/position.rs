//! Places as the protocol counts them: lines, and UTF-16 units in a line, both from 0.

use lsp_types::{Position, Range};
use remit_api::policy::Finding;

/// A text with the starts of its lines.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    pub(super) fn position(&self, byte: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = self.text.get(start..byte.min(self.text.len())).unwrap_or_default();
        Position::new(line as u32, before.encode_utf16().count() as u32)
    }

    pub(super) fn range(&self, start: usize, end: usize) -> Range {
        Range::new(self.position(start), self.position(end))
    }

    /// The byte at a position; past the end of a line, the end of that line.
    pub(super) fn byte(&self, position: Position) -> usize {
        let Some(start) = self.starts.get(position.line as usize).copied() else {
            return self.text.len();
        };
        let line = self.text.get(start..).unwrap_or_default();
        let line = line.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let mut left = position.character as usize;
        for (at, character) in line.char_indices() {
            match left.checked_sub(character.len_utf16()) {
                Some(rest) => left = rest,
                None => return start + at,
            }
        }
        start + line.len()
    }

    /// Where a finding is; the first line for one about the whole file.
    pub(super) fn of_finding(&self, finding: &Finding) -> Range {
        match &finding.span {
            Some(span) => self.range(span.start, span.end),
            None => self.range(0, self.text.find('\n').unwrap_or(self.text.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_utf16_units_in_lines() {
        let text = "é\u{1f600}a\r\nb\n";
        let lines = Lines::of(text);
        for (byte, line, character) in
            [(0, 0, 0), (2, 0, 1), (6, 0, 3), (7, 0, 4), (9, 1, 0), (11, 2, 0)]
        {
            let position = Position::new(line, character);
            assert_eq!(lines.position(byte), position);
            assert_eq!(lines.byte(position), byte);
        }
        assert_eq!(lines.byte(Position::new(0, 99)), 7);
        assert_eq!(lines.byte(Position::new(9, 0)), text.len());
    }
}
