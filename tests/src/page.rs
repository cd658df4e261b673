//! A replay case is a page that anyone can review: policies, a session, the verdicts.
//!
//! Fenced blocks: `cedar guardrails` (required), `cedar scope` (the scope of the session's task),
//! `cedarschema` (else generated from the session's tool calls), `json entities`, `toml remit`,
//! `session` (the notation, required), `verdicts` (one line a tool call: index, verdict, then the ids
//! of the deciding policies, then `!id` for each that failed and `uncertain` where that could matter).

use camino::{Utf8Path, Utf8PathBuf};
use libtest_mimic::{Failed, Trial};
use remit_api::policy::{Workspace, schema_gen::generate_schema};
use remit_api::replay::{JudgedCall, Verdict, infer_manifests, replay};
use remit_api::session::{Loaded, Session};
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

pub(crate) fn trials(folder: &Path) -> Vec<Trial> {
    let mut pages: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    pages.retain(|p| p.extension().is_some_and(|e| e == "md"));
    pages.sort();
    assert!(!pages.is_empty(), "no page in {}", folder.display());
    let name = |p: &Path| format!("replay/{}", p.file_stem().unwrap().to_string_lossy());
    pages.into_iter().map(|page| Trial::test(name(&page), move || check(&page))).collect()
}

fn check(path: &Path) -> Result<(), Failed> {
    let page = fs::read_to_string(path)?;
    let blocks = blocks(&page);
    let actual = verdicts(&blocks)?;
    let expected = blocks.get("verdicts").ok_or("the page has no `verdicts`")?;
    if std::env::var_os("UPDATE").is_some() {
        let old = format!("```verdicts\n{expected}```");
        fs::write(path, page.replace(&old, &format!("```verdicts\n{actual}```")))?;
        return Ok(());
    }
    if actual == *expected { Ok(()) } else { Err(format!("expected\n{expected}\ngot\n{actual}").into()) }
}

/// Fenced blocks by their info string.
fn blocks(page: &str) -> BTreeMap<&str, String> {
    let mut blocks = BTreeMap::new();
    let mut open: Option<(&str, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(info), None) => open = Some((info.trim(), String::new())),
            (Some(_), Some((info, text))) => assert!(blocks.insert(info, text).is_none(), "two blocks `{info}`"),
            (None, Some((info, text))) => open = Some((info, text + line + "\n")),
            (None, None) => {}
        }
    }
    blocks
}

fn verdicts(blocks: &BTreeMap<&str, String>) -> Result<String, Failed> {
    let folder = tempfile::tempdir()?;
    let root = Utf8Path::from_path(folder.path()).ok_or("the temporary folder is not UTF-8")?;
    let write = |path: &str, text: &str| -> std::io::Result<()> {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap())?;
        fs::write(path, text)
    };
    write("sessions/page.session", blocks.get("session").ok_or("the page has no `session`")?)?;
    write("remit.toml", blocks.get("toml remit").map_or("name = \"page\"\n", String::as_str))?;
    let loaded = load(root)?;
    let schema = match blocks.get("cedarschema") {
        Some(schema) => schema.clone(),
        None => generate_schema(None, &infer_manifests(&loaded.recordings, "tools")).map_err(|e| e.to_string())?.text,
    };
    write("schema.cedarschema", &schema)?;
    write("guardrails/page.cedar", blocks.get("cedar guardrails").ok_or("the page has no `cedar guardrails`")?)?;
    if let Some(entities) = blocks.get("json entities") {
        write("entities.json", entities)?;
    }
    if let Some(scope) = blocks.get("cedar scope") {
        let tasks = loaded.recordings.iter().flat_map(|r| &r.sessions).filter_map(|s: &Session| s.task.as_ref());
        for task in tasks {
            write(&format!("scopes/{task}.cedar"), scope)?;
        }
    }
    let workspace = Workspace::load(root).map_err(|e| e.to_string())?;
    if !workspace.is_valid() {
        return Err(remit_api::policy::render::plain(&workspace.findings).into());
    }
    let replayed = replay(&workspace, &loaded.recordings, &|_| ControlFlow::Continue(()))?;
    Ok(replayed.sessions.iter().flat_map(|s| &s.calls).map(line).collect())
}

fn load(root: &Utf8Path) -> Result<Loaded, Failed> {
    let paths: [Utf8PathBuf; 1] = [root.join("sessions")];
    let loaded = remit_api::load_paths(&paths, None, &mut |_| ControlFlow::Continue(())).map_err(|e| e.to_string())?;
    match loaded.skipped.first() {
        Some(skipped) => Err(format!("{}: {}", skipped.path, skipped.why).into()),
        None => Ok(loaded),
    }
}

fn line(call: &JudgedCall) -> String {
    let mut words = vec![call.index.0.to_string(), call.verdict.word().to_owned()];
    let side = call.judged.as_ref().and_then(|j| match call.verdict {
        Verdict::Drifted => j.scope.as_ref(),
        Verdict::Allowed | Verdict::Denied | Verdict::Unknown => Some(&j.guardrails),
    });
    words.extend(side.iter().flat_map(|s| &s.reasons).cloned());
    words.extend(side.iter().flat_map(|s| &s.errors).map(|e| format!("!{}", e.policy)));
    if call.is_uncertain() {
        words.push("uncertain".to_owned());
    }
    words.join(" ") + "\n"
}
