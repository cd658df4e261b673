//! From a key in the editor to the counts of all verdicts, in the real window.
//!
//! The workspace is generated. What is asserted is that the counts become right after every key, and
//! that the editor loses none; how long it takes is only printed (`--nocapture`). For figures:
//!
//! ```sh
//! REMIT_E2E_ROWS=1000000 REMIT_E2E_POLICIES=1000 \
//!   cargo test --release -p remit-e2e --test keystroke -- --nocapture
//! ```
//!
//! after `cargo build --release -p remit-desktop`. `REMIT_E2E_WORKSPACE` names a generated workspace that
//! is there already; nothing is written to it but its cache.

#![allow(
    clippy::indexing_slicing,
    reason = "a missing field of a JSON value is `null`, and fails the test"
)]

use camino::{Utf8Path, Utf8PathBuf};
use remit_api::policy::Workspace;
use remit_api::replay::{Corpus, CorpusBuilder, LiveReplay};
use remit_api::session::{Limits, load_each};
use remit_benches::workspace::{Size, write};
use remit_e2e::{Desktop, Result};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// The guardrail that is edited, and the number in it: it is about every tool call.
const FILE: &str = "guardrails/everybody.cedar";
const LIMIT: &str = "800000";
/// The first digit of the limit is taken out and replaced, again and again.
const DIGITS: &str = "123456789";
/// Typed as fast as the driver can, while verdicts are on their way.
const BURST: &str = "the quick brown fox jumps over the lazy dog 0123456789";
/// How long a workspace may take to open.
const OPENING: Duration = Duration::from_secs(600);
/// How long the counts may take on a busy machine with nothing optimised.
const JUDGING: Duration = Duration::from_secs(120);

/// Allowed, denied, drifted, unknown.
type Counts = [u64; 4];

#[tokio::test]
async fn the_counts_follow_every_key() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let root = generated(folder.path())?;
    let expected = Expected::of(&root)?;
    let desktop = Desktop::start_within(OPENING, &[root.as_str()]).await?;
    let ready = "return document.body.dataset.replay === 'ready'";
    desktop.until_within(OPENING, "the replay", ready).await?;
    assert_eq!(shown(&desktop).await?, expected.counts(&expected.saved)?, "as saved");
    desktop.find("tab-files").await?.click().await?;
    desktop.run(OPEN_FILE, &[json!(FILE)]).await?;
    desktop.until("the file in the editor", &holds(LIMIT)).await?;
    desktop.run(WATCH, &[]).await?;
    desktop.until("the cursor", &PUT_CURSOR.replace("LIMIT", LIMIT)).await?;

    let mut latencies = Vec::new();
    let mut text = expected.saved.clone();
    let mut before = shown(&desktop).await?;
    for (key, next) in expected.edits() {
        desktop.run("window.__watch.seen = []", &[]).await?;
        desktop.press(&key.to_string()).await?;
        typed(&desktop, &next).await?;
        let wanted = expected.counts(&next)?;
        desktop.until_within(JUDGING, &format!("the counts {wanted:?}"), &shows(wanted)).await?;
        if wanted != before {
            latencies
                .push(desktop.run(LATENCY, &[json!(wanted)]).await?.as_f64().unwrap_or(f64::NAN));
        }
        (text, before) = (next, wanted);
    }
    assert!(latencies.len() > DIGITS.len(), "most keys alter a verdict");

    desktop.press(&format!("{CONTROL_END}// {BURST}")).await?;
    text = format!("{text}// {BURST}");
    typed(&desktop, &text).await?;
    let wanted = expected.counts(&text)?;
    desktop.until_within(JUDGING, "the counts after the burst", &shows(wanted)).await?;
    assert_eq!(desktop.errors().await?, json!([]), "errors in the window");

    let paints: Vec<f64> = numbers(&desktop.run("return window.__watch.paints", &[]).await?);
    println!(
        "{} tool calls, {} keys that altered a verdict",
        wanted.iter().sum::<u64>(),
        latencies.len()
    );
    println!(
        "key to counts: median {:.1} ms, worst {:.1} ms",
        middle(&latencies),
        worst(&latencies)
    );
    println!("key to paint: median {:.1} ms, worst {:.1} ms", middle(&paints), worst(&paints));
    for (process, mib) in desktop.memory() {
        println!("{process}: {mib} MiB resident");
    }
    desktop.client.clone().close().await?;
    Ok(())
}

fn generated(folder: &std::path::Path) -> Result<Utf8PathBuf> {
    if let Ok(there) = std::env::var("REMIT_E2E_WORKSPACE") {
        return Ok(camino::absolute_utf8(there)?);
    }
    let number = |name: &str, usual| std::env::var(name).map_or(Ok(usual), |n| n.parse());
    let size = Size {
        rows: number("REMIT_E2E_ROWS", 4_000)?,
        policies: number("REMIT_E2E_POLICIES", 200)?,
    };
    let root = Utf8PathBuf::try_from(folder.join("generated"))?;
    write(size, &root, &mut |_| ())?;
    Ok(root)
}

