//! The recordings: chat messages, a conversation a line, fifty a file.
//!
//! Of the formats that Remit reads this one is the smallest and the quickest to import: arguments as
//! objects, results without ids, in the order of the calls.

use super::tools::{TOOLS, tool};
use super::{AGENTS, ENVIRONMENTS, Failure, SEED, TAGS, TASKS, agent, task};
use crate::random::Random;
use camino::Utf8Path;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};

const A_FILE: usize = 50;
const CALLS: usize = 20;
/// A task needs so many tools.
const NEEDED: usize = 8;

/// Writes recordings with `rows` calls into the new folder `folder`.
pub(super) fn write(
    rows: usize,
    folder: &Utf8Path,
    progress: &mut dyn FnMut(usize),
) -> Result<(), Failure> {
    let at =
        |path: &Utf8Path, e: io::Error| Failure::Recording { path: path.to_owned(), source: e };
    fs::create_dir(folder).map_err(|e| at(folder, e))?;
    let mut random = Random::new(SEED);
    let (mut written, mut sessions) = (0, 0);
    while written < rows {
        let path = folder.join(format!("{:04}.jsonl", sessions / A_FILE + 1));
        let mut file = BufWriter::new(File::create(&path).map_err(|e| at(&path, e))?);
        for _ in 0..A_FILE {
            let calls = (CALLS / 2 + random.below(CALLS + 1)).min(rows - written);
            if calls > 0 {
                let line = session(&mut random, sessions, calls);
                writeln!(file, "{line}").map_err(|e| at(&path, e))?;
                written += calls;
                sessions += 1;
            }
        }
        file.flush().map_err(|e| at(&path, e))?;
        progress(written);
    }
    Ok(())
}

/// The tools that a task needs.
pub(super) fn tools_of(task: usize) -> Vec<usize> {
    let mut random = Random::new(SEED ^ (task as u64 + 100));
    let mut tools: Vec<usize> = (0..NEEDED).map(|_| random.below(TOOLS)).collect();
    tools.sort_unstable();
    tools.dedup();
    tools
}

fn session(random: &mut Random, n: usize, calls: usize) -> Value {
    let (of_task, topic) = (random.below(TASKS), random.one(&TAGS));
    let of_agent = if random.one_in(100) { AGENTS } else { random.below(AGENTS) };
    let goal = format!("Work through the open {topic} items of {}.", task(of_task));
    let mut messages = vec![json!({ "role": "user", "content": goal })];
    let (tools, mut left) = (tools_of(of_task), calls);
    while left > 0 {
        let turn = (1 + random.below(3)).min(left);
        left -= turn;
        let made: Vec<Value> = (0..turn).map(|_| call(random, &tools)).collect();
        messages.push(json!({ "role": "assistant", "tool_calls": made }));
        messages.extend((0..turn).map(|_| result(random)));
    }
    messages.push(json!({ "role": "assistant", "content": "Done." }));
    json!({
        "id": format!("session-{n:05}"), "agent": agent(of_agent), "task": task(of_task), "messages": messages,
    })
}

fn call(random: &mut Random, needed: &[usize]) -> Value {
    let name = match random.below(400) {
        0 => "mcp__shell__run".to_owned(),
        chance => {
            let n = if chance <= 8 { random.below(TOOLS) } else { random.below(needed.len()) };
            let n = if chance <= 8 { n } else { needed.get(n).copied().unwrap_or_default() };
            let (server, name) = tool(n);
            format!("mcp__{server}__{name}")
        }
    };
    json!({ "name": name, "arguments": arguments(random) })
}

fn arguments(random: &mut Random) -> Value {
    let tags: Vec<&str> = (0..random.below(3)).map(|_| random.one(&TAGS)).collect();
    let mut arguments = json!({
        "path": format!("/srv/{}/file-{}.txt", random.one(&TAGS), random.below(20_000)),
        "address": format!("user{}@{}.example", random.below(5_000), random.one(&TAGS)),
        "url": format!("https://{}.example/{}", random.one(&TAGS), random.below(50_000)),
        "environment": random.one(&ENVIRONMENTS),
        "tags": tags,
        "cost": random.below(1_000_000),
        "items": random.below(200),
        "risk": random.below(100) as f64 / 10.0,
        "external": random.one_in(4),
        "at": time(random.below(30 * 86_400)),
        "ttl": format!("PT{}M", random.below(600)),
    });
    if let Some(arguments) = arguments.as_object_mut().filter(|_| random.one_in(3)) {
        arguments.insert("approver".to_owned(), format!("user{:02}", random.below(50)).into());
    }
    arguments
}

fn result(random: &mut Random) -> Value {
    match random.below(50) {
        0 => json!({ "role": "tool", "content": "the service did not answer", "is_error": true }),
        _ => json!({ "role": "tool", "content": "ok" }),
    }
}

/// So many seconds into January 2026.
fn time(seconds: usize) -> String {
    let (day, rest) = (seconds / 86_400 + 1, seconds % 86_400);
    format!("2026-01-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}
