//! What a new user does in the real window, by keyboard.

#![allow(
    clippy::indexing_slicing,
    reason = "a missing field of a JSON value is `null`, and fails the test"
)]

use fantoccini::key::Key;
use remit_e2e::{Desktop, Result};
use serde_json::json;

/// Verdict counts of the top bar: allowed, denied, drifted, unknown.
async fn counts(desktop: &Desktop) -> Result<[u64; 4]> {
    let mut counts = [0; 4];
    for (count, verdict) in counts.iter_mut().zip(["allowed", "denied", "drifted", "unknown"]) {
        let shown = desktop.find(&format!("count-{verdict}")).await?.attr("data-count").await?;
        *count = shown.unwrap_or_default().parse()?;
    }
    Ok(counts)
}

async fn replayed(desktop: &Desktop) -> Result<()> {
    desktop.until("the replay", "return document.body.dataset.replay === 'ready'").await
}

/// `]` until the why card is about a call with this verdict.
async fn walk_to(desktop: &Desktop, verdict: &str) -> Result<()> {
    for _ in 0..30 {
        let here = desktop.run(WHY, &[]).await?;
        if here["verdict"] == json!(verdict) {
            return Ok(());
        }
        desktop.keys("]").await?;
        desktop.until_why_elsewhere(&here["hash"]).await?;
    }
    Err(format!("no {verdict} call within thirty findings").into())
}

const WHY: &str = "
    const why = document.querySelector('[data-testid=why]');
    return { verdict: why?.dataset.verdict, hash: location.hash };";

async fn end(desktop: Desktop) -> Result<()> {
    let errors = desktop.errors().await?;
    desktop.client.clone().close().await?;
    assert_eq!(errors, json!([]), "errors in the window");
    Ok(())
}

#[tokio::test]
async fn the_sample_incident_from_first_start_to_a_saved_policy() -> Result<()> {
    let desktop = Desktop::start(&[]).await?;
    replayed(&desktop).await?;
    let before = counts(&desktop).await?;
    assert!(before[1] > 0 && before[2] > 0, "the sample has denied and drifted calls: {before:?}");
    walk_to(&desktop, "drifted").await?;
    desktop.keys(&char::from(Key::Enter).to_string()).await?;
    let why = desktop.find("why-sentence").await?.text().await?;
    assert!(why.contains("does not need it"), "{why}");
    desktop.keys("e").await?;
    desktop.find("editor").await?;
    desktop
        .until("the policy in the editor", "return window.__remit?.editor.get().includes('permit')")
        .await?;
    desktop.control(char::from(Key::End)).await?;
    desktop.keys(FORBID_PAYMENTS).await?;
    desktop
        .until("what was typed", "return window.__remit.editor.get().includes('no-payments-today')")
        .await?;
    desktop.control('s').await?;
    desktop.until("the new verdicts", &format!("return document.body.dataset.of === 'saved' && Number(document.querySelector('[data-testid=count-denied]').dataset.count) > {}", before[1])).await?;
    let after = counts(&desktop).await?;
    assert_eq!(before.iter().sum::<u64>(), after.iter().sum::<u64>(), "no tool call disappears");
    assert!(after[2] < before[2], "what drifted is denied now: {before:?} -> {after:?}");
    desktop.picture("edited-light").await?;
    let sample = desktop.home.path().join("data/dev.remit.desktop/sample/payments-desk/guardrails");
    let saved =
        std::fs::read_dir(sample)?.filter_map(|f| std::fs::read_to_string(f.ok()?.path()).ok());
    assert!(
        saved.into_iter().any(|text| text.contains("no-payments-today")),
        "the policy is on disk"
    );
    end(desktop).await
}

/// Typed at the end of the file; the editor closes brackets and quotes, and typing them closes none twice.
const FORBID_PAYMENTS: &str = "\n@id(\"no-payments-today\") forbid (principal, action == Action::\"make_payment\", resource);";

#[tokio::test]
async fn a_policy_that_does_not_parse_says_so_and_keeps_the_verdicts() -> Result<()> {
    let desktop = Desktop::start(&["--sample"]).await?;
    replayed(&desktop).await?;
    let before = counts(&desktop).await?;
    walk_to(&desktop, "denied").await?;
    desktop.keys("e").await?;
    desktop
        .until("the policy in the editor", "return window.__remit?.editor.get().includes('forbid')")
        .await?;
    desktop
        .run("window.__remit.editor.set(window.__remit.editor.get() + '\\npermit (principal')", &[])
        .await?;
    desktop.find("finding").await?;
    desktop.control('s').await?;
    desktop
        .until("the blocked replay", "return document.body.dataset.replay === 'blocked'")
        .await?;
    desktop.find("blocked").await?;
    assert_eq!(counts(&desktop).await?, before, "the last good verdicts stay");
    desktop.picture("blocked-light").await?;
    assert_eq!(desktop.accessibility().await?, Vec::<String>::new());
    end(desktop).await
}

