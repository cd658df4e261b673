//! Who and what there is, beside how often recordings name it.

use super::App;
use super::schema::with_text;
use crate::wire::*;
use remit_policy::DirectoryEntry;
use remit_policy::editor::Seen;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The file of the entities.
const ENTITIES: &str = "entities.json";
/// More than anybody looks through.
const ROWS: usize = 5000;

impl App {
    pub(crate) fn entities(&self, request: EntitiesText) -> Result<EntitiesView, ErrorDto> {
        let (saved, recordings) =
            self.with_open(|open| (Arc::clone(&open.workspace), open.recordings.clone()))?;
        let workspace = match request.text {
            Some(text) => Arc::new(with_text(&saved, ENTITIES, &text)?),
            None => saved,
        };
        let mut calls: BTreeMap<String, u64> = BTreeMap::new();
        let mut count = |name: &str, more: u64| *calls.entry(name.to_owned()).or_default() += more;
        if let Some(shown) = self.snapshot()? {
            for usage in shown.verdicts.usage(None) {
                count(&usage.agent, usage.calls);
                count(&usage.action, usage.calls);
            }
        }
        let resources = recordings.and_then(|r| r.seen().attribute(&[], &["resource"]));
        for resource in resources.into_iter().flat_map(|seen| seen.top) {
            count(&resource.text, resource.calls);
        }
        Ok(view(&remit_policy::directory(&workspace, calls.keys().cloned()), &calls))
    }
}

fn view(all: &[DirectoryEntry], calls: &BTreeMap<String, u64>) -> EntitiesView {
    let shown = all.get(..ROWS).unwrap_or(all);
    let places: HashMap<String, u32> =
        shown.iter().zip(0..).map(|(entry, at)| (entry.uid.to_string(), at)).collect();
    let row = |entry: &DirectoryEntry| {
        let uid = entry.uid.to_string();
        let counted = calls.get(&uid).copied().unwrap_or(0) as u32;
        let attribute = |(name, value): &(String, String)| EntityAttribute {
            name: name.clone(),
            value: value.clone(),
        };
        let (kind, calls) = match entry.kind {
            remit_policy::EntityKind::Agent => (EntityKind::Agent, Some(counted)),
            remit_policy::EntityKind::Tool => (EntityKind::Tool, Some(counted)),
            remit_policy::EntityKind::Server => (EntityKind::Server, Some(counted)),
            remit_policy::EntityKind::ToolGroup => (EntityKind::ToolGroup, None),
            remit_policy::EntityKind::Other => (EntityKind::Other, None),
        };
        EntityRow {
            ty: entry.uid.type_name().to_string(),
            id: entry.uid.id().unescaped().to_owned(),
            parents: entry.parents.iter().filter_map(|p| places.get(p).copied()).collect(),
            attributes: entry.attributes.iter().map(attribute).collect(),
            is_declared: entry.is_declared,
            uid,
            kind,
            calls,
        }
    };
    let more = all.len().saturating_sub(ROWS) as u32;
    EntitiesView { entities: shown.iter().map(row).collect(), more }
}
