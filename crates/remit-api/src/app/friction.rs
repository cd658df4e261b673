//! Friction: what tasks need and guardrails deny, over all recordings, on the caller's thread.

use super::App;
use super::learning::{NAMED, Places};
use crate::view::verdict_of;
use crate::wire::*;
use remit_replay::{Friction, Proposal};
use remit_session::Recording;

impl App {
    pub(crate) fn friction(&self, _: Nothing) -> Result<FrictionView, ErrorDto> {
        let (workspace, ticket) = self.begin_learning()?;
        let superseded = || FrictionView { superseded: true, groups: Vec::new() };
        let Some(loaded) = ticket.recordings(&workspace) else {
            return Ok(superseded());
        };
        let go_on = || ticket.go_on();
        let replayed = remit_replay::replay(&workspace, &loaded.recordings, &|_| ticket.go_on());
        let found = replayed.and_then(|replay| {
            remit_replay::friction(&workspace, &loaded.recordings, &replay, &go_on)
        });
        let Ok(found) = found else {
            return Ok(superseded());
        };
        let places = self.session_places()?;
        let group = |friction| group_view(friction, &loaded.recordings, &places);
        Ok(FrictionView { superseded: false, groups: found.into_iter().map(group).collect() })
    }
}

fn group_view(friction: Friction, recordings: &[Recording], places: &Places) -> FrictionGroup {
    let example = |(recording, session, step): &(usize, usize, remit_session::StepIdx)| {
        let of = recordings.get(*recording)?;
        let key = (of.path.to_string(), of.sessions.get(*session)?.id.clone());
        let session = places.get(&key).copied();
        Some(RecordedCall { recording: key.0, session, step: step.0 })
    };
    FrictionGroup {
        calls: friction.calls.len() as u32,
        examples: friction.calls.iter().take(NAMED).filter_map(example).collect(),
        action: friction.action,
        forbidden_by: friction.forbidden_by,
        tasks: friction.tasks,
        proposal: friction.proposal.map(proposal_view),
    }
}

fn proposal_view(proposal: Proposal) -> FrictionProposal {
    let also = |also: remit_replay::Also| AlsoThrough {
        action: also.action,
        verdict: verdict_of(also.verdict),
        calls: also.calls as u32,
    };
    FrictionProposal {
        file: proposal.file.into_string(),
        added: proposal.added,
        text: proposal.text,
        lets_through: proposal.lets_through as u32,
        also: proposal.also.into_iter().map(also).collect(),
    }
}
