//! What an editor is told: bytes become the units that editors count.

use crate::wire::*;
use remit_policy::editor::{self, Desk};
use std::ops::Range;

/// The byte at an offset in UTF-16 units; past the end, the end.
pub(crate) fn byte_of(text: &str, units: u32) -> usize {
    let mut left = units as usize;
    for (at, character) in text.char_indices() {
        match left.checked_sub(character.len_utf16()) {
            Some(rest) => left = rest,
            None => return at,
        }
    }
    text.len()
}

/// Counts the UTF-16 units before one byte after the other; quick where bytes only ascend.
pub(crate) struct Units<'t> {
    text: &'t str,
    byte: usize,
    units: u32,
}

impl<'t> Units<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Units { text, byte: 0, units: 0 }
    }

    /// The units before `byte`; past the end, all of them.
    pub(crate) fn before(&mut self, byte: usize) -> u32 {
        if byte < self.byte {
            *self = Units::new(self.text);
        }
        let end = byte.min(self.text.len());
        if let Some(more) = self.text.get(self.byte..end) {
            self.units += more.encode_utf16().count() as u32;
            self.byte = end;
        }
        self.units
    }
}

/// Bytes as UTF-16 units.
pub(crate) fn units<const N: usize>(text: &str, bytes: [usize; N]) -> [u32; N] {
    let mut units = Units::new(text);
    bytes.map(|byte| units.before(byte))
}

pub(crate) fn completions(text: &str, offers: Vec<editor::Completion>) -> Completions {
    let mut known: Option<(Range<usize>, [u32; 2])> = None;
    let items = offers.into_iter().map(|offer| {
        // Nearly all offers replace the same bytes.
        let same = known.as_ref().filter(|(span, _)| *span == offer.replace).map(|(_, u)| *u);
        let [from, to] =
            same.unwrap_or_else(|| units(text, [offer.replace.start, offer.replace.end]));
        known = Some((offer.replace, [from, to]));
        CompletionItem {
            label: offer.label,
            kind: kind(offer.kind),
            insert: offer.insert,
            is_snippet: offer.is_snippet,
            from,
            to,
            detail: offer.detail,
            documentation: offer.documentation,
            rank: offer.rank,
        }
    });
    Completions { items: items.collect() }
}

fn kind(kind: editor::CompletionKind) -> CompletionKind {
    use editor::CompletionKind as Of;
    match kind {
        Of::Keyword => CompletionKind::Keyword,
        Of::Snippet => CompletionKind::Snippet,
        Of::Annotation => CompletionKind::Annotation,
        Of::Variable => CompletionKind::Variable,
        Of::Attribute => CompletionKind::Attribute,
        Of::Method => CompletionKind::Method,
        Of::Function => CompletionKind::Function,
        Of::Operator => CompletionKind::Operator,
        Of::EntityType => CompletionKind::EntityType,
        Of::Entity => CompletionKind::Entity,
        Of::Action => CompletionKind::Action,
        Of::Value => CompletionKind::Value,
    }
}

pub(crate) fn hover(text: &str, hover: editor::Hover) -> HoverView {
    let [from, to] = units(text, [hover.span.start, hover.span.end]);
    let value = |value: editor::SeenValue| ValueCount {
        text: value.text,
        calls: u32::try_from(value.calls).unwrap_or(u32::MAX),
    };
    HoverView {
        from,
        to,
        code: hover.code,
        text: hover.text,
        recorded: hover.recorded,
        values: hover.values.into_iter().map(value).collect(),
    }
}

