//! Which recorded calls do not fit a schema, why, and what would make them fit.

use super::App;
use super::schema::{SCHEMA, with_schema};
use crate::recordings::Recordings;
use crate::view;
use crate::wire::*;
use camino::Utf8Path;
use remit_policy::editor::{SchemaFix, SchemaPlace, change_type, declare_attribute, make_optional};
use remit_policy::schema_gen::cedar_type;
use remit_policy::{Finding, Severity, Workspace};
use remit_replay::{Fit, Mapper, Misfit, MisfitKind, Part, fits};
use remit_session::{Session, ToolCall, ValueProfile};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// So many sessions are looked at: their texts are read again for it, and an author waits.
const SESSIONS: u32 = 2000;

impl App {
    pub(crate) fn schema_misfits(&self, request: SchemaText) -> Result<SchemaMisfits, ErrorDto> {
        let ticket = self.0.misfits.fetch_add(1, Ordering::SeqCst) + 1;
        let reading = self.0.reading.load(Ordering::SeqCst);
        let is_wanted =
            || self.0.misfits.load(Ordering::SeqCst) == ticket && self.is_current(reading);
        let (saved, recordings) =
            self.with_open(|open| (Arc::clone(&open.workspace), open.recordings.clone()))?;
        let not_read = || ErrorDto::not_found("the recordings are not read yet");
        let recordings = recordings.ok_or_else(not_read)?;
        let workspace = match request.text {
            Some(text) => Arc::new(with_schema(&saved, &text)?),
            None => saved,
        };
        look(&workspace, &recordings, &is_wanted)
    }
}

fn look(
    workspace: &Workspace,
    recordings: &Recordings,
    is_wanted: &dyn Fn() -> bool,
) -> Result<SchemaMisfits, ErrorDto> {
    let (Some(mapper), Some(schema)) = (Mapper::new(workspace), &workspace.schema) else {
        return Err(unreadable(workspace));
    };
    let sessions = recordings.corpus.session_count() as u32;
    let looked_at = sessions.min(SESSIONS);
    let mut found = Misfits::default();
    for session in 0..looked_at {
        if !is_wanted() {
            return Ok(SchemaMisfits { superseded: true, ..Misfits::default().view("", 0, 0) });
        }
        let entry = recordings.session(session)?;
        let recording = recordings.read(entry.recording_index())?;
        if let Some(read) = recording.sessions.get(entry.index()) {
            found.add(session, read, &mapper);
        }
    }
    Ok(found.view(&schema.text, sessions, looked_at))
}

fn unreadable(workspace: &Workspace) -> ErrorDto {
    let is_it = |f: &&Finding| f.severity == Severity::Error && f.file == SCHEMA;
    let (message, help) = match workspace.findings.iter().find(is_it) {
        Some(finding) if workspace.text(Utf8Path::new(SCHEMA)).is_some() => {
            (finding.message.as_str(), "mend the schema first")
        }
        _ => ("there is no schema yet", "make one from the recordings, or from a tool list"),
    };
    ErrorDto::new(ErrorCode::InvalidText, message).help(Some(help.into()))
}

/// The action, in full, and where below its request.
type Place = (String, Vec<Part>);

#[derive(Default)]
struct Misfits {
    calls: u32,
    misfits: u32,
    /// By tool and reason.
    groups: BTreeMap<(String, String), Group>,
    /// What such calls hold at a place.
    values: BTreeMap<Place, ValueProfile>,
}

#[derive(Clone)]
struct Group {
    help: Option<String>,
    calls: u32,
    session: u32,
    step: u32,
    /// What does not fit, of calls of which action; nothing for calls that are not judged.
    misfit: Option<(String, Misfit)>,
    is_undeclared: bool,
}

impl Misfits {
    fn add(&mut self, session: u32, read: &Session, mapper: &Mapper<'_>) {
        for (step, call, fit) in fits(mapper, read) {
            self.calls += 1;
            let group = Group {
                help: None,
                calls: 0,
                session,
                step: step.0,
                misfit: None,
                is_undeclared: false,
            };
            match fit {
                Fit::Mapped { action, misfits } => {
                    self.misfits += u32::from(!misfits.is_empty());
                    let mut anywhere: Vec<Misfit> = Vec::new();
                    for misfit in misfits {
                        let general = misfit.anywhere();
                        let place = (action.uid.to_string(), general.path.clone());
                        if let Some(value) = misfit.value(&call.arguments) {
                            self.values.entry(place.clone()).or_default().add(value);
                        }
                        if !anywhere.contains(&general) {
                            anywhere.push(general.clone());
                            let misfit = Some((place.0, general.clone()));
                            self.count(
                                call,
                                general.to_string(),
                                Group { misfit, ..group.clone() },
                            );
                        }
                    }
                }
                Fit::Unmapped { why, is_undeclared } => {
                    self.misfits += 1;
                    let help = Some(why.help);
                    self.count(call, why.message, Group { help, is_undeclared, ..group });
                }
            }
        }
    }

    fn count(&mut self, call: &ToolCall, message: String, group: Group) {
        self.groups.entry((call.tool.clone(), message)).or_insert(group).calls += 1;
    }

    fn view(mut self, schema: &str, sessions: u32, looked_at: u32) -> SchemaMisfits {
        let groups = std::mem::take(&mut self.groups);
        let group = |((tool, message), group): ((String, String), Group)| MisfitGroup {
            fixes: self.fixes(schema, group.misfit.as_ref()),
            tool,
            message,
            help: group.help,
            calls: group.calls,
            session: group.session,
            step: group.step,
            is_undeclared: group.is_undeclared,
        };
        let mut groups: Vec<MisfitGroup> = groups.into_iter().map(group).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.calls));
        let (calls, misfits) = (self.calls, self.misfits);
        SchemaMisfits { sessions, looked_at, calls, misfits, groups, superseded: false }
    }

    fn fixes(&self, schema: &str, of: Option<&(String, Misfit)>) -> Vec<SchemaFixView> {
        let Some((action, misfit)) = of else { return Vec::new() };
        let path: Vec<Option<&str>> = misfit.path.iter().skip(1).map(name_of).collect();
        let place = SchemaPlace { action, path: &path };
        let seen = self.values.get(&(action.clone(), misfit.path.clone()));
        let seen = seen.map(ValueProfile::schema).unwrap_or_else(|| json!({}));
        let fixes: Vec<SchemaFix> = match misfit.kind {
            MisfitKind::Undeclared => {
                declare_attribute(schema, place, &cedar_type(&seen)).into_iter().collect()
            }
            MisfitKind::Absent => make_optional(schema, place).into_iter().collect(),
            MisfitKind::OtherType { declared, .. } => {
                let both = json!({ "anyOf": [seen, like(declared)] });
                let mut types = vec![cedar_type(&both), "String".to_owned()];
                types.dedup();
                types.iter().filter_map(|ty| change_type(schema, place, ty)).collect()
            }
        };
        fixes.iter().map(|fix| view::schema_fix(schema, fix)).collect()
    }
}

fn name_of(part: &Part) -> Option<&str> {
    match part {
        Part::Name(name) => Some(name),
        Part::Element(_) => None,
    }
}

/// JSON Schema of what fits a type of the schema already.
fn like(declared: &str) -> Value {
    match declared {
        "Long" => json!({ "type": "integer" }),
        "decimal" => json!({ "type": "number" }),
        "Bool" => json!({ "type": "boolean" }),
        _ => json!({ "type": "string" }),
    }
}
