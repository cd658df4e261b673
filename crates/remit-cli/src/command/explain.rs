//! `remit explain`: why one tool call has its verdict.

use crate::Exit;
use crate::args::{ExplainArgs, ExplainFormat};
use crate::bench::{Bench, Found};
use crate::error::CliError;
use crate::output::{badge, bold, data_to_stdout, dim, harmless, line, to_stdout};
use remit_api::policy::Layer;
use remit_api::replay::history::Asked;
use remit_api::replay::{
    Because, JudgedCall, Judgement, Mapper, NearestClause, Whence, because_report, explain,
    history_at, missed_clause,
};
use remit_api::session::{Match, Outcome, StepKind, ToolCall};
use serde_json::{Value, json};

pub(crate) fn run(args: &ExplainArgs) -> Result<Exit, CliError> {
    let bench = Bench::open(&args.corpus)?;
    let found = bench.find(&args.session)?;
    let (judged, call) = the_call(&found, &args.step)?;
    let mapper = Mapper::new(&bench.workspace);
    let request = mapper
        .as_ref()
        .and_then(|m| explain(m, found.session, judged.step))
        .and_then(Result::ok)
        .map(|m| m.request_json());
    let history = history_at(&bench.workspace, found.session, judged.step);
    let mapper = mapper.as_ref();
    let why = Why { bench: &bench, found, judged, call, request, history, mapper };
    match args.format {
        ExplainFormat::Human => to_stdout(&why.human())?,
        ExplainFormat::Json => data_to_stdout(&format!("{:#}\n", why.json()))?,
    }
    Ok(Exit::Success)
}

/// By the step's number, else by the recording's id of the call.
pub(crate) fn the_call<'b>(
    found: &Found<'b>,
    step: &str,
) -> Result<(&'b JudgedCall, &'b ToolCall), CliError> {
    let number: Option<u32> = step.parse().ok();
    let calls: Vec<_> =
        found.session.calls().map(|(_, _, call)| call).zip(&found.replayed.calls).collect();
    let at_step = calls.iter().find(|(_, judged)| number == Some(judged.step.0));
    let of_id = || calls.iter().find(|(call, _)| call.id.as_deref() == Some(step));
    at_step.or_else(of_id).map(|(call, judged)| (*judged, *call)).ok_or_else(|| {
        let what = number.and_then(|n| found.session.step(remit_api::session::StepIdx(n))).map(
            |s| match s.kind {
                StepKind::Message { .. } => "a message",
                StepKind::Result(_) | StepKind::Call(_) => "a result",
            },
        );
        let message = match what {
            Some(what) => format!("step {step} is {what}, no tool call"),
            None => format!("the session has no step `{step}`"),
        };
        CliError::input(message, format!("tool calls are at the steps {}", first_steps(found)))
    })
}

fn first_steps(found: &Found<'_>) -> String {
    let steps: Vec<String> =
        found.replayed.calls.iter().take(12).map(|c| c.step.0.to_string()).collect();
    let more = if found.replayed.calls.len() > 12 { ", …" } else { "" };
    format!("{}{more}", steps.join(", "))
}

struct Why<'b> {
    bench: &'b Bench,
    found: Found<'b>,
    judged: &'b JudgedCall,
    call: &'b ToolCall,
    request: Option<Value>,
    history: Vec<Asked>,
    mapper: Option<&'b Mapper<'b>>,
}

