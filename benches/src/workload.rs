//! A made-up corpus from a fixed seed: 20 agents, 60 tools, twelve facts for each action, and policies
//! that mix permit and forbid, `like`, `contains`, `in`, `has`, numbers and times.

use cedar_policy::{
    Context, Entities, EntityUid, Policy, PolicyId, PolicySet, Request, RestrictedExpression,
};

const AGENTS: usize = 20;
const TOOLS: usize = 60;
const TAGS: [&str; 8] = ["pii", "secret", "prod", "public", "billing", "legal", "eu", "test"];
const ENVIRONMENTS: [&str; 3] = ["prod", "staging", "dev"];

/// Numbers from a seed (splitmix64).
pub(crate) struct Random(u64);

type Made<T> = Result<T, String>;

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.get(self.below(of.len())).copied().unwrap_or_default()
    }
}

/// Agents in teams, and tools in groups.
pub(crate) fn entities() -> Made<Entities> {
    let mut all = Vec::new();
    for n in 0..AGENTS {
        all.push(serde_json::json!({ "uid": { "type": "Agent", "id": format!("agent-{n}") },
            "attrs": { "tier": n % 4, "region": if n % 2 == 0 { "eu" } else { "us" } },
            "parents": [{ "type": "Team", "id": format!("team-{}", n % 5) }] }));
    }
    for n in 0..TOOLS {
        all.push(
            serde_json::json!({ "uid": { "type": "Action", "id": format!("tool-{n}") }, "attrs": {},
            "parents": [{ "type": "Action", "id": format!("group-{}", n % 6) }] }),
        );
    }
    Entities::from_json_value(all.into(), None).map_err(|e| e.to_string())
}

/// One recorded action.
pub(crate) fn request(random: &mut Random) -> Made<Request> {
    let uid = |text: String| text.parse::<EntityUid>().map_err(|e| e.to_string());
    let principal = uid(format!("Agent::\"agent-{}\"", random.below(AGENTS)))?;
    let action = uid(format!("Action::\"tool-{}\"", random.below(TOOLS)))?;
    let resource = uid(format!("Server::\"server-{}\"", random.below(8)))?;
    let context = Context::from_pairs(facts(random)).map_err(|e| e.to_string())?;
    Request::new(principal, action, resource, context, None).map_err(|e| e.to_string())
}

fn facts(random: &mut Random) -> Vec<(String, RestrictedExpression)> {
    use RestrictedExpression as E;
    let text = |s: String| E::new_string(s);
    let tags: Vec<E> = (0..random.below(4)).map(|_| text(random.one(&TAGS).to_owned())).collect();
    let time = 1_767_225_600_000 + random.below(30 * 86_400) as i64 * 1000;
    let mut facts = vec![
        ("path", text(format!("/srv/{}/file-{}.txt", random.one(&TAGS), random.below(20_000)))),
        ("address", text(format!("user{}@{}.example", random.below(5_000), random.one(&TAGS)))),
        ("url", text(format!("https://{}.example/{}", random.one(&TAGS), random.below(50_000)))),
        ("env", text(random.one(&ENVIRONMENTS).to_owned())),
        ("tags", E::new_set(tags)),
        ("cost", E::new_long(random.below(1_000_000) as i64)),
        ("step", E::new_long(random.below(200) as i64)),
        ("at", E::new_datetime(iso(time))),
        ("tainted", E::new_bool(random.below(4) == 0)),
        ("risk", E::new_decimal(format!("{}.{}", random.below(10), random.below(10)))),
        ("ttl", E::new_duration(format!("{}m", random.below(600)))),
    ];
    if random.below(3) == 0 {
        facts.push(("approver", text(format!("user{}", random.below(50)))));
    }
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A time of January 2026 as Cedar reads it.
fn iso(ms: i64) -> String {
    let seconds = ms / 1000 - 1_767_225_600;
    let (day, rest) = (seconds / 86_400 + 1, seconds % 86_400);
    format!("2026-01-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// `count` policies.
pub(crate) fn policies(random: &mut Random, count: usize) -> Made<PolicySet> {
    let one = |n| policy(random, n);
    let all: Made<Vec<Policy>> = (0..count).map(one).collect();
    PolicySet::from_policies(all?).map_err(|e| e.to_string())
}

/// One policy.
pub(crate) fn policy(random: &mut Random, n: usize) -> Made<Policy> {
    let text = policy_text(random);
    Policy::parse(Some(PolicyId::new(format!("policy-{n}"))), &text)
        .map_err(|e| format!("{e}: {text}"))
}

/// The text of one policy.
pub(crate) fn policy_text(random: &mut Random) -> String {
    let effect = random.one(&["permit", "permit", "forbid"]);
    let principal = match random.below(4) {
        0 => format!("principal == Agent::\"agent-{}\"", random.below(AGENTS)),
        1 => format!("principal in Team::\"team-{}\"", random.below(5)),
        _ => "principal".to_owned(),
    };
    let action = match random.below(8) {
        0 => format!("action in Action::\"group-{}\"", random.below(6)),
        1 => format!(
            "action in [Action::\"tool-{}\", Action::\"tool-{}\"]",
            random.below(TOOLS),
            random.below(TOOLS)
        ),
        2 if random.below(2) == 0 => "action".to_owned(),
        _ => format!("action == Action::\"tool-{}\"", random.below(TOOLS)),
    };
    let mut text = format!("{effect}({principal}, {action}, resource)");
    for _ in 0..random.below(3) {
        let join = random.one(&["&&", "||"]);
        text += &format!(" when {{ {} {join} {} }}", condition(random), condition(random));
    }
    text + ";"
}

fn condition(random: &mut Random) -> String {
    let kind = random.below(CONDITIONS);
    condition_of(kind, random)
}

/// How many kinds of conditions there are.
pub(crate) const CONDITIONS: usize = 12;

/// A condition of one kind.
pub(crate) fn condition_of(kind: usize, random: &mut Random) -> String {
    match kind {
        0 => format!("context.path like \"/srv/{}/*\"", random.one(&TAGS)),
        1 => format!("context.url like \"https://{}.example/*\"", random.one(&TAGS)),
        2 => format!("context.address like \"*@{}.example\"", random.one(&TAGS)),
        3 => format!("context.env == \"{}\"", random.one(&ENVIRONMENTS)),
        4 => format!("context.tags.contains(\"{}\")", random.one(&TAGS)),
        5 => format!("context.cost < {}", random.below(1_000_000)),
        6 => format!("context.step + 1 > {}", random.below(200)),
        7 => format!("context.at < datetime(\"2026-01-{:02}\")", random.below(30) + 1),
        8 => format!("context.at.toTime() > duration(\"{}h\")", random.below(24)),
        9 => format!("context has approver && context.approver == \"user{}\"", random.below(50)),
        10 => format!("principal.tier >= {}", random.below(4)),
        _ => "!context.tainted".to_owned(),
    }
}
