//! Rows of a condition, of which some may be counted against others.

use super::relation::{Col, Relation};
use super::terms::Guard;

/// Rows of a condition. Where some are counted against others, each holds once for all its values.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Whether its rows are counted against those of other parts.
    pub(super) minus: bool,
    /// What must be so of the request besides.
    pub(super) guards: Vec<Guard>,
    pub(super) relation: Relation,
}

impl Part {
    pub(super) fn of(relation: Relation) -> Self {
        Part { minus: false, guards: Vec::new(), relation }
    }

    pub(super) fn plus(&self) -> Self {
        Part { minus: false, ..self.clone() }
    }

    pub(super) fn merged(&self) -> Self {
        Part { relation: self.relation.merged(), ..self.clone() }
    }
}

/// Whether some rows are counted against others.
pub(super) fn is_counted(parts: &[Part]) -> bool {
    !matches!(parts, [part] if !part.minus)
}

/// Without a column. Where rows are counted, it must stay to tell them apart.
pub(super) fn forget(parts: Vec<Part>, col: Col) -> Vec<Part> {
    if is_counted(&parts) {
        return parts;
    }
    let without = |part: Part| {
        let cols: Vec<Col> = part.relation.cols.iter().copied().filter(|c| *c != col).collect();
        Part { relation: part.relation.project(&cols), ..part }
    };
    parts.into_iter().map(without).collect()
}
