//! Starts the built app in a real window and drives it over WebDriver.
//!
//! WebKitWebDriver starts the app itself, so there is no other host in between: what is tested is
//! what people get. Every wait is for a state that the app shows, never for a time.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a state may take to show. Generous: a slow machine is no failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// The app in its window. Ends with it.
pub struct Desktop {
    /// The WebDriver session.
    pub client: Client,
    driver: Child,
    /// The app's home: settings, the copy of the sample.
    pub home: tempfile::TempDir,
}

/// What a test may fail with.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

impl Desktop {
    /// Starts the app with these arguments and a home of its own, and waits for its first view.
    ///
    /// # Errors
    /// If the app was not built, or the driver is not installed.
    pub async fn start(arguments: &[&str]) -> Result<Self> {
        Self::start_within(PATIENCE, arguments).await
    }

    /// As [`start`](Self::start), where the first view may take so long.
    ///
    /// # Errors
    /// If the app was not built, or the driver is not installed.
    pub async fn start_within(patience: Duration, arguments: &[&str]) -> Result<Self> {
        let binary = binary();
        if !binary.exists() {
            return Err(format!(
                "there is no {}; build the app first: npm run build in ui/, then cargo build -p \
                 remit-desktop, with --release if the test is built so",
                binary.display()
            )
            .into());
        }
        let home = tempfile::tempdir()?;
        let port = free_port()?;
        let mut driver = driver(port, home.path())?;
        let capabilities =
            json!({ "webkitgtk:browserOptions": { "binary": binary, "args": arguments } });
        let client = match connect(port, &capabilities).await {
            Ok(client) => client,
            Err(error) => {
                end(&mut driver);
                return Err(error);
            }
        };
        let desktop = Desktop { client, driver, home };
        let is_there = "return document.body?.dataset.ready === 'true'";
        desktop.until_within(patience, "the first view", is_there).await?;
        desktop.run(COLLECT_ERRORS, &[]).await?;
        Ok(desktop)
    }

    /// Runs a script in the window.
    ///
    /// # Errors
    /// If the script throws.
    pub async fn run(&self, script: &str, arguments: &[Value]) -> Result<Value> {
        Ok(self.client.execute(script, arguments.to_vec()).await?)
    }

    /// Waits until a script returns `true`.
    ///
    /// # Errors
    /// If it does not for longer than anybody would wait; `what` says what was waited for.
    pub async fn until(&self, what: &str, script: &str) -> Result<()> {
        self.until_within(PATIENCE, what, script).await
    }

    /// Waits until the window is at another place than `address`, and says why about the step there.
    ///
    /// # Errors
    /// As [`until`](Self::until).
    pub async fn until_why_elsewhere(&self, address: &Value) -> Result<()> {
        let told = format!(
            "const step = new URLSearchParams(location.hash.slice(1)).get('step');
            const why = document.querySelector('[data-testid=why]');
            return location.hash !== {address} && why?.dataset.step === step;"
        );
        self.until("the next finding", &told).await
    }

    /// As [`until`](Self::until), for what may take so long.
    ///
    /// # Errors
    /// If it takes longer.
    pub async fn until_within(&self, patience: Duration, what: &str, script: &str) -> Result<()> {
        let started = std::time::Instant::now();
        while started.elapsed() < patience {
            if self.client.execute(script, vec![]).await.is_ok_and(|v| v == json!(true)) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let body = self.run("return document.body.innerText.slice(0, 2000)", &[]).await?;
        Err(format!(
            "waited in vain for {what}; the window shows:\n{}",
            body.as_str().unwrap_or_default()
        )
        .into())
    }

    /// The element with this `data-testid`.
    ///
    /// # Errors
    /// If it does not come.
    pub async fn find(&self, testid: &str) -> Result<Element> {
        let css = format!("[data-testid='{testid}']");
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(&css)).await;
        found.map_err(|e: CmdError| format!("no `{testid}`: {e}").into())
    }

    /// Types keys into whatever has the focus.
    ///
    /// # Errors
    /// If nothing takes keys.
    pub async fn keys(&self, keys: &str) -> Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// Presses keys one after the other, wherever the focus is; `Control` and `Shift` are held until they
    /// come again.
    ///
    /// # Errors
    /// If the driver refuses.
    pub async fn press(&self, keys: &str) -> Result<()> {
        let mut actions = KeyActions::new("keyboard".to_owned());
        let mut held = Vec::new();
        for value in keys.chars() {
            if held.contains(&value) {
                held.retain(|other| *other != value);
                actions = actions.then(KeyAction::Up { value });
            } else if [Key::Control, Key::Shift].map(char::from).contains(&value) {
                held.push(value);
                actions = actions.then(KeyAction::Down { value });
            } else {
                actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
            }
        }
        Ok(self.client.perform_actions(actions).await?)
    }