#[tokio::test]
async fn every_view_is_accessible_in_light() -> Result<()> {
    accessible("light").await
}

#[tokio::test]
async fn every_view_is_accessible_in_dark() -> Result<()> {
    accessible("dark").await
}

/// Keeps a picture of every view, too.
async fn accessible(theme: &str) -> Result<()> {
    let desktop = Desktop::start(&["--sample"]).await?;
    replayed(&desktop).await?;
    desktop.find(&format!("theme-{theme}")).await?.click().await?;
    let is_on = format!("return document.documentElement.dataset.theme === '{theme}'");
    desktop.until("the theme", &is_on).await?;
    walk_to(&desktop, "drifted").await?;
    settled(&desktop).await?;
    desktop.picture(&format!("incident-{theme}")).await?;
    let mut found = Vec::new();
    for (view, way) in &VIEWS {
        go(&desktop, way).await?;
        settled(&desktop).await?;
        desktop.picture(&format!("{view}-{theme}")).await?;
        let here = desktop.accessibility().await?;
        found.extend(here.into_iter().map(|finding| format!("{view}: {finding}")));
    }
    assert!(found.is_empty(), "axe-core found\n{}", found.join("\n"));
    end(desktop).await
}

/// From a session to the draft of its task's scope, by keyboard; its effect shows, and nothing is saved.
#[tokio::test]
async fn a_learnt_scope_becomes_a_draft() -> Result<()> {
    let desktop = Desktop::start(&["--sample"]).await?;
    replayed(&desktop).await?;
    walk_to(&desktop, "drifted").await?;
    desktop.find("tab-learn").await?.send_keys(&char::from(Key::Enter).to_string()).await?;
    desktop.find("learn-view").await?;
    desktop.run("document.querySelector('[data-testid=learn-from]').focus()", &[]).await?;
    desktop.keys("a").await?;
    desktop.find("learn").await?.send_keys(&char::from(Key::Enter).to_string()).await?;
    desktop.find("learnt-clause").await?;
    settled(&desktop).await?;
    desktop.picture("learnt-light").await?;
    assert_eq!(desktop.accessibility().await?, Vec::<String>::new());
    desktop.find("use-scope").await?.send_keys(&char::from(Key::Enter).to_string()).await?;
    desktop.find("learn-drafted").await?;
    desktop.until("the draft's verdicts", "return document.body.dataset.of === 'draft'").await?;
    desktop
        .until(
            "the draft in the editor",
            "return window.__remit.editor.get().includes('@learned_from')",
        )
        .await?;
    let saved = desktop.home.path().join("data/dev.remit.desktop/sample/payments-desk/scopes");
    for file in std::fs::read_dir(saved)? {
        assert!(
            !std::fs::read_to_string(file?.path())?.contains("@learned_from"),
            "nothing is saved"
        );
    }
    end(desktop).await
}

/// A rule over history is written, catches calls of the sample, and leads back to the step that it rests on.
#[tokio::test]
async fn a_rule_over_history_catches_calls_and_leads_to_its_witness() -> Result<()> {
    let desktop = Desktop::start(&["--sample"]).await?;
    replayed(&desktop).await?;
    let before = counts(&desktop).await?;
    desktop.find("tab-files").await?.click().await?;
    desktop.run("document.querySelector('[data-group=Guardrails]').click()", &[]).await?;
    let field = desktop.find("name-field").await?;
    desktop.run(NAME_IT, &[json!("guardrails/history.dw")]).await?;
    field.send_keys(&char::from(Key::Enter).to_string()).await?;
    desktop
        .until("the new file", "return window.__remit?.editor.get().startsWith('// history')")
        .await?;
    desktop
        .run("window.__remit.editor.set(arguments[0])", &[json!(NO_PAYMENT_AFTER_FILES)])
        .await?;
    let more = format!(
        "return document.body.dataset.of === 'draft' && Number(document.querySelector('[data-testid=count-denied]').dataset.count) > {}",
        before[1]
    );
    desktop.until("calls that the draft denies", &more).await?;
    assert_eq!(before.iter().sum::<u64>(), counts(&desktop).await?.iter().sum::<u64>());
    desktop.find("next-change").await?.click().await?;
    let witness = desktop.find("witness-step").await?;
    desktop.find("what-if").await?;
    desktop
        .run("document.querySelector('[data-testid=why-history]').scrollIntoView()", &[])
        .await?;
    settled(&desktop).await?;
    desktop.picture("history-light").await?;
    assert_eq!(desktop.accessibility().await?, Vec::<String>::new());
    let step = witness.attr("data-step-shown").await?.unwrap_or_default();
    witness.send_keys(&char::from(Key::Enter).to_string()).await?;
    let there = format!(
        "return document.querySelector('[data-step][aria-current]')?.dataset.step === '{step}'"
    );
    desktop.until("the step that the condition rests on", &there).await?;
    end(desktop).await
}

