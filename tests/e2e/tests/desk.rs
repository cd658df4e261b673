//! The authoring desk in the real window: a rule written with completion, mended, formatted, saved, taken
//! back; and how short a newcomer's way to a policy is.
//!
//! How long a key takes to its marks and its counts is printed (`--nocapture`), never asserted.

#![allow(
    clippy::indexing_slicing,
    reason = "a missing field of a JSON value is `null`, and fails the test"
)]

use fantoccini::key::Key;
use remit_e2e::{Desktop, Result};
use serde_json::json;
use std::time::Instant;

/// From the first start to a saved policy that stops what drifted.
const ACTIONS_MAX: u32 = 10;

async fn replayed(desktop: &Desktop) -> Result<()> {
    desktop.until("the replay", "return document.body.dataset.replay === 'ready'").await
}

async fn number(desktop: &Desktop, testid: &str) -> Result<u64> {
    let shown = desktop.find(testid).await?.attr("data-count").await?;
    Ok(shown.unwrap_or_default().parse()?)
}

async fn editor(desktop: &Desktop) -> Result<String> {
    let text = desktop.run("return window.__remit?.editor.get() ?? ''", &[]).await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

async fn end(desktop: Desktop) -> Result<()> {
    let errors = desktop.errors().await?;
    desktop.client.clone().close().await?;
    assert_eq!(errors, json!([]), "errors in the window");
    Ok(())
}

/// Every guardrail on disk.
fn guardrails(desktop: &Desktop) -> Result<String> {
    let sample = desktop.home.path().join("data/dev.remit.desktop/sample/payments-desk/guardrails");
    let files = std::fs::read_dir(sample)?;
    Ok(files.filter_map(|f| std::fs::read_to_string(f.ok()?.path()).ok()).collect())
}

/// What a newcomer does, counted: a key or a click is one action.
struct Newcomer<'d> {
    desktop: &'d Desktop,
    actions: u32,
}

impl Newcomer<'_> {
    async fn press(&mut self, keys: &str) -> Result<()> {
        self.actions += 1;
        self.desktop.press(keys).await
    }

    async fn click(&mut self, testid: &str) -> Result<()> {
        let target = self.desktop.find(testid).await?;
        self.actions += 1;
        Ok(target.click().await?)
    }
}

#[tokio::test]
async fn a_newcomer_stops_what_drifted_in_a_few_actions() -> Result<()> {
    let desktop = Desktop::start(&[]).await?;
    replayed(&desktop).await?;
    let before = number(&desktop, "count-drifted").await?;
    assert!(before > 0, "the sample holds an incident");
    let on_disk = guardrails(&desktop)?;
    let mut newcomer = Newcomer { desktop: &desktop, actions: 0 };
    desktop.find("why-sentence").await?;
    while desktop.find("why").await?.attr("data-verdict").await?.as_deref() != Some("drifted") {
        let here = desktop.run("return location.hash", &[]).await?;
        newcomer.press("]").await?;
        desktop.until_why_elsewhere(&here).await?;
    }
    newcomer.click("forbid-such").await?;
    newcomer.click("draft-candidate").await?;
    desktop
        .until("the effect of the draft", &format!("return document.body.dataset.of === 'draft' && Number(document.querySelector('[data-testid=count-drifted]').dataset.count) < {before}"))
        .await?;
    assert_eq!(guardrails(&desktop)?, on_disk, "nothing is saved yet");
    desktop.picture("newcomer-light").await?;
    newcomer.press(&format!("{0}s{0}", char::from(Key::Control))).await?;
    desktop.until("the save", "return document.body.dataset.of === 'saved' && document.querySelector('[data-testid=save]')?.textContent.includes('Saved')").await?;
    assert!(number(&desktop, "count-drifted").await? < before);
    assert!(guardrails(&desktop)?.len() > on_disk.len(), "the policy is on disk");
    println!("first start to a saved policy: {} actions", newcomer.actions);
    assert!(newcomer.actions <= ACTIONS_MAX, "{} actions", newcomer.actions);
    end(desktop).await
}

const LISTED: &str =
    "return document.querySelector('.cm-tooltip-autocomplete li[aria-selected=true]') !== null";
const CONTROL: char = '\u{e009}';

