//! A replay case is a page that anyone can review: a workspace, its sessions, the verdicts.
//!
//! Each fenced block but `verdicts` is a file of the workspace: its info string is a language for
//! highlighting and the file's path (`cedar guardrails/pay.cedar`). Without `schema.cedarschema` the
//! schema is generated from the page's tool calls, as `remit schema` does it.
//!
//! `verdicts` holds a line a session (its id and what its scope is) and a line a tool call: index and
//! tool, verdict (with its severity, if lower), the guardrails' decision, the scope's. A decision names its determining policies,
//! and those that failed with a `!`. What is unknown says why, and what does not fit is listed.
//!
//! `horizon`, if it is there, holds a line a tool call: index and tool, and whether it happened as recorded
//! whatever the policies say, or is hypothetical after which denied call.

use camino::Utf8Path;
use libtest_mimic::{Failed, Trial};
use remit_api::policy::{Workspace, render, schema_gen::generate_schema};
use remit_api::replay::{
    Engine, JudgedCall, Judgement, SessionReplay, Severity, infer_manifests, replay_with,
};
use remit_api::session::{Loaded, Session, ToolCall};
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

const SCHEMA: &str = "schema.cedarschema";
const VERDICTS: &str = "verdicts";
const HORIZON: &str = "horizon";

pub(crate) fn trials(folder: &Path) -> Vec<Trial> {
    let mut pages: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.sort();
    assert!(!pages.is_empty(), "no page in {}", folder.display());
    pages
        .into_iter()
        .map(|page| {
            let name = format!("replay/{}", page.file_stem().unwrap().to_string_lossy());
            Trial::test(name, move || check(&page))
        })
        .collect()
}

fn check(path: &Path) -> Result<(), Failed> {
    let page = fs::read_to_string(path)?;
    let blocks = blocks(&page);
    blocks.get(VERDICTS).ok_or("the page has no `verdicts`")?;
    let (verdicts, horizons) = replayed(&blocks)?;
    for (name, got) in [(VERDICTS, verdicts), (HORIZON, horizons)] {
        let Some(expected) = blocks.get(name).filter(|expected| **expected != got) else {
            continue;
        };
        if std::env::var_os("UPDATE").is_none() {
            return Err(format!("expected {name}\n{expected}\ngot\n{got}").into());
        }
        let fenced = |text: &str| format!("```{name}\n{text}```");
        let page = fs::read_to_string(path)?;
        fs::write(path, page.replace(&fenced(expected), &fenced(&got)))?;
    }
    Ok(())
}

