//! The state behind the desktop's commands: one open workspace, its recordings, its last good replay.
//!
//! Every answer is made from a snapshot. Long work runs on a thread of its own and is abandoned when
//! a newer edit comes: the revision that it was started for is no longer the newest.

mod drafts;

use crate::open::{load_recordings, workspace_sources};
use crate::settings::Settings;
use crate::watch::Watch;
use crate::wire::*;
use crate::{files, templates, view};
use camino::{Utf8Path, Utf8PathBuf};
use remit_policy::Workspace;
use remit_replay::{Mapper, Replay, replay};
use remit_session::Loaded;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// At most thirty progress events a second: the window cannot show more.
const PROGRESS_EVERY: Duration = Duration::from_millis(33);

/// How the host starts the app.
pub struct AppOptions {
    /// Where settings and the copy of the sample are kept.
    pub data: Utf8PathBuf,
    /// What to open first.
    pub initial: Initial,
    /// Carries events to the window; called from any thread.
    pub emit: Box<dyn Fn(AppEvent) + Send + Sync>,
}

/// What to open first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Initial {
    /// The window decides: the sample on the very first start, else the start page.
    Nothing,
    /// The copy of the sample incident.
    Sample,
    /// The workspace named on the command line.
    Folder(Utf8PathBuf),
}

/// Answers the commands of a host. Cheap to clone; all clones are one app.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    options: AppOptions,
    settings: Mutex<Settings>,
    open: Mutex<Option<Open>>,
    revision: AtomicU32,
    /// The newest request to judge drafts.
    drafts: AtomicU32,
    /// Held while drafts are judged, and never while views are made.
    judging: Mutex<()>,
    watch: Mutex<Option<Watch>>,
}

/// The open workspace.
struct Open {
    workspace: Arc<Workspace>,
    is_sample: bool,
    loaded: Option<Arc<Loaded>>,
    good: Option<Snapshot>,
    replay: ReplayState,
}

/// A replay with all that it was made from.
#[derive(Clone)]
pub(crate) struct Snapshot {
    pub workspace: Arc<Workspace>,
    pub loaded: Arc<Loaded>,
    pub replay: Arc<Replay>,
    pub summary: Summary,
}

impl Snapshot {
    /// `None` if `progress` cancelled.
    fn of(
        workspace: &Arc<Workspace>,
        loaded: &Arc<Loaded>,
        progress: &(dyn Fn(u32) -> ControlFlow<()> + Sync),
    ) -> Option<Self> {
        let replay = Arc::new(replay(workspace, &loaded.recordings, progress).ok()?);
        let summary = view::summary(&replay, loaded);
        let (workspace, loaded) = (Arc::clone(workspace), Arc::clone(loaded));
        Some(Snapshot { workspace, loaded, replay, summary })
    }
}

impl App {
    /// A new app with nothing open.
    pub fn new(options: AppOptions) -> Self {
        let settings = Mutex::new(Settings::load(&options.data));
        App(Arc::new(Shared {
            options,
            settings,
            open: Mutex::new(None),
            revision: AtomicU32::new(0),
            drafts: AtomicU32::new(0),
            judging: Mutex::new(()),
            watch: Mutex::new(None),
        }))
    }

