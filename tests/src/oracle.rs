//! The independent proof: a replay gives the verdicts that asking Cedar's authorizer by hand gives.
//!
//! This file reads AgentDojo's JSON, builds requests, entities and policy sets, and says what must come
//! out, sharing nothing with the code under test but Cedar itself. It knows one workspace
//! (`suite/oracle/agentdojo`) and one format, and writes down its types argument by argument.
//!
//! The committed sample is always compared; the whole corpus where `REMIT_CORPUS` or
//! `../shared/corpus` beside the checkout has it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use camino::{Utf8Path, Utf8PathBuf};
use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, EntityUid, EvaluationError, Policy, PolicyId,
    PolicySet, Request, RestrictedExpression as Value, Schema,
};
use remit_api::policy::Workspace;
use remit_api::replay::{
    CallReport, JudgementReport, Report, SessionReport, Summary, Verdict, replay, report,
};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::str::FromStr;

#[test]
fn a_replay_is_what_the_authorizer_says_call_by_call() {
    let oracle = Oracle::read();
    for folder in corpora() {
        let report = replayed(&folder);
        assert_eq!(report.skipped.len(), 0, "{folder}: a file was skipped");
        let mut calls = 0;
        for file in json_files(&folder) {
            let recording = file.strip_prefix(&folder).unwrap();
            let run: Json = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            let expected = oracle.judge_run(&run);
            let got = calls_of(&report, recording);
            assert_eq!(got.len(), expected.len(), "{recording}: how many calls there are");
            for (expected, got) in expected.iter().zip(got) {
                assert_eq!(
                    *expected,
                    Expected::of(got),
                    "{recording}, call {} `{}`",
                    got.index,
                    got.tool
                );
            }
            calls += expected.len();
        }
        assert_eq!(report.summary.tool_calls as usize, calls, "{folder}");
    }
}

#[test]
fn the_proof_is_about_everything_that_can_come_out() {
    let sample = root().join("tests/corpus/agentdojo");
    let reports = ["runs", "baseline-runs"].map(|folder| replayed(&sample.join(folder)));
    let calls: Vec<&CallReport> =
        reports.iter().flat_map(|r| &r.sessions).flat_map(|s| &s.calls).collect();
    for verdict in Verdict::all() {
        assert!(calls.iter().any(|c| c.verdict == verdict), "no call is {}", verdict.word());
    }
    assert!(calls.iter().any(|c| c.guardrails.is_none()), "every tool is mapped");
    assert!(calls.iter().any(|c| c.uncertain), "nothing is uncertain");
    assert!(reports.iter().any(|r| r.summary.unscoped > 0), "every session has a scope");
}

#[test]
fn the_counts_add_up_and_no_call_is_left_out_or_counted_twice() {
    for folder in corpora() {
        let report = replayed(&folder);
        let mut indexes: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for session in &report.sessions {
            let s = session.line().summary;
            assert_eq!(
                s.allowed + s.denied + s.drifted + s.unknown,
                s.tool_calls,
                "{}",
                session.session
            );
            assert!(
                session.scoped || s.drifted == 0,
                "{} has no scope and drifts",
                session.session
            );
            indexes
                .entry(&session.recording)
                .or_default()
                .extend(session.calls.iter().map(|c| c.index));
        }
        for (recording, indexes) in indexes {
            assert!(
                indexes.iter().copied().eq(0..indexes.len() as u32),
                "{recording}: {indexes:?}"
            );
        }
        let mut sum = Summary::default();
        report.sessions.iter().for_each(|session| sum.add(&session.line().summary));
        assert_eq!(sum, report.summary, "{folder}");
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    for folder in corpora() {
        let [one, four] = [1, 4].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            serde_json::to_vec(&pool.install(|| replayed(&folder))).unwrap()
        });
        assert!(one == four, "{folder}: the report depends on the number of threads");
    }
}

/// What must be said about a tool call.
#[derive(Debug, PartialEq)]
struct Expected {
    verdict: &'static str,
    uncertain: bool,
    guardrails: Option<Side>,
    scope: Option<Side>,
}

/// Decision, determining policies, failed policies.
#[derive(Debug, PartialEq)]
struct Side {
    decision: &'static str,
    reasons: Vec<String>,
    errors: Vec<String>,
}

impl Expected {
    fn of(call: &CallReport) -> Self {
        let side = |judged: &JudgementReport| Side {
            decision: if judged.decision == "allow" { "allow" } else { "deny" },
            reasons: judged.reasons.clone(),
            errors: judged.errors.iter().map(|e| e.policy.clone()).collect(),
        };
        Expected {
            verdict: call.verdict.word(),
            uncertain: call.uncertain,
            guardrails: call.guardrails.as_ref().map(side),
            scope: call.scope.as_ref().map(side),
        }
    }
}

