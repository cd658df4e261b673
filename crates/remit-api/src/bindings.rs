//! TypeScript for everything that crosses to the window, as one file.

use crate::{commands, wire};
use ts_rs::{Config, TS};

macro_rules! declarations {
    ($($name:ident)*) => {
        /// Every wire type, in the order of `wire.rs`.
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
    Verdict Outcome AppInfo Template RecentWorkspace Preferences Theme Nothing WorkspacePath NewWorkspace WorkspaceView FileEntry FileKind Layer PolicyRow Effect Finding Severity ReplayState Summary SessionsRequest SessionPage SkippedFile SessionRow SessionRequest SessionView Lane LaneKind CallTick ImportWarning StepsRequest StepPage StepView StepBody Excerpt Role CallView StepRequest StepText Why UnknownReason Decision PolicyText PolicyFailure RequestView FileRequest FileText DraftText SaveFile Saved Findings Formatted PositionRequest CallPlace ErrorDto ErrorCode AppEvent
}

/// The text of `ui/src/api/bindings.ts`.
pub fn typescript() -> String {
    let head = "// Generated from `crates/remit-api/src/wire.rs` by its tests. Do not edit.\n\n";
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
        let types = include_str!("wire.rs").lines().filter_map(|line| {
            let rest =
                line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))?;
            rest.split([' ', '<']).next()
        });
        for name in types {
            assert!(DECLARED.contains(&name), "`{name}` is missing from the list in bindings.rs");
        }
    }
}