    pub(crate) fn app_info(&self, _: Nothing) -> Result<AppInfo, ErrorDto> {
        let settings = lock(&self.0.settings);
        let template = |name: &str| Template {
            name: name.to_owned(),
            description: templates::description(name).unwrap_or_default(),
        };
        Ok(AppInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            engine: remit_replay::engine(),
            templates: templates::names().into_iter().map(template).collect(),
            recent: settings.recent.clone(),
            initial: self.initial()?.map(Utf8PathBuf::into_string),
            sample: templates::SAMPLE.to_owned(),
            preferences: settings.preferences.clone(),
        })
    }

    pub(crate) fn set_preferences(
        &self,
        preferences: Preferences,
    ) -> Result<Preferences, ErrorDto> {
        let mut settings = lock(&self.0.settings);
        settings.preferences = preferences.clone();
        settings.save();
        Ok(preferences)
    }

    pub(crate) fn open_workspace(&self, request: WorkspacePath) -> Result<WorkspaceView, ErrorDto> {
        let root = absolute(&request.path)?;
        self.open(&root, root == self.sample_folder())
    }

    pub(crate) fn open_sample(&self, _: Nothing) -> Result<WorkspaceView, ErrorDto> {
        let root = self.sample()?;
        self.open(&root, true)
    }

    pub(crate) fn create_workspace(
        &self,
        request: NewWorkspace,
    ) -> Result<WorkspaceView, ErrorDto> {
        let root = absolute(&request.path)?;
        files::write_template(&request.template, &root)?;
        self.open(&root, false)
    }

    pub(crate) fn workspace(&self, _: Nothing) -> Result<WorkspaceView, ErrorDto> {
        self.with_open(|open| self.view_of(open))
    }

    pub(crate) fn sessions(&self, request: SessionsRequest) -> Result<SessionPage, ErrorDto> {
        match self.snapshot()? {
            Some(snapshot) => Ok(view::session_page(&snapshot, &request)),
            None => Ok(SessionPage { total: 0, rows: Vec::new(), skipped: Vec::new() }),
        }
    }

    pub(crate) fn session(&self, request: SessionRequest) -> Result<SessionView, ErrorDto> {
        view::session_view(&self.judged()?, request.session)
    }

    pub(crate) fn steps(&self, request: StepsRequest) -> Result<StepPage, ErrorDto> {
        view::step_page(&self.judged()?, &request)
    }

    pub(crate) fn step_text(&self, request: StepRequest) -> Result<StepText, ErrorDto> {
        view::step_text(&self.judged()?, &request)
    }

    pub(crate) fn why(&self, request: StepRequest) -> Result<Why, ErrorDto> {
        let snapshot = self.judged()?;
        let mapper = Mapper::new(&snapshot.workspace);
        view::why(&snapshot, mapper.as_ref(), &request)
    }

    pub(crate) fn call_at(&self, request: PositionRequest) -> Result<CallPlace, ErrorDto> {
        view::call_at(&self.judged()?, request.position)
    }

    pub(crate) fn read_file(&self, request: FileRequest) -> Result<FileText, ErrorDto> {
        let workspace = self.with_open(|open| Arc::clone(&open.workspace))?;
        files::read(&workspace, &request.path)
    }

    pub(crate) fn check_draft(&self, request: DraftText) -> Result<Findings, ErrorDto> {
        let workspace = self.with_open(|open| Arc::clone(&open.workspace))?;
        let found =
            remit_policy::check_text(&workspace, Utf8Path::new(&request.path), &request.text);
        let findings = found.iter().map(|f| view::finding(f, Some(&request.text))).collect();
        Ok(Findings { findings })
    }

    pub(crate) fn format_draft(&self, request: DraftText) -> Result<Formatted, ErrorDto> {
        let text = remit_policy::format_text(Utf8Path::new(&request.path), &request.text)
            .map_err(|f| ErrorDto::new(ErrorCode::InvalidText, f.message).help(f.help))?;
        Ok(Formatted { text })
    }

    pub(crate) fn save_file(&self, request: SaveFile) -> Result<Saved, ErrorDto> {
        let workspace = self.with_open(|open| Arc::clone(&open.workspace))?;
        let digest = files::save(&workspace.root, &request)?;
        let workspace = self.reload(&[request.path], false)?;
        Ok(Saved { digest, workspace })
    }

    /// One byte a tool call of the whole corpus: verdict in bits 0-1, bit 6 uncertain, bit 7 the
    /// first call of a session.
    ///
    /// # Errors
    /// [`ErrorCode::NoWorkspace`].
    pub fn verdict_column(&self) -> Result<Vec<u8>, ErrorDto> {
        Ok(self.snapshot()?.map(|s| view::verdict_column(&s)).unwrap_or_default())
    }

    /// Blocks until no replay is running. For hosts without a window, and for tests.
    pub fn wait(&self) {
        while self
            .with_open(|open| matches!(open.replay, ReplayState::Running { .. }))
            .unwrap_or(false)
        {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn initial(&self) -> Result<Option<Utf8PathBuf>, ErrorDto> {
        match &self.0.options.initial {
            Initial::Nothing => Ok(None),
            Initial::Sample => self.sample().map(Some),
            Initial::Folder(folder) => Ok(Some(folder.clone())),
        }
    }

    /// The copy of the sample, made if it is not there. What somebody changed in it is kept.
    fn sample(&self) -> Result<Utf8PathBuf, ErrorDto> {
        let root = self.sample_folder();
        if !root.exists() {
            files::write_template(templates::SAMPLE, &root)?;
        }
        Ok(root)
    }

    fn sample_folder(&self) -> Utf8PathBuf {
        self.0.options.data.join("sample").join(templates::SAMPLE)
    }

    fn open(&self, root: &Utf8Path, is_sample: bool) -> Result<WorkspaceView, ErrorDto> {
        let workspace = Arc::new(load_workspace(root)?);
        let name = workspace.config.name.clone();
        let revision = self.next_revision();
        let replay = ReplayState::Running { done: 0, total: 0 };
        *lock(&self.0.open) = Some(Open { workspace, is_sample, loaded: None, good: None, replay });
        lock(&self.0.settings).opened(root.as_str(), &name);
        self.watch(root);
        self.start_replay(revision);
        self.workspace(Nothing {})
    }

    /// Reads the workspace again after `paths` changed, and replays it.
    fn reload(
        &self,
        paths: &[String],
        recordings_changed: bool,
    ) -> Result<WorkspaceView, ErrorDto> {
        let root = self.with_open(|open| open.workspace.root.clone())?;
        let workspace = Arc::new(load_workspace(&root)?);
        let revision = self.next_revision();
        if let Some(open) = lock(&self.0.open).as_mut() {
            open.workspace = workspace;
            open.replay = ReplayState::Running { done: 0, total: 0 };
            if recordings_changed || paths.iter().any(|p| p == "remit.toml") {
                open.loaded = None;
            }
        }
        self.start_replay(revision);
        self.workspace(Nothing {})
    }

    /// Something changed on disk. What the app itself wrote changes nothing that it does not know.
    fn noticed(&self, paths: Vec<String>) {
        let Ok(before) = self.with_open(|open| Arc::clone(&open.workspace)) else {
            return;
        };
        let recordings_changed = paths.iter().any(|p| files::is_recording(&before, p));
        let unchanged = || {
            let after = Workspace::load(&before.root).ok();
            after.is_some_and(|after| files::same_content(&before, &after))
        };
        if !recordings_changed && unchanged() {
            return;
        }
        if let Err(error) = self.reload(&paths, recordings_changed) {
            tracing::warn!(message = error.message, "the workspace could not be read again");
            return;
        }
        let revision = self.0.revision.load(Ordering::SeqCst);
        (self.0.options.emit)(AppEvent::WorkspaceChanged { revision, paths });
    }

    fn watch(&self, root: &Utf8Path) {
        let app = self.clone();
        *lock(&self.0.watch) = Watch::start(root, Box::new(move |paths| app.noticed(paths)))
            .inspect_err(|error| tracing::warn!(%error, "changes on disk will not be noticed"))
            .ok();
    }

    fn next_revision(&self) -> u32 {
        self.0.revision.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn is_current(&self, revision: u32) -> bool {
        self.0.revision.load(Ordering::SeqCst) == revision
    }

    fn start_replay(&self, revision: u32) {
        let app = self.clone();
        std::thread::spawn(move || app.run_replay(revision));
    }

    fn run_replay(&self, revision: u32) {
        let Ok((workspace, loaded)) =
            self.with_open(|o| (Arc::clone(&o.workspace), o.loaded.clone()))
        else {
            return;
        };
        let Some(loaded) = loaded.or_else(|| self.load(&workspace, revision)) else {
            return;
        };
        let result =
            if workspace.is_valid() { self.judge(&workspace, &loaded, revision) } else { None };
        let mut guard = lock(&self.0.open);
        let Some(open) = guard.as_mut().filter(|_| self.is_current(revision)) else {
            return;
        };
        open.loaded = Some(Arc::clone(&loaded));
        open.replay = match result {
            Some(snapshot) => {
                let summary = snapshot.summary;
                open.good = Some(snapshot);
                ReplayState::Ready { summary }
            }
            None => blocked(&workspace, open.good.as_ref()),
        };
        drop(guard);
        (self.0.options.emit)(AppEvent::ReplayFinished { revision });
    }

    fn load(&self, workspace: &Workspace, revision: u32) -> Option<Arc<Loaded>> {
        let mut go_on = |_| {
            if self.is_current(revision) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        if workspace_sources(workspace).is_empty() {
            return Some(Arc::new(Loaded::default()));
        }
        load_recordings(workspace, &[], None, &mut go_on).ok().map(Arc::new)
    }

    fn judge(
        &self,
        workspace: &Arc<Workspace>,
        loaded: &Arc<Loaded>,
        revision: u32,
    ) -> Option<Snapshot> {
        let total = loaded.recordings.iter().map(|r| r.sessions.len() as u32).sum();
        let last = Mutex::new(Instant::now());
        let progress = |done| {
            let mut last = lock(&last);
            if last.elapsed() >= PROGRESS_EVERY {
                *last = Instant::now();
                (self.0.options.emit)(AppEvent::ReplayProgress { revision, done, total });
            }
            if self.is_current(revision) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        Snapshot::of(workspace, loaded, &progress)
    }

    fn view_of(&self, open: &Open) -> WorkspaceView {
        let revision = self.0.revision.load(Ordering::SeqCst);
        let saved = (&open.workspace, open.replay.clone());
        let (policies_of, replay) = match (saved, &open.good) {
            ((_, ReplayState::Ready { .. }), Some(shown)) => {
                (&shown.workspace, ReplayState::Ready { summary: shown.summary })
            }
            (saved, _) => saved,
        };
        let policies = view::policies(policies_of, open.good.as_ref());
        view::workspace(&open.workspace, policies, replay, revision, open.is_sample)
    }

    /// The last good replay; `None` while there is none yet.
    fn snapshot(&self) -> Result<Option<Snapshot>, ErrorDto> {
        self.with_open(|open| open.good.clone())
    }

    fn judged(&self) -> Result<Snapshot, ErrorDto> {
        self.snapshot()?.ok_or_else(|| ErrorDto::not_found("nothing has been replayed yet"))
    }

    fn with_open<T>(&self, look: impl FnOnce(&Open) -> T) -> Result<T, ErrorDto> {
        let guard = lock(&self.0.open);
        let none = || {
            ErrorDto::new(ErrorCode::NoWorkspace, "no workspace is open")
                .help(Some("open one first".into()))
        };
        guard.as_ref().map(look).ok_or_else(none)
    }
}

fn blocked(workspace: &Workspace, last: Option<&Snapshot>) -> ReplayState {
    let errors = workspace.findings.iter().filter(|f| f.severity == remit_policy::Severity::Error);
    let first =
        errors.clone().next().map(|f| format!("{}: {}", f.file, f.message)).unwrap_or_default();
    let why = match errors.count() {
        0 | 1 => first,
        n => format!("{first} (and {} more)", n - 1),
    };
    ReplayState::Blocked { why, last: last.map(|s| s.summary) }
}

fn load_workspace(root: &Utf8Path) -> Result<Workspace, ErrorDto> {
    Workspace::load(root).map_err(|error| {
        let help = miette::Diagnostic::help(&error).map(|h| h.to_string());
        ErrorDto::new(ErrorCode::NotAWorkspace, error.to_string()).help(help)
    })
}

fn absolute(path: &str) -> Result<Utf8PathBuf, ErrorDto> {
    if path.trim().is_empty() {
        return Err(
            ErrorDto::bad_request("a folder is needed").help(Some("name or pick one".into()))
        );
    }
    let made = camino::absolute_utf8(path).map_err(|e| files::io_error(Utf8Path::new(path), &e))?;
    Ok(made)
}

/// A panic elsewhere must not freeze the app: the data behind these locks is replaced whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
