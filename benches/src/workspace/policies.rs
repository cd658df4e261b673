//! Guardrails and scopes that mix permit and forbid, `like`, `contains`, `in`, `has`, numbers and times.

use super::sessions::tools_of;
use super::tools::{SERVERS, TOOLS, tool};
use super::{ENVIRONMENTS, SCOPED, SEED, TAGS, TASKS, task};
use crate::random::Random;
use camino::Utf8PathBuf;

/// So many generated guardrails share a file, at least.
const A_FILE: usize = 20;
const FILES: usize = 10;

type File = (Utf8PathBuf, String);

/// What holds for everybody; then generated rules, until there are `count` policies.
pub(super) fn guardrails(count: usize) -> Vec<File> {
    let mut files: Vec<File> = vec![("guardrails/everybody.cedar".into(), EVERYBODY.to_owned())];
    let generated = count.saturating_sub(EVERYBODY.matches("@id").count());
    let a_file = generated.div_ceil(FILES).max(A_FILE);
    let mut random = Random::new(SEED ^ 1);
    let rules: Vec<String> = (1..=generated).map(|n| guardrail(&mut random, n)).collect();
    for (n, rules) in rules.chunks(a_file).enumerate() {
        files.push((format!("guardrails/rules-{:02}.cedar", n + 1).into(), rules.join("\n")));
    }
    files
}

const EVERYBODY: &str = r#"// What holds for every agent and every task.

@id("reading")
permit (principal, action in Action::"read_only", resource);

@id("outside-production")
permit (principal, action in Action::"call_tool", resource)
when { context.input.environment != "prod" && context.input.cost < 800000 };

@id("production-with-approval")
permit (principal, action in Action::"call_tool", resource)
when { context.input.environment == "prod" && context.input has approver };

@id("senior-agents")
permit (principal, action in Action::"server:tickets", resource)
when { principal.tier >= 2 };

@id("no-secrets-for-juniors")
forbid (principal, action, resource)
when { context.input.tags.contains("secret") && principal.tier < 1 };

@id("nothing-destroyed-at-night")
forbid (principal, action in Action::"destructive", resource)
when { context.input.at.toTime() < duration("6h") };

@id("no-great-risk")
forbid (principal, action, resource)
when { context.input.risk.greaterThan(decimal("9.5")) }
unless { context.input has approver };

@id("nothing-leaves-after-reading-mail")
forbid (principal, action == Action::"post_form", resource)
when { context.session.toolsUsed.contains("mcp__mail__read_mail") && context.input.external };
"#;

fn guardrail(random: &mut Random, n: usize) -> String {
    let effect = if random.one_in(12) { "forbid" } else { "permit" };
    let principal = match random.below(10) {
        0..3 => format!("principal == Agent::\"agent-{:02}\"", random.below(20)),
        3..6 => format!("principal in AgentGroup::\"team-{}\"", random.below(5)),
        _ => "principal".to_owned(),
    };
    let action = match random.below(8) {
        0 => {
            let (server, _) = SERVERS.get(random.below(SERVERS.len())).unwrap_or(&SERVERS[0]);
            format!("action in Action::\"server:{server}\"")
        }
        1 => format!("action in [{}, {}]", action(random), action(random)),
        _ => format!("action == {}", action(random)),
    };
    let mut text = format!("@id(\"rule-{n:04}\")\n{effect} ({principal}, {action}, resource)");
    for _ in 0..=random.below(2) {
        let join = random.one(&["&&", "||"]);
        text += &format!("\nwhen {{ ({}) {join} ({}) }}", condition(random), condition(random));
    }
    text + ";\n"
}

fn action(random: &mut Random) -> String {
    format!("Action::\"{}\"", tool(random.below(TOOLS)).1)
}

fn condition(random: &mut Random) -> String {
    match random.below(15) {
        0 => format!("context.input.path like \"/srv/{}/*\"", random.one(&TAGS)),
        1 => format!("context.input.url like \"https://{}.example/*\"", random.one(&TAGS)),
        2 => format!("context.input.address like \"*@{}.example\"", random.one(&TAGS)),
        3 => format!("context.input.environment == \"{}\"", random.one(&ENVIRONMENTS)),
        4 => format!("context.input.tags.contains(\"{}\")", random.one(&TAGS)),
        5 => format!("context.input.cost < {}", random.below(1_000_000)),
        6 => format!("context.input.items + 1 > {}", random.below(200)),
        7 => format!("context.input.at < datetime(\"2026-01-{:02}\")", random.below(30) + 1),
        8 => format!("context.input.at.toTime() > duration(\"{}h\")", random.below(24)),
        9 => format!(
            "context.input has approver && context.input.approver == \"user{:02}\"",
            random.below(50)
        ),
        10 => format!("principal.tier >= {}", random.below(4)),
        11 => format!("context.session.calls < {}", random.below(30) + 1),
        12 => format!("context.input.ttl > duration(\"{}m\")", random.below(600)),
        13 => format!("context.input.risk.lessThan(decimal(\"{}.5\"))", random.below(10)),
        _ => "!context.input.external".to_owned(),
    }
}

/// A scope for every third task: the tools that it needs, and for some of them only a part of the disk.
pub(super) fn scopes() -> Vec<File> {
    let scope = |n: usize| {
        let names: Vec<String> =
            tools_of(n).iter().map(|t| format!("  Action::\"{}\"", tool(*t).1)).collect();
        let limit = match n % 2 {
            0 => String::new(),
            _ => "\nunless { context.input.cost > 900000 }".to_owned(),
        };
        let text = format!(
            "@id(\"{0}-needs\")\npermit (principal in Task::\"{0}\", action in [\n{1}\n], resource){limit};\n",
            task(n),
            names.join(",\n")
        );
        (format!("scopes/{}.cedar", task(n)).into(), text)
    };
    (0..TASKS).step_by(SCOPED).map(scope).collect()
}
