//! An incident in the real window: from the first drift back to the text that started it, on to a rule, its
//! test, and a report that others can open.

#![allow(
    clippy::indexing_slicing,
    reason = "a missing field of a JSON value is `null`, and fails the test"
)]

use fantoccini::key::Key;
use remit_e2e::{Desktop, Result};
use serde_json::{Value, json};

async fn replayed(desktop: &Desktop) -> Result<()> {
    desktop.until("the replay", "return document.body.dataset.replay === 'ready'").await
}

async fn end(desktop: Desktop) -> Result<()> {
    let errors = desktop.errors().await?;
    desktop.client.clone().close().await?;
    assert_eq!(errors, json!([]), "errors in the window");
    Ok(())
}

/// Goes on from finding to finding until one drifted.
async fn to_the_first_drift(desktop: &Desktop) -> Result<()> {
    desktop.find("why-sentence").await?;
    while desktop.find("why").await?.attr("data-verdict").await?.as_deref() != Some("drifted") {
        let here = desktop.run("return location.hash", &[]).await?;
        desktop.press("]").await?;
        desktop.until_why_elsewhere(&here).await?;
    }
    Ok(())
}

/// A key with Shift.
fn shifted(key: char) -> String {
    let shift = char::from(Key::Shift);
    [shift, key, shift].iter().collect()
}

/// The text of a file of the sample.
fn file(desktop: &Desktop, path: &str) -> Option<String> {
    let root = desktop.home.path().join("data/dev.remit.desktop/sample/payments-desk");
    std::fs::read_to_string(root.join(path)).ok()
}

const READ_REPORT: &str = "
    const page = new DOMParser().parseFromString(arguments[0], 'text/html');
    const count = (verdict) => Number(page.querySelector(`[data-count=${verdict}]`)?.textContent);
    return {
        counts: Object.fromEntries(['allowed', 'denied', 'drifted', 'unknown'].map((v) => [v, count(v)])),
        active: page.querySelectorAll('script, iframe, object, embed, img, link, [onload], [onerror]').length,
        findings: page.querySelectorAll('article').length,
        marks: page.querySelectorAll('svg.timeline g').length,
    };";

const SHOWN_COUNTS: &str = "
    const count = (verdict) => Number((document.querySelector(`[data-testid=session-${verdict}]`)?.textContent ?? '0').match(/\\d+/)?.[0]);
    return Object.fromEntries(['allowed', 'denied', 'drifted', 'unknown'].map((v) => [v, count(v)]));";

#[tokio::test]
async fn an_incident_becomes_a_rule_a_test_and_a_report() -> Result<()> {
    let desktop = Desktop::start(&["--sample"]).await?;
    replayed(&desktop).await?;
    to_the_first_drift(&desktop).await?;

    let because = "return document.querySelector('[data-testid=because-step]') !== null";
    if desktop.run(because, &[]).await? == json!(true) {
        let drift = desktop.run("return location.hash", &[]).await?;
        desktop.find("because-step").await?.click().await?;
        desktop
            .until("where the value comes from", &format!("return location.hash !== {drift}"))
            .await?;
        to_the_first_drift_again(&desktop, &drift).await?;
    }

    desktop.press("s").await?;
    desktop.find("stop-rules").await?;
    let wide = "const rule = document.querySelector('[data-testid=stop-rule][data-reach=tool]');
        return rule?.querySelectorAll('[data-testid=stop-missed]').length > 0";
    desktop.until("good calls that the widest rule would deny", wide).await?;
    desktop.picture("stop-light").await?;
    assert!(file(&desktop, "guardrails/incidents.cedar").is_none(), "nothing is written yet");
    desktop
        .run("document.querySelector('[data-testid=stop-rule][data-reach=call] [data-testid=accept-rule]').click()", &[])
        .await?;
    desktop
        .until(
            "the rule",
            "return document.querySelector('[data-testid=stop-rules] [role=status]') !== null",
        )
        .await?;
    replayed(&desktop).await?;
    let rule = file(&desktop, "guardrails/incidents.cedar").unwrap_or_default();
    assert!(rule.contains("forbid") && rule.contains("@id(\"stop-"), "{rule}");
    assert!(
        file(&desktop, "tests/incidents.toml").unwrap_or_default().contains("verdict = \"denied\"")
    );
    desktop
        .until(
            "the verdict",
            "return document.querySelector('[data-testid=why]')?.dataset.verdict === 'denied'",
        )
        .await?;

    desktop.press(&shifted('X')).await?;
    desktop
        .until("the tests", "return /\\d+ of \\d+ hold/.test(document.querySelector('[data-testid=tests-summary]')?.textContent ?? '')")
        .await?;
    let wrong = desktop
        .run("return document.querySelectorAll('[data-testid=test]:not([data-outcome=passed])').length", &[])
        .await?;
    assert_eq!(wrong, json!(1), "the drift that the sample's own test expects is stopped now");
    desktop.picture("tests-light").await?;

    desktop.press(&shifted('S')).await?;
    desktop.press(&shifted('W')).await?;
    let is_told = "return document.querySelector('[data-testid=told]')?.textContent.includes('The report is in') === true";
    desktop.until("where the report is", is_told).await?;
    let told = "return document.querySelector('[data-testid=told] p').textContent";
    let told = desktop.run(told, &[]).await?;
    let told = told.as_str().unwrap_or_default();
    let path = told.trim_start_matches("The report is in ").trim().to_owned();
    let report = std::fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
    let read: Value = desktop.run(READ_REPORT, &[json!(report)]).await?;
    let shown = desktop.run(SHOWN_COUNTS, &[]).await?;
    assert_eq!(read["counts"], shown, "the report and the window count alike");
    assert_eq!(read["active"], json!(0), "nothing in it is loaded or run");
    assert!(read["findings"].as_u64() > Some(0) && read["marks"].as_u64() > Some(0), "{read}");
    assert_eq!(desktop.accessibility().await?, Vec::<String>::new());
    end(desktop).await
}

/// Back to the call that was left.
async fn to_the_first_drift_again(desktop: &Desktop, hash: &Value) -> Result<()> {
    desktop.run("location.hash = arguments[0]", std::slice::from_ref(hash)).await?;
    desktop
        .until(
            "the drift again",
            "return document.querySelector('[data-testid=why]')?.dataset.verdict === 'drifted'",
        )
        .await
}