impl Why<'_> {
    fn human(&self) -> String {
        let said = self.judged.verdict.said(self.judged.scope_allows());
        let agent = self
            .found
            .session
            .step(self.judged.step)
            .map_or("", |s| self.found.session.agent(s.lane));
        let mut out = format!(
            "{}  {}: {said}\n",
            badge(self.judged.verdict),
            bold(&line(&self.call.tool, 80))
        );
        out += &format!(
            "called by {}; in the recording it {}\n",
            line(agent, 80),
            happened(self.call.outcome)
        );
        if let Some(unknown) = &self.judged.unknown {
            out += &format!(
                "\n{}\n  help: {}\n",
                line(&unknown.message, 400),
                line(&unknown.help, 400)
            );
        }
        out += &self.judged.because.iter().map(because).collect::<String>();
        if let Some(sides) = &self.judged.judged {
            out +=
                &self.side("guardrails", &sides.guardrails, Some(&self.bench.workspace.guardrails));
            match &sides.scope {
                Some(scope) => {
                    out += &self.side("scope", scope, self.scope());
                    out += &self.nearest().map(|clause| missed(&clause)).unwrap_or_default();
                }
                None => {
                    out += "\nscope: none is declared for this task, so the call cannot drift\n"
                }
            }
        }
        out += &history(&self.history);
        for misfit in &self.judged.misfits {
            out += &format!("\ndoes not fit the schema: {}\n", line(misfit, 400));
        }
        if let Some(request) = &self.request {
            out += &format!("\n{}\n{}\n", bold("request"), harmless(&format!("{request:#}")));
        }
        out
    }

    fn side(&self, name: &str, judged: &Judgement, layer: Option<&Layer>) -> String {
        let decision = if judged.allow { "allow" } else { "deny" };
        let uncertain =
            if judged.uncertain { ", uncertain: a failed policy could flip it" } else { "" };
        let mut out = format!("\n{} {decision}{uncertain}\n", bold(&format!("{name}:")));
        if judged.reasons.is_empty() {
            out += "  no policy permits it\n";
        }
        for id in &judged.reasons {
            out += &self.policy(id, layer);
        }
        for error in &judged.errors {
            out += &format!(
                "  failed and was skipped: {}\n{}",
                line(&error.message, 300),
                self.policy(&error.policy, layer)
            );
        }
        out
    }

    /// A policy with its text, and in words if it asks the history of the session.
    fn policy(&self, id: &str, layer: Option<&Layer>) -> String {
        let Some(policy) = layer.and_then(|l| l.policy(id)) else {
            return format!("  {id}\n");
        };
        let text: String = policy.text.lines().map(|l| format!("    {l}\n")).collect();
        let mut out = format!("  {} ({}:{})\n{text}", bold(id), policy.file, policy.line);
        let asking = Some(policy).filter(|p| !p.leaves.is_empty());
        let reading = asking.and_then(|p| self.bench.workspace.history.as_ref()?.reading(p));
        if let Some(reading) = reading {
            let lines = reading.text.lines().chain(reading.sees.iter().flat_map(|s| s.lines()));
            out += "    in words:\n";
            out.extend(lines.map(|l| format!("      {l}\n")));
        }
        out
    }

    fn nearest(&self) -> Option<NearestClause> {
        let Found { session, replayed, .. } = self.found;
        missed_clause(self.mapper?, self.scope()?, session, replayed, self.judged)
    }

    fn scope(&self) -> Option<&Layer> {
        let scopes = &self.bench.workspace.scopes;
        let scope = scopes.iter().find(|s| Some(&s.task) == self.found.replayed.scope.as_ref());
        scope.map(|s| &*s.layer)
    }

    fn json(&self) -> Value {
        let side = |j: &Judgement| {
            let errors: Vec<Value> = j
                .errors
                .iter()
                .map(|e| json!({ "policy": e.policy, "message": e.message }))
                .collect();
            json!({ "decision": if j.allow { "allow" } else { "deny" }, "reasons": j.reasons, "errors": errors, "uncertain": j.uncertain })
        };
        let sides = self.judged.judged.as_ref();
        json!({
            "version": 1,
            "session": self.found.session.id,
            "step": self.judged.step,
            "index": self.judged.index,
            "tool": self.call.tool,
            "outcome": self.call.outcome,
            "verdict": self.judged.verdict,
            "severity": self.judged.severity,
            "because": self.judged.because.iter().map(because_report).collect::<Vec<_>>(),
            "nearest": self.nearest().map(|n| json!({ "policy": n.policy, "failed": n.failed })),
            "unknown": self.judged.unknown.as_ref().map(|u| json!({ "message": u.message, "help": u.help })),
            "guardrails": sides.map(|j| side(&j.guardrails)),
            "scope": sides.and_then(|j| j.scope.as_ref()).map(side),
            "history": self.history.iter().map(asked_json).collect::<Vec<_>>(),
            "misfits": self.judged.misfits,
            "request": self.request,
        })
    }
}

/// What the session remembers, as far as policies ask.
fn history(asked: &[Asked]) -> String {
    let mut out = if asked.is_empty() { String::new() } else { format!("\n{}\n", bold("history")) };
    for condition in asked {
        let holds = match condition.holds {
            Some(true) => "holds",
            Some(false) => "does not hold",
            None => "cannot be decided",
        };
        out += &format!("  {holds}: {}\n", line(&condition.text, 400));
        for witness in &condition.witnesses {
            out += &format!("    {}\n", line(&witness.words, 400));
        }
    }
    out
}

fn asked_json(asked: &Asked) -> Value {
    let witnesses = asked.witnesses.iter();
    let witnesses: Vec<Value> =
        witnesses.map(|w| json!({ "steps": w.steps, "words": w.words })).collect();
    json!({ "condition": asked.text, "holds": asked.holds, "witnesses": witnesses })
}

/// A value that nobody vouches for, where it stands, and the text around it.
fn because(because: &Because) -> String {
    let value = line(&because.value, 120);
    let at = because.step.map(|step| format!("step {}", step.0)).unwrap_or_default();
    let tool = because.tool.as_deref().map(|tool| line(tool, 80)).unwrap_or_default();
    let from = match because.kind {
        Whence::ToolResult => format!("was first seen in the result of `{tool}`, {at}"),
        Whence::Runtime => format!("was first said by the runtime, {at}"),
        Whence::OtherAgent => format!("was first used by another agent, {at}"),
        Whence::Nowhere => "was seen nowhere before: the model made it up".to_owned(),
    };
    let found = because.found.filter(|found| *found != Match::Exact);
    let sure = found.map(|found| format!(" ({}, {} %)", found.word(), found.confidence()));
    let head = format!(
        "\n{} `{value}` {from}{}\n",
        bold(&line(&because.argument, 80)),
        sure.unwrap_or_default()
    );
    let around = because.excerpt.as_ref().map(|e| {
        let text = format!("{}»{}«{}", e.before, e.value, e.after);
        format!("  {}\n", dim(&line(&text, 400)))
    });
    format!("{head}{}", around.unwrap_or_default())
}

/// The clause that the call nearly met, and what of it does not hold.
fn missed(clause: &NearestClause) -> String {
    let failed: Vec<String> =
        clause.failed.iter().map(|c| format!("    {}\n", line(c, 300))).collect();
    format!(
        "  nearest clause: {}, of which this does not hold:\n{}",
        clause.policy,
        failed.concat()
    )
}

/// What became of the call, to go on from "it".
fn happened(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Executed => "was executed",
        Outcome::Refused => "was refused",
        Outcome::Failed => "failed",
        Outcome::Unrecorded => "has no result",
    }
}
