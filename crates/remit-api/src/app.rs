//! The state behind the desktop's commands: one open workspace, its recordings, what is shown of them.
//!
//! Every answer is made from a snapshot, and no lock that views need is held while something is judged
//! or read. Long work runs on a thread and is abandoned when it is no longer wanted.

mod access;
mod baseline;
mod checking;
mod desk;
mod drafts;
mod editing;
mod effects;
mod entities;
mod friction;
mod git_state;
mod incidents;
mod judging;
mod learning;
mod loading;
mod misfits;
mod opening;
mod rules;
mod schema;
mod testing;

use crate::recordings::Recordings;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::watch::Watch;
use crate::wire::*;
use crate::{files, templates, view};
use baseline::Pinned;
use camino::{Utf8Path, Utf8PathBuf};
use checking::Check;
use remit_policy::Workspace;
use remit_replay::LiveReplay;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
    /// Goes up with all that changes an answer.
    revision: AtomicU32,
    /// Goes up when a workspace is read; what was begun for an older reading is abandoned.
    reading: AtomicU32,
    /// Goes up with each request to judge drafts; the older ones are abandoned.
    drafts: AtomicU32,
    /// Goes up with each request to try texts; the older ones are abandoned.
    trials: AtomicU32,
    /// Goes up with each request to learn or to score; the older ones are abandoned.
    learning: AtomicU32,
    /// Goes up with each request for what policies do; the older ones are abandoned.
    effects: AtomicU32,
    /// Goes up with each request for calls that do not fit a schema; the older ones are abandoned.
    misfits: AtomicU32,
    /// Held while something is judged, and never while a view is made.
    live: Mutex<Option<LiveReplay>>,
    /// What changes are counted against, if not what is saved.
    pinned: Mutex<Option<Pinned>>,
    /// What is shown, to be checked.
    checks: Mutex<Sender<Check>>,
    watch: Mutex<Option<Watch>>,
}

/// The open workspace.
struct Open {
    /// As saved.
    workspace: Arc<Workspace>,
    is_sample: bool,
    /// Those that fit the workspace; absent while they are read.
    recordings: Option<Arc<Recordings>>,
    shown: Option<Shown>,
    /// What is saved, judged; and what was saved before it.
    saved: Option<Arc<Snapshot>>,
    previous: Option<Arc<Snapshot>>,
    replay: ReplayState,
}

/// What views answer from.
struct Shown {
    snapshot: Arc<Snapshot>,
    /// Which reading of the workspace it is of, drafts or not.
    reading: u32,
}

impl App {
    /// A new app with nothing open.
    pub fn new(options: AppOptions) -> Self {
        let settings = Mutex::new(Settings::load(&options.data));
        let (checks, inbox) = checking::inbox();
        let shared = Arc::new(Shared {
            options,
            settings,
            open: Mutex::new(None),
            revision: AtomicU32::new(0),
            reading: AtomicU32::new(0),
            drafts: AtomicU32::new(0),
            trials: AtomicU32::new(0),
            learning: AtomicU32::new(0),
            effects: AtomicU32::new(0),
            misfits: AtomicU32::new(0),
            live: Mutex::new(None),
            pinned: Mutex::new(None),
            checks: Mutex::new(checks),
            watch: Mutex::new(None),
        });
        checking::start(&shared, inbox);
        App(shared)
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
        view::session_view(&*self.judged()?, request.session)
    }

    pub(crate) fn steps(&self, request: StepsRequest) -> Result<StepPage, ErrorDto> {
        view::step_page(&*self.judged()?, &request)
    }

    pub(crate) fn step_text(&self, request: StepRequest) -> Result<StepText, ErrorDto> {
        view::step_text(&*self.judged()?, &request)
    }

    pub(crate) fn why(&self, request: StepRequest) -> Result<Why, ErrorDto> {
        view::why(&*self.judged()?, &request)
    }

    pub(crate) fn call_at(&self, request: PositionRequest) -> Result<CallPlace, ErrorDto> {
        view::call_at(&*self.judged()?, request.position)
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
        Ok(self.snapshot()?.map(|s| s.verdicts.column().to_vec()).unwrap_or_default())
    }

    /// The same of what is saved, whatever drafts are in view; empty before it is replayed.
    ///
    /// # Errors
    /// [`ErrorCode::NoWorkspace`].
    pub fn saved_column(&self) -> Result<Vec<u8>, ErrorDto> {
        let saved = self.with_open(|open| open.saved.clone())?;
        Ok(saved.map(|saved| saved.verdicts.column().to_vec()).unwrap_or_default())
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

    fn view_of(&self, open: &Open) -> WorkspaceView {
        let revision = self.0.revision.load(Ordering::SeqCst);
        let shown = open.shown.as_ref().map(|s| &*s.snapshot);
        let (policies_of, replay) = match (&open.replay, shown) {
            (ReplayState::Ready { .. }, Some(shown)) => {
                (&shown.workspace, ReplayState::Ready { summary: shown.summary })
            }
            (ReplayState::Blocked { why, .. }, shown) => {
                let last = shown.map(|s| s.summary);
                (&open.workspace, ReplayState::Blocked { why: why.clone(), last })
            }
            (state, _) => (&open.workspace, state.clone()),
        };
        let policies = view::policies(policies_of, shown);
        view::workspace(&open.workspace, policies, replay, revision, open.is_sample)
    }

    /// What is shown; `None` while nothing was judged yet.
    fn snapshot(&self) -> Result<Option<Arc<Snapshot>>, ErrorDto> {
        self.with_open(|open| open.shown.as_ref().map(|s| Arc::clone(&s.snapshot)))
    }

    fn judged(&self) -> Result<Arc<Snapshot>, ErrorDto> {
        self.snapshot()?.ok_or_else(|| ErrorDto::not_found("nothing has been replayed yet"))
    }

    /// Has what is shown now checked, when there is time for it.
    fn check_later(&self, snapshot: &Arc<Snapshot>) {
        let revision = self.0.revision.load(Ordering::SeqCst);
        // The checker is gone only if it panicked, and then there is nobody to check.
        let _ = lock(&self.0.checks).send((Arc::clone(snapshot), revision));
    }

    fn next_revision(&self) -> u32 {
        self.0.revision.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn emit(&self, event: AppEvent) {
        (self.0.options.emit)(event);
    }

    fn with_open<T>(&self, look: impl FnOnce(&Open) -> T) -> Result<T, ErrorDto> {
        let guard = lock(&self.0.open);
        guard.as_ref().map(look).ok_or_else(none_open)
    }
}

fn none_open() -> ErrorDto {
    ErrorDto::new(ErrorCode::NoWorkspace, "no workspace is open")
        .help(Some("open one first".into()))
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