/// Fenced blocks by the last word of their info string.
fn blocks(page: &str) -> BTreeMap<&str, String> {
    let mut blocks = BTreeMap::new();
    let mut open: Option<(&str, String)> = None;
    for line in page.lines() {
        open = match (line.strip_prefix("```"), open) {
            (Some(info), None) => Some((info.split(' ').next_back().unwrap(), String::new())),
            (Some(_), Some((name, text))) => {
                assert!(blocks.insert(name, text).is_none(), "two blocks `{name}`");
                None
            }
            (None, Some((name, text))) => Some((name, text + line + "\n")),
            (None, None) => None,
        };
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// The verdicts, and which calls are hypothetical.
fn replayed(blocks: &BTreeMap<&str, String>) -> Result<(String, String), Failed> {
    let folder = tempfile::tempdir()?;
    let root = Utf8Path::from_path(folder.path()).ok_or("the temporary folder is not UTF-8")?;
    for (path, text) in blocks.iter().filter(|(path, _)| ![VERDICTS, HORIZON].contains(path)) {
        write(&root.join(path), text)?;
    }
    let mut workspace = Workspace::load(root).map_err(|e| e.to_string())?;
    let loaded = load(&workspace)?;
    if !blocks.contains_key(SCHEMA) {
        let tools = infer_manifests(&loaded.recordings, &workspace.config.mapping.server);
        let made = generate_schema(None, &tools).map_err(|e| e.to_string())?;
        write(&root.join(SCHEMA), &made.text)?;
        workspace = Workspace::load(root).map_err(|e| e.to_string())?;
    }
    if !workspace.is_valid() {
        return Err(render::plain(&workspace.findings).into());
    }
    let judged = |engine| {
        replay_with(engine, &workspace, &loaded.recordings, &|_| ControlFlow::Continue(()))
    };
    let (replayed, by_cedar) = (judged(Engine::Matrix)?, judged(Engine::Reference)?);
    for (one, other) in replayed.sessions.iter().zip(&by_cedar.sessions) {
        assert_eq!(one.calls, other.calls, "the engines agree");
        assert_eq!(one.horizon, other.horizon, "the engines agree");
    }
    let verdicts = replayed.sessions.iter().map(|s| session(s, &loaded)).collect();
    Ok((verdicts, replayed.sessions.iter().map(|s| horizon(s, &loaded)).collect()))
}

fn horizon(replayed: &SessionReplay, loaded: &Loaded) -> String {
    let session = &loaded.recordings[replayed.recording].sessions[replayed.session];
    let line = |((at, _, call), judged): ((_, _, &ToolCall), &JudgedCall)| {
        let index_of = |step| replayed.calls.iter().find(|c| c.step == step).unwrap().index.0;
        let word = match replayed.hypothetical(at) {
            Some(one) => format!("{}, after {}", one.word(), index_of(one.after)),
            None => "as recorded".to_owned(),
        };
        format!("{} {} | {word}\n", judged.index.0, call.tool)
    };
    let calls: String = session.calls().zip(&replayed.calls).map(line).collect();
    format!("{}\n{calls}", session.id)
}

fn write(path: &Utf8Path, text: &str) -> std::io::Result<()> {
    fs::create_dir_all(path.parent().unwrap())?;
    fs::write(path, text)
}

fn load(workspace: &Workspace) -> Result<Loaded, Failed> {
    let go_on = &mut |_| ControlFlow::Continue(());
    let loaded =
        remit_api::load_recordings(workspace, &[], None, go_on).map_err(|e| e.to_string())?;
    match loaded.skipped.first() {
        Some(skipped) => Err(format!("{}: {}", skipped.path, skipped.why).into()),
        None => Ok(loaded),
    }
}

fn session(replayed: &SessionReplay, loaded: &Loaded) -> String {
    let session = &loaded.recordings[replayed.recording].sessions[replayed.session];
    let task = replayed.task.as_deref().unwrap_or("none");
    let scope = match &replayed.scope {
        Some(scope) if scope == task => "scoped".to_owned(),
        Some(scope) => format!("scope {scope}"),
        None => "unscoped".to_owned(),
    };
    let calls: String = replayed.calls.iter().map(|call| line(call, session)).collect();
    format!("{} (task {task}, {scope})\n{calls}", session.id)
}

fn line(call: &JudgedCall, session: &Session) -> String {
    let (_, _, recorded) = session.calls().find(|(at, ..)| *at == call.step).unwrap();
    let uncertain = if call.is_uncertain() { " uncertain" } else { "" };
    let sides = match &call.judged {
        Some(j) => format!(" | {} | {}", side(Some(&j.guardrails)), side(j.scope.as_ref())),
        None => String::new(),
    };
    let head = format!("{} {}", call.index.0, recorded.tool);
    let severity = match call.severity {
        Some(severity @ Severity::UnverifiedValue) => format!(" ({})", severity.word()),
        Some(Severity::OutOfScope) | None => String::new(),
    };
    let verdict = call.verdict.word();
    let mut out = format!("{head} | {verdict}{severity}{uncertain}{sides}\n");
    out.extend(call.unknown.iter().map(|why| format!("    {}\n", why.message)));
    out.extend(call.misfits.iter().map(|misfit| format!("    {misfit}\n")));
    out
}

fn side(judgement: Option<&Judgement>) -> String {
    let Some(judgement) = judgement else {
        return "-".to_owned();
    };
    let decision = if judgement.allow { "allow" } else { "deny" };
    let failed = judgement.errors.iter().map(|e| format!("!{}", e.policy));
    let policies = judgement.reasons.iter().cloned().chain(failed);
    std::iter::once(decision.to_owned()).chain(policies).collect::<Vec<_>>().join(" ")
}
