//! Judges a corpus again and again, doing only what an edit makes necessary.
//!
//! What a policy decides depends on its body, its rows and sometimes the entities; so an edit judges the
//! policies that changed, and counts them in and out. It promises the verdicts that a replay from
//! scratch would give, whatever was judged or cancelled before. Not here: reading drafts.

mod conditions;
mod differences;
#[cfg(test)]
mod edits;
mod layer;
mod memory;
mod policy_rows;
mod store;
mod verdicts;

pub use conditions::{ConditionRows, ConditionsOf};
pub use differences::{Decider, Difference};
pub use memory::Interpreted;
pub use verdicts::{CallDecision, CallVerdict, DecidedBy, Usage, Verdicts};

use crate::matrix::Matrix;
use crate::rows::RowSet;
use crate::{Cancelled, Corpus};
use layer::{Layer, Wanted};
use memory::Memory;
use remit_policy::Workspace;
use std::ops::ControlFlow;
use std::sync::Arc;
use store::Store;
use verdicts::Made;

/// The verdicts of a corpus, kept up to date.
pub struct LiveReplay {
    corpus: Arc<Corpus>,
    /// Over the corpus's table, with the entities of the last judgement.
    matrix: Matrix,
    /// Their digest.
    entities: String,
    /// The rows that miss an entity.
    misses_an_entity: Option<Arc<RowSet>>,
    scopes: Arc<Scopes>,
    guardrails: Layer,
    scoped: Layer,
    store: Store,
    memory: Memory,
    #[cfg(test)]
    mutation: Option<edits::Mutation>,
}

/// Which scope judges which sessions.
#[derive(Debug, Default)]
struct Scopes {
    /// The scopes that exist, by task.
    tasks: Vec<String>,
    /// Of each group of the corpus: which of them judges it.
    of_groups: Vec<Option<usize>>,
    /// INVARIANT (parallel): the rows of each.
    rows: Vec<Arc<Judged>>,
    /// The rows of all.
    all: RowSet,
    /// How many sessions none judges.
    unscoped: u32,
}

/// The rows that a policy set judges.
#[derive(Debug, Default, PartialEq, Eq)]
struct Judged {
    /// The groups of sessions that they are of, which tell them from others; `None` for all.
    groups: Option<Vec<u32>>,
    rows: RowSet,
}

impl LiveReplay {
    /// For the calls of `corpus`, none of which is judged yet.
    pub fn new(corpus: Arc<Corpus>) -> Self {
        let rows = corpus.table().len() as u32;
        LiveReplay {
            matrix: Matrix::new(Arc::clone(corpus.table())),
            entities: corpus.entities().to_owned(),
            misses_an_entity: None,
            scopes: Arc::default(),
            guardrails: Layer::new(rows),
            scoped: Layer::new(rows),
            store: Store::default(),
            memory: Memory::default(),
            #[cfg(test)]
            mutation: None,
            corpus,
        }
    }

    /// The calls that it judges.
    pub fn corpus(&self) -> &Arc<Corpus> {
        &self.corpus
    }

