//! Which recorded calls do not fit the schema, and why: grouped by tool and reason.

use super::App;
use crate::snapshot::Found;
use crate::wire::*;
use std::collections::BTreeMap;

/// So many sessions are looked at: texts are read again for it, and the first thousands show all kinds.
const SESSIONS: u32 = 2000;

impl App {
    pub(crate) fn schema_misfits(&self, _: Nothing) -> Result<SchemaMisfits, ErrorDto> {
        let shown = self.judged()?;
        let all = shown.recordings.corpus.session_count() as u32;
        let looked_at = all.min(SESSIONS);
        let mut groups = BTreeMap::new();
        for session in 0..looked_at {
            shown.look(session, |found| {
                collect(session, &found, &mut groups);
                Ok(())
            })?;
        }
        let mut groups: Vec<MisfitGroup> = groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.calls));
        Ok(SchemaMisfits { sessions: all, looked_at, groups })
    }
}

fn collect(session: u32, found: &Found<'_>, groups: &mut BTreeMap<(String, String), MisfitGroup>) {
    let calls = found.session.calls().zip(&found.replayed.calls);
    for ((step, _, call), judged) in calls {
        let unmapped = judged.unknown.as_ref().filter(|_| judged.judged.is_none());
        let unmapped = unmapped.map(|why| (why.message.clone(), Some(why.help.clone())));
        let misfits = judged.misfits.iter().map(|message| (message.clone(), None));
        for (message, help) in misfits.chain(unmapped) {
            let key = (call.tool.clone(), message.clone());
            let group = groups.entry(key).or_insert_with(|| MisfitGroup {
                tool: call.tool.clone(),
                message,
                help,
                calls: 0,
                session,
                step: step.0,
            });
            group.calls += 1;
        }
    }
}