/// What the counts must be, worked out without the window: from scratch for each text.
struct Expected {
    workspace: Workspace,
    corpus: Arc<Corpus>,
    /// The text of the guardrail as saved.
    saved: String,
}

impl Expected {
    fn of(root: &Utf8Path) -> Result<Self> {
        let workspace = Workspace::load(root)?;
        let mut corpus = CorpusBuilder::new(&workspace);
        let sources = remit_api::workspace_sources(&workspace);
        load_each(
            &sources,
            None,
            &Limits::default(),
            &mut |_| ControlFlow::Continue(()),
            &mut |located, recording| {
                corpus.add_located(located, &recording);
                ControlFlow::Continue(())
            },
        )?;
        let corpus = Arc::new(corpus.finish());
        Ok(Expected { saved: std::fs::read_to_string(root.join(FILE))?, corpus, workspace })
    }

    /// Each key, and the text after it: the first digit of the limit goes, another comes.
    fn edits(&self) -> impl Iterator<Item = (char, String)> {
        let with = |limit: String| self.saved.replacen(LIMIT, &limit, 1);
        let rest = LIMIT.trim_start_matches('8');
        DIGITS.chars().flat_map(move |digit| {
            [(BACKSPACE, with(rest.to_owned())), (digit, with(format!("{digit}{rest}")))]
        })
    }

    fn counts(&self, text: &str) -> Result<Counts> {
        let workspace = self.workspace.with_texts(&[(FILE.into(), text.to_owned())]);
        let workspace = workspace.map_err(|findings| format!("{findings:?}"))?;
        let mut live = LiveReplay::new(Arc::clone(&self.corpus));
        let verdicts = live.judge(&workspace, &|| ControlFlow::Continue(()));
        let counts = verdicts.map_err(|_| "cancelled")?.counts();
        Ok([counts.allowed, counts.denied, counts.drifted, counts.unknown].map(u64::from))
    }
}

async fn shown(desktop: &Desktop) -> Result<Counts> {
    let shown: Vec<f64> = numbers(&desktop.run(&format!("return {SHOWN}"), &[]).await?);
    Ok(<[f64; 4]>::try_from(shown).map_err(|_| "the counts are not shown")?.map(|n| n as u64))
}

fn shows(counts: Counts) -> String {
    format!("return JSON.stringify({SHOWN}) === JSON.stringify({})", json!(counts))
}

/// Waits until the editor holds this text: every key, in its order.
async fn typed(desktop: &Desktop, text: &str) -> Result<()> {
    let is = format!("return window.__remit.editor.get() === {}", json!(text));
    if desktop.until("the key in the editor", &is).await.is_ok() {
        return Ok(());
    }
    let there = desktop.run("return window.__remit.editor.get()", &[]).await?;
    let pairs = text.lines().zip(there.as_str().unwrap_or_default().lines());
    let differs = pairs.into_iter().find(|(wanted, there)| wanted != there);
    Err(format!("the editor lost a key: wanted and found {differs:?}").into())
}

fn holds(text: &str) -> String {
    format!("return window.__remit?.editor.get().includes({}) === true", json!(text))
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

fn middle(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn worst(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::NAN, f64::max)
}

/// As WebDriver spells them.
const BACKSPACE: char = '\u{e003}';
/// Control goes down, and up again with its second press.
const CONTROL_END: &str = "\u{e009}\u{e010}\u{e009}";

const SHOWN: &str = "['allowed', 'denied', 'drifted', 'unknown'].map((v) => Number(document.querySelector(`[data-testid=count-${v}]`)?.dataset.count))";

const OPEN_FILE: &str =
    "document.querySelector(`[data-testid=file-row][data-path='${arguments[0]}']`).click()";

/// The time of each key, of the paint after it, and of each change of the counts, all in the window.
const WATCH: &str = "
    const watch = (window.__watch = { key: 0, paints: [], seen: [] });
    const counts = () => ['allowed', 'denied', 'drifted', 'unknown'].map((v) => Number(document.querySelector(`[data-testid=count-${v}]`)?.dataset.count));
    addEventListener('keydown', () => {
        const at = (watch.key = performance.now());
        requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => watch.paints.push(performance.now() - at);
            port2.postMessage(0);
        });
    }, true);
    new MutationObserver(() => watch.seen.push({ at: performance.now(), counts: counts() }))
        .observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-count'] });";

/// From the last key to the first time that these counts were there.
const LATENCY: &str = "
    const wanted = JSON.stringify(arguments[0]);
    return window.__watch.seen.find((s) => JSON.stringify(s.counts) === wanted)?.at - window.__watch.key;";

/// Behind the first digit of the limit. The editor may still be putting its own selection there after
/// it got the focus, so that this is asked again until the editor, which starts on another line, is on that one.
const PUT_CURSOR: &str = "
    const content = document.querySelector('[data-testid=editor-text]');
    content.focus();
    if (content.querySelector('.cm-activeLine')?.textContent.includes('LIMIT')) return true;
    const texts = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const at = texts.currentNode.data.indexOf('LIMIT');
        if (at < 0) continue;
        getSelection().collapse(content, 0);
        getSelection().collapse(texts.currentNode, at + 1);
    }
    return false;";