    /// The verdicts by the policies and entities of `workspace`, whose schema, mapping and rules for
    /// tasks must [fit](Corpus::fits) the corpus. `go_on` is asked every few milliseconds, from any
    /// thread; breaking cancels.
    ///
    /// # Errors
    /// [`Cancelled`] if `go_on` said so. What was done until then is not lost.
    pub fn judge(
        &mut self,
        workspace: &Workspace,
        go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<Arc<Verdicts>, Cancelled> {
        self.take_entities(workspace);
        self.memory.update(workspace, &self.corpus, &mut self.matrix, go_on)?;
        let unknown = self.misses_an_entity.get_or_insert_with(|| {
            let table = self.matrix.table();
            Arc::new(table.rows_of_unknown_entities(&workspace.entities.entities))
        });
        let unknown = Arc::clone(unknown);
        self.take_scopes(workspace);
        let everything = Arc::new(Judged { groups: None, rows: self.matrix.table().rows() });
        let guardrails = [Wanted { task: "", layer: &workspace.guardrails, judged: everything }];
        self.guardrails.update(&guardrails, &self.matrix, &mut self.store, go_on)?;
        let scopes = workspace.scopes.iter().zip(&self.scopes.rows);
        let scopes = scopes.filter(|(_, judged)| !judged.rows.is_empty()).map(|(scope, judged)| {
            Wanted { task: &scope.task, layer: &scope.layer, judged: Arc::clone(judged) }
        });
        self.scoped.update(&Vec::from_iter(scopes), &self.matrix, &mut self.store, go_on)?;
        Ok(Arc::new(Verdicts::new(Made {
            corpus: Arc::clone(&self.corpus),
            scopes: Arc::clone(&self.scopes),
            guardrails: self.guardrails.decided(),
            scoped: self.scoped.decided(),
            misses_an_entity: unknown,
            remembered: self.memory.remembered(),
        })))
    }

    /// The conditions over history of the last judgement that were left to Dogwood's interpreter.
    pub fn interpreted(&self) -> Vec<Interpreted> {
        self.memory.interpreted()
    }

    /// Takes the workspace's entities, and forgets what read others.
    fn take_entities(&mut self, workspace: &Workspace) {
        let entities = &workspace.entities;
        if self.entities == entities.digest {
            return;
        }
        let stores = self.corpus.stores(workspace);
        let table = self.matrix.table().with_entities(entities.entities.clone(), stores);
        self.matrix = self.matrix.with_entities(Arc::new(table));
        self.entities = entities.digest.clone();
        self.misses_an_entity = None;
        #[cfg(test)]
        if self.mutation == Some(edits::Mutation::KeepsEntities) {
            return;
        }
        self.guardrails.forget_what_reads_entities();
        self.scoped.forget_what_reads_entities();
        self.store.forget_what_reads_entities();
        self.memory.forget_what_reads_entities();
    }

    /// Breaks what comes from here on.
    #[cfg(test)]
    fn mutate(&mut self, mutation: Option<edits::Mutation>) {
        self.mutation = mutation;
        self.guardrails.mutate(mutation);
        self.scoped.mutate(mutation);
        self.store.mixes = mutation == Some(edits::Mutation::MixesScopes);
    }

    fn take_scopes(&mut self, workspace: &Workspace) {
        let same = workspace.scopes.iter().map(|s| &s.task).eq(&self.scopes.tasks);
        let of_all_groups = self.scopes.of_groups.len() == self.corpus.groups().len();
        if !(same && of_all_groups) {
            self.scopes = Arc::new(Scopes::new(workspace, &self.corpus));
        }
    }
}

impl Scopes {
    fn new(workspace: &Workspace, corpus: &Corpus) -> Self {
        let tasks: Vec<String> = workspace.scopes.iter().map(|s| s.task.clone()).collect();
        let of_name = |name: &String| tasks.iter().position(|task| task == name);
        let of_groups: Vec<_> =
            corpus.groups().iter().map(|g| g.scopes.iter().find_map(of_name)).collect();
        let mut judged: Vec<(Vec<u32>, RowSet)> = vec![Default::default(); tasks.len()];
        let (mut all, mut unscoped) = (RowSet::new(), 0);
        for (index, (group, of)) in (0..).zip(corpus.groups().iter().zip(&of_groups)) {
            let Some((groups, rows)) = of.and_then(|scope| judged.get_mut(scope)) else {
                unscoped += group.sessions;
                continue;
            };
            groups.push(index);
            *rows = rows.or(&group.rows);
            all = all.or(&group.rows);
        }
        let rows = judged.into_iter().map(|(groups, rows)| Judged { groups: Some(groups), rows });
        Scopes { of_groups, rows: rows.map(Arc::new).collect(), all, unscoped, tasks }
    }
}