/// One workspace, read by this file alone.
struct Oracle {
    schema: Schema,
    entities: Vec<Json>,
    guardrails: PolicySet,
    scopes: BTreeMap<String, PolicySet>,
}

impl Oracle {
    fn read() -> Self {
        let root = workspace();
        let text = |path: &str| fs::read_to_string(root.join(path)).unwrap();
        let scopes = ["banking", "slack"].into_iter().flat_map(|suite| {
            let files = root
                .join("scopes")
                .join(suite)
                .read_dir_utf8()
                .unwrap()
                .map(|f| f.unwrap().into_path());
            files.map(move |f| {
                (
                    format!("{suite}/{}", f.file_stem().unwrap()),
                    policies(&fs::read_to_string(&f).unwrap()),
                )
            })
        });
        Oracle {
            schema: Schema::from_cedarschema_str(&text("schema.cedarschema")).unwrap().0,
            entities: serde_json::from_str(&text("entities.json")).unwrap(),
            guardrails: policies(
                &(text("guardrails/banking.cedar") + &*text("guardrails/slack.cedar")),
            ),
            scopes: scopes.collect(),
        }
    }

    fn judge_run(&self, run: &Json) -> Vec<Expected> {
        let (suite, agent) =
            (run["suite_name"].as_str().unwrap(), run["pipeline_name"].as_str().unwrap());
        let task = format!("{suite}/{}", run["user_task_id"].as_str().unwrap());
        let entities = self.entities_for(agent, &task);
        let messages = run["messages"].as_array().unwrap().iter();
        let calls =
            messages.flat_map(|m| m["tool_calls"].as_array().map_or(&[][..], Vec::as_slice));
        let mut before: Vec<&str> = Vec::new();
        let mut expected = Vec::new();
        for call in calls {
            let tool = call["function"].as_str().unwrap();
            let request = self.request(agent, suite, tool, &call["args"], &before);
            expected.push(match request {
                Some(request) => self.judge(&request, &entities, &task, agent),
                None => {
                    Expected { verdict: "unknown", uncertain: false, guardrails: None, scope: None }
                }
            });
            before.push(tool);
        }
        expected
    }

    fn entities_for(&self, agent: &str, task: &str) -> Entities {
        let mut all = self.entities.clone();
        let task = json!({ "type": "Task", "id": task });
        match all.iter_mut().find(|e| e["uid"] == json!({ "type": "Agent", "id": agent })) {
            Some(known) => known["parents"].as_array_mut().unwrap().push(task),
            None => all.push(
                json!({ "uid": { "type": "Agent", "id": agent }, "attrs": {}, "parents": [task] }),
            ),
        }
        let actions = self.schema.action_entities().unwrap();
        Entities::from_json_value(Json::Array(all), None)
            .unwrap()
            .add_entities(actions, None)
            .unwrap()
    }

    /// Nothing for a tool that the schema does not declare.
    fn request(
        &self,
        agent: &str,
        suite: &str,
        tool: &str,
        args: &Json,
        before: &[&str],
    ) -> Option<Request> {
        let action = uid("Action", tool);
        self.schema.actions().find(|declared| **declared == action)?;
        let arguments = args.as_object().unwrap().iter();
        let input =
            arguments.filter_map(|(name, value)| Some((name.clone(), argument(name, value)?)));
        let looks = ["get_", "read_"].iter().any(|verb| tool.starts_with(verb));
        let used = before.iter().map(|tool| Value::new_string((*tool).to_owned()));
        let session = [
            ("calls".to_owned(), Value::new_long(before.len() as i64)),
            ("readOnly".to_owned(), Value::new_bool(looks)),
            ("toolsUsed".to_owned(), Value::new_set(used)),
        ];
        let context =
            [("input", Value::new_record(input)), ("session", Value::new_record(session))];
        let context =
            Context::from_pairs(context.map(|(name, value)| (name.to_owned(), value.unwrap())))
                .unwrap();
        Some(
            Request::new(uid("Agent", agent), action, uid("Server", suite), context, None).unwrap(),
        )
    }

    fn judge(&self, request: &Request, entities: &Entities, task: &str, agent: &str) -> Expected {
        let guardrails = ask(request, &self.guardrails, entities);
        let scope = self.scopes.get(task).map(|policies| ask(request, policies, entities));
        let allow = guardrails.side.decision == "allow";
        let uncertain =
            guardrails.may_flip || (allow && scope.as_ref().is_some_and(|s| s.may_flip));
        let is_declared = self.entities.iter().any(|e| e["uid"]["id"] == agent);
        let asks_for_tier =
            guardrails.lacks_entity || scope.as_ref().is_some_and(|s| s.lacks_entity);
        let verdict = match scope.as_ref().map(|s| s.side.decision) {
            _ if uncertain && asks_for_tier && !is_declared => "unknown",
            _ if !allow => "denied",
            Some("deny") => "drifted",
            _ => "allowed",
        };
        Expected {
            verdict,
            uncertain,
            guardrails: Some(guardrails.side),
            scope: scope.map(|s| s.side),
        }
    }
}