pub(crate) fn places(desk: &Desk<'_>, found: &[editor::Location]) -> Places {
    let place = |place: &editor::Location| {
        let text = desk.text(&place.file).unwrap_or_default();
        let before = text.get(..place.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let [from, to] = units(text, [place.start, place.end]);
        PlaceView {
            path: place.file.to_string(),
            from,
            to,
            line: before.matches('\n').count() as u32 + 1,
            excerpt: line.trim().chars().take(200).collect(),
            is_definition: place.is_definition,
        }
    };
    Places { places: found.iter().map(place).collect() }
}

pub(crate) fn edits(desk: &Desk<'_>, edits: &[editor::Edit]) -> Vec<TextEdit> {
    let edit = |edit: &editor::Edit| {
        let text = desk.text(&edit.file).unwrap_or_default();
        let [from, to] = units(text, [edit.start, edit.end]);
        TextEdit { path: edit.file.to_string(), from, to, text: edit.text.clone() }
    };
    edits.iter().map(edit).collect()
}

/// `text`: the schema that the fix is of.
pub(crate) fn schema_fix(text: &str, fix: &editor::SchemaFix) -> SchemaFixView {
    let editor::Edit { file, start, end, text: now } = &fix.edit;
    let [from, to] = units(text, [*start, *end]);
    let edit = TextEdit { path: file.to_string(), from, to, text: now.clone() };
    SchemaFixView { title: fix.title.clone(), edit }
}

pub(crate) fn quick_fixes(desk: &Desk<'_>, text: &str, fixes: &[editor::QuickFix]) -> QuickFixes {
    let fix = |fix: &editor::QuickFix| {
        let [from, to] = units(text, [fix.start, fix.end]);
        QuickFixView {
            title: fix.title.clone(),
            code: fix.code.to_string(),
            from,
            to,
            edits: edits(desk, &fix.edits),
            is_preferred: fix.is_preferred,
        }
    };
    QuickFixes { fixes: fixes.iter().map(fix).collect() }
}

pub(crate) fn outline(
    text: &str,
    items: &[editor::OutlineItem],
    folds: &[Range<usize>],
) -> Outline {
    let mut units = Units::new(text);
    let part = |item: &editor::OutlineItem| {
        let [from, name_from, to] =
            [item.span.start, item.name_span.start, item.span.end].map(|byte| units.before(byte));
        OutlinePart {
            name: item.name.clone(),
            kind: outline_kind(item.kind),
            from,
            to,
            name_from,
            detail: item.detail.clone(),
        }
    };
    let items = items.iter().map(part).collect();
    let mut units = Units::new(text);
    let fold = |span: &Range<usize>| {
        let [from, to] = [span.start, span.end].map(|byte| units.before(byte));
        Fold { from, to }
    };
    Outline { items, folds: folds.iter().map(fold).collect() }
}

fn outline_kind(kind: editor::OutlineKind) -> OutlineKind {
    use editor::OutlineKind as Of;
    match kind {
        Of::Permit => OutlineKind::Permit,
        Of::Forbid => OutlineKind::Forbid,
        Of::Unfinished => OutlineKind::Unfinished,
        Of::EntityType => OutlineKind::EntityType,
        Of::Action => OutlineKind::Action,
        Of::ActionGroup => OutlineKind::ActionGroup,
        Of::CommonType => OutlineKind::CommonType,
    }
}

#[cfg(test)]
mod tests {
    use super::{Units, byte_of, units};

    #[test]
    fn units_and_bytes_are_each_others_inverse() {
        let text = "é\u{1f600}a\n";
        assert_eq!(units(text, [0, 2, 6, 7, 8]), [0, 1, 3, 4, 5]);
        for (unit, byte) in [(0, 0), (1, 2), (3, 6), (4, 7), (5, 8), (99, 8)] {
            assert_eq!(byte_of(text, unit), byte);
        }
    }

    #[test]
    fn units_are_the_same_in_any_order_of_bytes() {
        let text = "é\u{1f600}a\n";
        let mut units = Units::new(text);
        for (byte, unit) in [(6, 3), (99, 5), (2, 1), (3, 1), (2, 1), (8, 5), (0, 0)] {
            assert_eq!(units.before(byte), unit, "{byte}");
        }
    }
}