    /// The app's processes (its own, and those of the web engine) and what each has in memory, in MiB.
    pub fn memory(&self) -> Vec<(String, u64)> {
        let mut processes = Vec::new();
        let mut waiting = children(self.driver.id());
        while let Some(process) = waiting.pop() {
            waiting.extend(children(process));
            let status =
                std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            let field = |name| {
                status.lines().find_map(|l: &str| l.strip_prefix(name)).unwrap_or_default().trim()
            };
            let kib = field("VmRSS:").trim_end_matches(" kB").parse().unwrap_or(0_u64);
            processes.push((field("Name:").to_owned(), kib / 1024));
        }
        processes.sort();
        processes
    }

    /// Presses `Control` with a key.
    ///
    /// # Errors
    /// If nothing takes keys.
    pub async fn control(&self, key: char) -> Result<()> {
        self.keys(&format!("{}{key}{}", char::from(Key::Control), char::from(Key::Null))).await
    }

    /// Keeps a picture of the window in `tests/screenshots/`, which git ignores.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn picture(&self, name: &str) -> Result<()> {
        self.run(KEEP_PAINTING, &[]).await?;
        let picture = self.client.screenshot().await?;
        self.run("window.__painting = false", &[]).await?;
        let folder = project().join("tests/screenshots");
        std::fs::create_dir_all(&folder)?;
        Ok(std::fs::write(folder.join(format!("{name}.png")), picture)?)
    }

    /// What axe-core finds serious or critical in the window as it is, one line each.
    ///
    /// # Errors
    /// If axe-core is not installed or does not run.
    pub async fn accessibility(&self) -> Result<Vec<String>> {
        let axe = std::fs::read_to_string(project().join("ui/node_modules/axe-core/axe.min.js"))?;
        self.run(&axe, &[]).await?;
        let found = self.client.execute_async(RUN_AXE, vec![]).await?;
        let lines = found.as_array().cloned().unwrap_or_default();
        Ok(lines.iter().filter_map(|l| l.as_str().map(str::to_owned)).collect())
    }

    /// Errors and unhandled rejections in the window since the start.
    ///
    /// # Errors
    /// If the window is gone.
    pub async fn errors(&self) -> Result<Value> {
        self.run("return window.__errors ?? []", &[]).await
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        end(&mut self.driver);
    }
}

/// That a ResizeObserver's work goes on in the next frame is reported as an error event by the
/// specification, and is none.
const COLLECT_ERRORS: &str = "
    window.__errors = [];
    addEventListener('error', (e) => e.message.startsWith('ResizeObserver loop') || window.__errors.push(String(e.message)));
    addEventListener('unhandledrejection', (e) => window.__errors.push(String(e.reason?.message ?? JSON.stringify(e.reason))));";

/// The driver takes its picture with the next frame that is painted, and waits for ever where nothing
/// changes. What is changed here nobody can see.
const KEEP_PAINTING: &str = "
    window.__painting = true;
    let odd = false;
    const paint = () => {
        odd = !odd;
        document.body.style.opacity = window.__painting ? (odd ? '0.9999' : '1') : '';
        if (window.__painting) requestAnimationFrame(paint);
    };
    requestAnimationFrame(paint);";

const RUN_AXE: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then((found) => done(
        found.violations
            .filter((v) => v.impact === 'serious' || v.impact === 'critical')
            .flatMap((v) => v.nodes.map((n) => `${v.impact} ${v.id}: ${n.target.join(' ')} ${n.failureSummary}`))),
        (error) => done([`axe-core failed: ${error}`]));";

/// The project's folder.
pub fn project() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The app, built as this test is.
fn binary() -> PathBuf {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| project().join("target")).join(profile).join("remit-desktop")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn driver(port: u16, home: &Path) -> Result<Child> {
    let child = Command::new("WebKitWebDriver")
        .args([format!("--port={port}"), "--host=127.0.0.1".to_owned()])
        .env("TAURI_WEBVIEW_AUTOMATION", "true")
        .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    child.map_err(|e| {
        format!("WebKitWebDriver did not start ({e}); install webkit2gtk-driver").into()
    })
}

async fn connect(port: u16, capabilities: &Value) -> Result<Client> {
    let capabilities = capabilities.as_object().cloned().unwrap_or_default();
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    let address = format!("http://127.0.0.1:{port}");
    let started = std::time::Instant::now();
    loop {
        match builder.connect(&address).await {
            Ok(client) => return Ok(client),
            Err(error) if started.elapsed() > PATIENCE => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// The driver's children outlive it, so they are ended first.
fn end(driver: &mut Child) {
    for child in children(driver.id()) {
        let _ = Command::new("kill").arg(child.to_string()).status();
    }
    let _ = driver.kill();
    let _ = driver.wait();
}

/// Each thread lists those that it started.
fn children(process: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    let listed = threads
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("children")).ok());
    let listed: Vec<String> = listed.collect();
    listed.iter().flat_map(|l| l.split_whitespace()).filter_map(|c| c.parse().ok()).collect()
}