const NAME_IT: &str = "
    const field = document.querySelector('[data-testid=name-field]');
    field.value = arguments[0];
    field.dispatchEvent(new Event('input', { bubbles: true }));";

const NO_PAYMENT_AFTER_FILES: &str = "@id(\"no-payment-after-files\")\nforbid (principal, action == Action::\"make_payment\", resource)\nwhen temporal { formerly within 8h Action::\"read_file\"::response{} };\n";

#[tokio::test]
async fn the_start_page_is_accessible() -> Result<()> {
    let desktop = Desktop::start(&["--sample"]).await?;
    replayed(&desktop).await?;
    for theme in ["light", "dark"] {
        desktop.find(&format!("theme-{theme}")).await?.click().await?;
        desktop.find("to-start").await?.click().await?;
        desktop.find("start").await?;
        settled(&desktop).await?;
        desktop.picture(&format!("start-{theme}")).await?;
        assert_eq!(desktop.accessibility().await?, Vec::<String>::new(), "{theme}");
        desktop.find("open-sample").await?.click().await?;
        replayed(&desktop).await?;
    }
    end(desktop).await
}

/// Nothing moves any more but what moves for ever, like a caret: what was asked for is painted.
async fn settled(desktop: &Desktop) -> Result<()> {
    desktop.until("the end of all motion", MOTION_IS_OVER).await
}

const MOTION_IS_OVER: &str = "
    const ends = (a) => a.effect?.getComputedTiming().endTime !== Infinity;
    return document.getAnimations().filter(ends).every((a) => a.playState !== 'running');";

/// How to get from one view to the next.
enum Go {
    Click(&'static str),
    Key(char),
}

/// Name of a view, and how to get there from the one before.
const VIEWS: [(&str, Go); 11] = [
    ("sessions", Go::Click("tab-sessions")),
    ("session", Go::Click("session-row")),
    ("policies", Go::Click("tab-policies")),
    ("editor", Go::Click("policy-row")),
    ("files", Go::Click("tab-files")),
    ("learn", Go::Click("tab-learn")),
    ("score", Go::Click("tab-score")),
    ("friction", Go::Click("tab-friction")),
    ("shortcuts", Go::Key('?')),
    ("shortcuts-closed", Go::Key('\u{e00c}')),
    ("palette", Go::Click("open-palette")),
];

async fn go(desktop: &Desktop, to: &Go) -> Result<()> {
    match to {
        Go::Click(testid) => Ok(desktop.find(testid).await?.click().await?),
        Go::Key(key) => desktop.keys(&key.to_string()).await,
    }
}

#[tokio::test]
async fn hostile_text_is_shown_and_never_run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("hostile");
    hostile_workspace(&root)?;
    let desktop = Desktop::start(&[&root.to_string_lossy()]).await?;
    replayed(&desktop).await?;
    desktop.find("session-row").await?.click().await?;
    desktop
        .until("the hostile result", "return document.body.innerText.includes('<script>')")
        .await?;
    let ran = desktop.run("return [document.body.dataset.hacked ?? null, document.querySelectorAll('[data-testid=step-row] img, [data-testid=step-row] script').length]", &[]).await?;
    assert_eq!(ran, json!([null, 0]));
    end(desktop).await
}

fn hostile_workspace(root: &std::path::Path) -> Result<()> {
    let write = |path: &str, text: &str| -> std::io::Result<()> {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(root))?;
        std::fs::write(path, text)
    };
    write("remit.toml", "name = \"<b>hostile</b>\"\n")?;
    write(
        "schema.cedarschema",
        "entity Agent; entity Server;\naction \"read\" appliesTo { principal: Agent, resource: Server, context: { input: { path: String } } };\n",
    )?;
    write(
        "guardrails/all.cedar",
        "@id(\"all\")\n@why(\"<img src=x onerror=\\\"document.body.dataset.hacked=1\\\">\")\npermit (principal, action, resource);\n",
    )?;
    write(
        "sessions/a.session",
        concat!(
            "session <script>document.body.dataset.hacked=1</script>\nagent <b>a</b>\n\nuser: <img src=x onerror=\"document.body.dataset.hacked=1\">\n",
            "call read: {\"path\":\"<script>document.body.dataset.hacked=1</script>\"}\n",
            "result: <script>document.body.dataset.hacked=1</script><svg onload=\"document.body.dataset.hacked=1\">\n"
        ),
    )?;
    Ok(())
}
