//! The words of the crates below as those of the wire. No wildcard: a new word must be named here.

use crate::wire::*;

pub(crate) fn effect(effect: remit_policy::Effect) -> Effect {
    match effect {
        remit_policy::Effect::Permit => Effect::Permit,
        remit_policy::Effect::Forbid => Effect::Forbid,
    }
}

pub(crate) fn summary_of(s: &remit_replay::Summary) -> Summary {
    Summary {
        sessions: s.sessions,
        tool_calls: s.tool_calls,
        allowed: s.allowed,
        denied: s.denied,
        drifted: s.drifted,
        unverified: s.unverified,
        unknown: s.unknown,
        unscoped: s.unscoped,
        uncertain: s.uncertain,
        warnings: s.warnings,
    }
}

pub(super) fn severity_of(severity: remit_replay::Severity) -> DriftSeverity {
    match severity {
        remit_replay::Severity::OutOfScope => DriftSeverity::OutOfScope,
        remit_replay::Severity::UnverifiedValue => DriftSeverity::UnverifiedValue,
    }
}

pub(super) fn whence_of(whence: remit_replay::Whence) -> ValueOrigin {
    match whence {
        remit_replay::Whence::ToolResult => ValueOrigin::ToolResult,
        remit_replay::Whence::Runtime => ValueOrigin::Runtime,
        remit_replay::Whence::OtherAgent => ValueOrigin::OtherAgent,
        remit_replay::Whence::Nowhere => ValueOrigin::Nowhere,
    }
}

pub(crate) fn verdict_of(verdict: remit_replay::Verdict) -> Verdict {
    match verdict {
        remit_replay::Verdict::Allowed => Verdict::Allowed,
        remit_replay::Verdict::Denied => Verdict::Denied,
        remit_replay::Verdict::Drifted => Verdict::Drifted,
        remit_replay::Verdict::Unknown => Verdict::Unknown,
    }
}

/// How grave the drift is in a byte of the verdict column; nothing if there is none.
pub(crate) fn severity_in(byte: u8) -> Option<DriftSeverity> {
    let severity = match byte & UNVERIFIED {
        0 => DriftSeverity::OutOfScope,
        _ => DriftSeverity::UnverifiedValue,
    };
    (verdict_in(byte) == Verdict::Drifted).then_some(severity)
}

/// In a byte of the verdict column: drifted for an unverified value only.
const UNVERIFIED: u8 = 1 << 2;

/// The verdict in a byte of the column of all calls.
pub(crate) fn verdict_in(byte: u8) -> Verdict {
    match byte & 3 {
        0 => Verdict::Allowed,
        1 => Verdict::Denied,
        2 => Verdict::Drifted,
        _ => Verdict::Unknown,
    }
}

pub(super) fn letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::Allowed => 'a',
        Verdict::Denied => 'd',
        Verdict::Drifted => 'r',
        Verdict::Unknown => 'u',
    }
}

pub(super) fn outcome(outcome: remit_session::Outcome) -> Outcome {
    match outcome {
        remit_session::Outcome::Executed => Outcome::Executed,
        remit_session::Outcome::Refused => Outcome::Refused,
        remit_session::Outcome::Failed => Outcome::Failed,
        remit_session::Outcome::Unrecorded => Outcome::Unrecorded,
    }
}

pub(super) fn role_of(role: remit_session::Role) -> Role {
    match role {
        remit_session::Role::System => Role::System,
        remit_session::Role::User => Role::User,
        remit_session::Role::Assistant => Role::Assistant,
        remit_session::Role::Thinking => Role::Thinking,
        remit_session::Role::Runtime => Role::Runtime,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_drifts_are_grave() {
        assert_eq!(severity_in(2), Some(DriftSeverity::OutOfScope));
        assert_eq!(severity_in(2 | UNVERIFIED | 128), Some(DriftSeverity::UnverifiedValue));
        for byte in [0, 1, 3, UNVERIFIED, 3 | UNVERIFIED] {
            assert_eq!(severity_in(byte), None, "{byte}");
        }
    }
}