/// Whether the selected offer holds `WANTED`, and has been there for long enough: the editor takes none
/// that came just now, since nobody can have seen it.
const SEEN: &str = "
    const offer = document.querySelector('.cm-tooltip-autocomplete li[aria-selected=true]')?.textContent;
    if (window.__offer?.text !== offer) window.__offer = { text: offer, since: performance.now() };
    return offer !== undefined && offer.includes(WANTED) && performance.now() - window.__offer.since > 200;";

/// Types the beginning of a word, and takes the first offer that holds `wanted`.
async fn complete(desktop: &Desktop, typed: &str, wanted: &str) -> Result<()> {
    desktop.press(typed).await?;
    desktop.until(&format!("offers for `{typed}`"), LISTED).await?;
    let selected = format!(
        "return document.querySelector('.cm-tooltip-autocomplete li[aria-selected=true]')?.textContent.includes({}) === true",
        json!(wanted)
    );
    for _ in 0..20 {
        if desktop.run(&selected, &[]).await? == json!(true) {
            break;
        }
        desktop.press(&char::from(Key::Down).to_string()).await?;
    }
    let seen = SEEN.replace("WANTED", &json!(wanted).to_string());
    desktop.until(&format!("the offer `{wanted}`"), &seen).await?;
    let before = editor(desktop).await?;
    desktop.press(&char::from(Key::Enter).to_string()).await?;
    let written = format!("return window.__remit.editor.get() !== {}", json!(before));
    desktop.until("what was chosen", &written).await
}

#[tokio::test]
async fn a_rule_is_written_with_completion_mended_formatted_saved_and_taken_back() -> Result<()> {
    let desktop = Desktop::start(&["--sample"]).await?;
    replayed(&desktop).await?;
    let before = number(&desktop, "count-denied").await?;
    desktop.press(&format!("{CONTROL}n{CONTROL}")).await?;
    desktop.until("a new file", "return window.__remit?.editor.get().startsWith('// new')").await?;
    desktop
        .until("the cursor", "return document.activeElement?.closest('.cm-editor') != null")
        .await?;
    desktop.press(&format!("{CONTROL}{}{CONTROL}", char::from(Key::End))).await?;

    complete(&desktop, "forb", "forbid").await?;
    desktop.picture("completion-light").await?;
    desktop.press(" ").await?;
    complete(&desktop, &format!("{CONTROL} {CONTROL}"), "(principal, action, resource)").await?;
    complete(&desktop, "make", "make_payment").await?;
    desktop.press(&format!("{CONTROL}{}{CONTROL}", char::from(Key::End))).await?;
    let typed = Instant::now();
    desktop.press(";").await?;
    desktop
        .until("more denied calls", &format!("return document.body.dataset.of === 'draft' && Number(document.querySelector('[data-testid=count-denied]').dataset.count) > {before}"))
        .await?;
    println!("key to counts: {} ms at most", typed.elapsed().as_millis());

    let typed = Instant::now();
    desktop.run("window.__remit.editor.set(window.__remit.editor.get().replace('make_payment', 'make_paymnt'))", &[]).await?;
    desktop
        .until(
            "the error",
            "return document.querySelector('[data-testid=finding][data-severity=error]') !== null",
        )
        .await?;
    println!("edit to diagnostic: {} ms at most", typed.elapsed().as_millis());
    desktop.picture("finding-light").await?;
    desktop.find("fix").await?.click().await?;
    desktop
        .until("the mended text", "return window.__remit.editor.get().includes('make_payment')")
        .await?;
    desktop.find("format").await?.click().await?;
    desktop
        .until("the formatted text", "return window.__remit.editor.get().includes('forbid (\\n')")
        .await?;
    desktop
        .until(
            "no error and the draft's counts",
            "return document.querySelector('[data-testid=finding][data-severity=error]') === null
                && document.body.dataset.of === 'draft'",
        )
        .await?;
    desktop.press(&format!("{CONTROL}s{CONTROL}")).await?;
    desktop.until("the save", "return document.body.dataset.of === 'saved' && document.querySelector('[data-testid=save]')?.textContent.includes('Saved')").await?;
    assert!(guardrails(&desktop)?.contains("forbid ("), "formatted and saved");
    let saved = editor(&desktop).await?;
    desktop.run("document.querySelector('[data-testid=editor-text]').focus()", &[]).await?;
    desktop.press(&format!("{CONTROL}z{CONTROL}")).await?;
    desktop
        .until(
            "the text before",
            &format!("return window.__remit.editor.get() !== {}", json!(saved)),
        )
        .await?;
    assert_eq!(desktop.accessibility().await?, Vec::<String>::new());
    end(desktop).await
}
