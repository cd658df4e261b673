//! TypeScript for everything that crosses to the window, as one file.

use crate::{commands, wire};
use ts_rs::{Config, TS};

macro_rules! declarations {
    ($($name:ident)*) => {
        /// Every wire type, grouped as in `wire/`.
        fn declarations() -> String {
            let config = Config::default();
            let mut out = String::new();
            $(
                out += &wire::$name::docs().unwrap_or_default();
                out += &format!("export {}\n\n", <wire::$name as TS>::decl(&config));
            )*
            out
        }

        #[cfg(test)]
        const DECLARED: &[&str] = &[$(stringify!($name)),*];
    };
}

declarations! {
    AppInfo Template RecentWorkspace Preferences Theme Contrast Nothing WorkspacePath NewWorkspace
    WorkspaceView FileEntry FileKind Layer PolicyRow Effect Finding Severity ReplayState
    Verdict Summary SessionsRequest SessionPage SkippedFile SessionRow PositionRequest CallPlace
    SessionRequest SessionView Lane LaneKind CallTick Hypothetical ImportWarning StepsRequest StepPage StepView
    StepBody Excerpt Role Outcome CallView StepRequest StepText
    Why DriftSeverity Because ValueOrigin ValueExcerpt NearestClause
    HistoryCondition HistoryWitness HistoryLiteral UnknownReason Decision Otherwise ConditionPart PartState
    ClauseValue PolicyText PolicyFailure RequestView
    FileRequest FileText DraftText Drafts DraftsJudged DraftState DraftsTried Findings Formatted SaveFile
    Saved
    FileEdit FileEdits FilesEdited KeptDraft KeptDrafts
    GitRequest GitState GitChange GitChangeKind Revision FileAt FileWas PinBaseline Baseline
    ChangedCalls ChangedGroup DecidingPolicy
    LearnRequest LearnAnswer ToolAnswer LearnView LearntScope LearntClause RecordedCall FalseDenials
    LearnQuestion AnswerEffect WouldDrift
    ScoreRequest ScoreView ScoreGroup ScoreFigures VerdictCounts Share
    PlaceRequest RangeRequest RenameRequest Completions CompletionItem CompletionKind
    HoverReply HoverView ValueCount Places PlaceView RenamingView Edits TextEdit
    QuickFixes QuickFixView Outline OutlinePart OutlineKind Fold
    PolicyEffects PolicyEffect ConditionEffect CallsRequest Candidates CandidateView
    AccessRequest AccessMatrix AccessCell Extent ExtentPolicy Allowed NarrowRequest
    EntitiesText EntitiesView EntityRow EntityAttribute EntityKind
    SchemaText SchemaEffects SchemaMisfits MisfitGroup SchemaFixView MakeSchema SchemaSource MadeSchema
    Rules RuleView RuleValueView RuleValueKind FillRule RuleText ArgumentRequest RecordedValues
    FrictionView FrictionGroup FrictionProposal AlsoThrough
    RunTests TestsView TestView TestOutcome CoverageCount PolicyCoverage ConditionCoverage SeenWays
    MutantView MistakeKind NoticedBy
    StopView StopRuleView StopReach StopEffect ExportReport ExportFormat ExportedReport
    SearchRequest SearchView FoundSession FoundStep
    ErrorDto ErrorCode AppEvent
}

/// The text of `ui/src/api/bindings.ts`.
pub fn typescript() -> String {
    let head = "// Generated from `crates/remit-api/src/wire` by its tests. Do not edit.\n\n";
    format!("{head}{}{}", declarations(), commands::command_map())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/api/bindings.ts");

    #[test]
    fn the_bindings_are_up_to_date() {
        let made = typescript();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(BINDINGS, &made).unwrap();
        }
        let kept = std::fs::read_to_string(BINDINGS).unwrap();
        assert!(
            kept == made,
            "ui/src/api/bindings.ts is old: run `UPDATE=1 cargo test -p remit-api`"
        );
    }

    #[test]
    fn every_wire_type_is_declared() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/wire")).unwrap();
        let text: String =
            folder.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        let types = text.lines().filter_map(|line| {
            let rest =
                line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))?;
            rest.split([' ', '<']).next()
        });
        for name in types {
            assert!(DECLARED.contains(&name), "`{name}` is missing from the list in bindings.rs");
        }
    }
}
