//! Every command that a host may call, declared once: one macro makes the dispatcher for any
//! transport and the TypeScript map.

use crate::App;
use crate::wire::*;
use serde_json::Value;

macro_rules! commands {
    ($( #[doc = $doc:literal] $name:ident($request:ty) -> $reply:ty; )*) => {
        /// Runs the command `name`; the request and the reply are JSON.
        ///
        /// # Errors
        /// [`ErrorCode::BadRequest`] for a command or request that does not exist, else the command's own.
        pub fn dispatch(app: &App, name: &str, request: Value) -> Result<Value, ErrorDto> {
            match name {
                $( stringify!($name) => {
                    let request: $request = serde_json::from_value(request).map_err(bad_request)?;
                    let reply: $reply = app.$name(request)?;
                    serde_json::to_value(reply).map_err(bad_request)
                } )*
                _ => Err(ErrorDto::bad_request(format!("there is no command `{name}`"))),
            }
        }

        /// The TypeScript map from command to request and reply.
        pub fn command_map() -> String {
            let mut out = String::from("export type Commands = {\n");
            $( out += &format!("  /** {} */\n  {}: [{}, {}],\n", $doc.trim(), stringify!($name),
                <$request as ts_rs::TS>::name(&ts_rs::Config::default()),
                <$reply as ts_rs::TS>::name(&ts_rs::Config::default())); )*
            out + "};\n"
        }
    };
}

commands! {
    /// What the window needs before any workspace is open.
    app_info(Nothing) -> AppInfo;
    /// Opens a workspace and starts its replay.
    open_workspace(WorkspacePath) -> WorkspaceView;
    /// Opens a throw-away copy of the shipped sample incident.
    open_sample(Nothing) -> WorkspaceView;
    /// Makes a workspace from a template and opens it.
    create_workspace(NewWorkspace) -> WorkspaceView;
    /// The open workspace as it is now.
    workspace(Nothing) -> WorkspaceView;
    /// A window of the session list.
    sessions(SessionsRequest) -> SessionPage;
    /// A session, without its steps.
    session(SessionRequest) -> SessionView;
    /// A window of a session's steps.
    steps(StepsRequest) -> StepPage;
    /// The whole text of a step.
    step_text(StepRequest) -> StepText;
    /// Why a tool call has its verdict.
    why(StepRequest) -> Why;
    /// Where the tool call at a position of the corpus strip is.
    call_at(PositionRequest) -> CallPlace;
    /// A file of the workspace.
    read_file(FileRequest) -> FileText;
    /// What is wrong with a draft.
    check_draft(DraftText) -> Findings;
    /// A draft, formatted.
    format_draft(DraftText) -> Formatted;
    /// What can be written at a place of a draft.
    complete(PlaceRequest) -> Completions;
    /// What is known about the word at a place of a draft.
    hover(PlaceRequest) -> HoverReply;
    /// Where what is named at a place is declared.
    definition(PlaceRequest) -> Places;
    /// Everywhere that what is named at a place is declared or named, tests included.
    references(PlaceRequest) -> Places;
    /// What would be renamed at a place.
    renaming(PlaceRequest) -> RenamingView;
    /// The edits that rename what is named at a place; nothing is changed.
    rename(RenameRequest) -> Edits;
    /// What mends the findings in a part of a draft.
    quick_fixes(RangeRequest) -> QuickFixes;
    /// The parts of a draft, and what can be folded away.
    outline(DraftText) -> Outline;
    /// What the policies of a file, and each of their conditions, match and decide in what is shown.
    policy_effects(FileRequest) -> PolicyEffects;
    /// Policies to start from that match some recorded calls; nothing is saved.
    policies_from_calls(CallsRequest) -> Candidates;
    /// Common rules to start from, as the workspace can have them.
    rules(Nothing) -> Rules;
    /// A common rule with its values; nothing is saved.
    fill_rule(FillRule) -> RuleText;
    /// What recorded calls hold of an argument that a rule asks for.
    recorded_values(ArgumentRequest) -> RecordedValues;
    /// What each agent may do with each tool, beside what it did.
    access(AccessRequest) -> AccessMatrix;
    /// Agents, tools, servers and their groups, beside how often they are recorded.
    entities(EntitiesText) -> EntitiesView;
    /// Policies that narrow what an agent may do with a tool; nothing is saved.
    narrowings(NarrowRequest) -> Candidates;
    /// Which recorded calls do not fit the schema, why, and what makes them fit; a newer call abandons it.
    schema_misfits(SchemaText) -> SchemaMisfits;
    /// The schema with the tools of a list, or of recordings; nothing is saved.
    make_schema(MakeSchema) -> MadeSchema;
    /// What an unsaved schema would do to the policies.
    schema_effects(DraftText) -> SchemaEffects;
    /// Judges the recordings by the unsaved texts, and shows that from now on; a newer call abandons it.
    judge_drafts(Drafts) -> DraftsJudged;
    /// How the verdicts would differ from those in view with these texts, which are not shown; a newer call abandons it.
    try_drafts(Drafts) -> DraftsTried;
    /// Proposes what tasks need, learnt from good sessions; a newer call, or one to score, abandons it.
    learn(LearnRequest) -> LearnView;
    /// Counts how well the verdicts agree with labels; a newer call, or one to learn, abandons it.
    score(ScoreRequest) -> ScoreView;
    /// What tasks need and guardrails deny, and what would let it through; abandoned like the two above.
    friction(Nothing) -> FrictionView;
    /// Runs the tests of what is shown, and says what they reach; abandoned like the three above.
    run_tests(RunTests) -> TestsView;
    /// What would have stopped a call, and what else it would have stopped; abandoned likewise.
    stop_rules(StepRequest) -> StopView;
    /// Writes the report of a session into the workspace's reports.
    export_report(ExportReport) -> ExportedReport;
    /// Looks for steps in all sessions; abandoned likewise.
    search(SearchRequest) -> SearchView;
    /// Abandons what is being learnt, scored, looked for or tested.
    stop_learning(Nothing) -> Nothing;
    /// Saves a file, checks the workspace and replays it.
    save_file(SaveFile) -> Saved;
    /// Makes, writes and removes files, checks the workspace and replays it: all of it, or nothing.
    edit_files(FileEdits) -> FilesEdited;
    /// Keeps unsaved text where a crash does not lose it.
    keep_draft(KeptDraft) -> Nothing;
    /// Forgets unsaved text that was kept.
    forget_draft(FileRequest) -> Nothing;
    /// The unsaved texts of the open workspace that are kept.
    kept_drafts(Nothing) -> KeptDrafts;
    /// What git knows of the open workspace.
    git_state(GitRequest) -> GitState;
    /// A file as it was at a git revision.
    read_file_at(FileAt) -> FileWas;
    /// Says what changes are counted against: what is saved, or a git revision.
    pin_baseline(PinBaseline) -> Baseline;
    /// The calls whose verdict differs from the baseline's, in groups.
    changed_calls(Nothing) -> ChangedCalls;
    /// Keeps what the person chose.
    set_preferences(Preferences) -> Preferences;
}

fn bad_request(error: serde_json::Error) -> ErrorDto {
    ErrorDto::bad_request(error.to_string())
}