/// What one policy set says.
struct Answer {
    side: Side,
    /// Whether it would say something else if some of the failed policies had matched.
    may_flip: bool,
    /// Whether a policy failed for want of an entity's attribute.
    lacks_entity: bool,
}

fn ask(request: &Request, policies: &PolicySet, entities: &Entities) -> Answer {
    let decide =
        |policies: &PolicySet| Authorizer::new().is_authorized(request, policies, entities);
    let response = decide(policies);
    let mut failed: BTreeSet<&PolicyId> = BTreeSet::new();
    let mut lacks_entity = false;
    for error in response.diagnostics().errors() {
        let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
        lacks_entity |= matches!(error.inner(), EvaluationError::EntityAttrDoesNotExist(_));
        failed.insert(error.policy_id());
    }
    let if_matched = |effect| decide(&with_matching(policies, &failed, effect)).decision();
    let may_flip =
        [Effect::Permit, Effect::Forbid].into_iter().any(|e| if_matched(e) != response.decision());
    let sorted = |ids: BTreeSet<&PolicyId>| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    let decision = if response.decision() == Decision::Allow { "allow" } else { "deny" };
    let reasons = sorted(response.diagnostics().reason().collect());
    Answer { side: Side { decision, reasons, errors: sorted(failed) }, may_flip, lacks_entity }
}

/// The policies, with the failed ones of an effect made to match, whatever is asked.
fn with_matching(policies: &PolicySet, failed: &BTreeSet<&PolicyId>, effect: Effect) -> PolicySet {
    let matching = |policy: &Policy| match effect {
        _ if policy.effect() != effect || !failed.contains(policy.id()) => policy.clone(),
        Effect::Permit => {
            Policy::parse(Some(policy.id().clone()), "permit(principal, action, resource);")
                .unwrap()
        }
        Effect::Forbid => {
            Policy::parse(Some(policy.id().clone()), "forbid(principal, action, resource);")
                .unwrap()
        }
    };
    PolicySet::from_policies(policies.policies().map(matching)).unwrap()
}

/// An argument as the schema has it; nothing if it is none.
fn argument(name: &str, value: &Json) -> Option<Value> {
    match name {
        "amount" => {
            let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
            Some(Value::new_decimal(format!("{number:?}")))
        }
        "n" | "id" => value.as_f64().map(|number| Value::new_long(number as i64)),
        "recurring" => value.as_bool().map(Value::new_bool),
        _ => value.as_str().map(|text| Value::new_string(text.to_owned())),
    }
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.parse().unwrap(), cedar_policy::EntityId::new(id))
}

/// Policies under their `@id`.
fn policies(text: &str) -> PolicySet {
    let parsed = PolicySet::from_str(text).unwrap();
    let named = parsed.policies().map(|p| p.new_id(PolicyId::new(p.annotation("id").unwrap())));
    PolicySet::from_policies(named).unwrap()
}

fn replayed(folder: &Utf8Path) -> Report {
    let workspace = Workspace::load(&workspace()).unwrap();
    assert_eq!(workspace.findings, [], "the workspace of the proof is not valid");
    let go_on = &mut |_| ControlFlow::Continue(());
    let loaded = remit_api::load_paths(&[folder.to_owned()], None, go_on).unwrap();
    report(
        &replay(&workspace, &loaded.recordings, &|_| ControlFlow::Continue(())).unwrap(),
        &loaded,
    )
}

fn calls_of<'r>(report: &'r Report, recording: &Utf8Path) -> Vec<&'r CallReport> {
    let sessions = report.sessions.iter().filter(|s: &&SessionReport| s.recording == recording);
    sessions.flat_map(|s| &s.calls).collect()
}

fn json_files(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path());
    let files = entries.flat_map(|path| if path.is_dir() { json_files(&path) } else { vec![path] });
    files.filter(|path| path.extension() == Some("json")).collect()
}

/// The folders of AgentDojo runs that are there.
fn corpora() -> Vec<Utf8PathBuf> {
    let whole = std::env::var("REMIT_CORPUS").map(Utf8PathBuf::from);
    let whole = whole.unwrap_or_else(|_| root().join("../shared/corpus"));
    let places = [root().join("tests/corpus"), whole];
    let folders = places
        .iter()
        .flat_map(|place| ["runs", "baseline-runs"].map(|f| place.join("agentdojo").join(f)));
    folders.filter(|folder| folder.is_dir()).collect()
}

fn workspace() -> Utf8PathBuf {
    root().join("tests/suite/oracle/agentdojo")
}

fn root() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
