//! Puts the layers of a workspace together from its files.
//!
//! The parts are shared between the workspace on disk and its drafts: a draft replaces a policy
//! file and puts together again only the layers that hold it.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::{GUARDRAILS, SCOPES};
use crate::finding::{Finding, FindingCode};
use crate::layer::{Layer, Sources};
use crate::links::LinkFile;
use crate::policy_file::PolicyFile;
use crate::schema::LoadedSchema;
use crate::scopes::{self, Plan, Scope, TaskRules};

/// What layers are put together from, and what is wrong outside of policies.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    /// The policy files by path, those that are being typed included.
    pub(crate) policies: BTreeMap<Utf8PathBuf, Arc<PolicyFile>>,
    /// The links of the guardrails' templates.
    pub(crate) guardrail_links: Option<Arc<LinkFile>>,
    /// The links of the scopes' templates.
    pub(crate) scope_links: Option<Arc<LinkFile>>,
    /// What is wrong with all other files.
    pub(crate) elsewhere: Vec<Finding>,
    /// What is wrong with `scopes.toml`.
    pub(crate) index: Vec<Finding>,
}

/// The layers, and what is wrong with them and with their parts.
pub(crate) struct Assembled {
    pub(crate) guardrails: Arc<Layer>,
    pub(crate) scopes: Vec<Scope>,
    /// What makes it unclear, or odd, what the policies say.
    pub(crate) mistakes: Vec<Finding>,
    /// What does not fit the schema.
    pub(crate) misfits: Vec<Finding>,
}

impl Parts {
    /// The files with policies for scopes, sorted.
    pub(crate) fn scope_files(&self) -> Vec<&Utf8Path> {
        let paths = self.policies.keys().map(Utf8PathBuf::as_path);
        paths.filter(|path| path.starts_with(SCOPES)).collect()
    }

    /// Everything from the beginning.
    pub(crate) fn assemble(&self, tasks: &TaskRules, schema: Option<&LoadedSchema>) -> Assembled {
        let guardrails = Layer::assemble(self.guardrail_sources(), schema);
        let scopes = scopes::plan(tasks, &self.scope_files()).into_iter().map(|plan| {
            let layer = Layer::assemble(self.scope_sources(&plan), schema);
            Scope { task: plan.task, files: plan.files, layer: Arc::new(layer) }
        });
        self.assembled(Arc::new(guardrails), scopes.collect())
    }

    /// The layers that hold a changed file again, and the others as they were.
    pub(crate) fn assemble_after(
        &self,
        guardrails: &Arc<Layer>,
        plans: Vec<(Plan, Option<&Arc<Layer>>)>,
    ) -> Assembled {
        let guardrails = guardrails.after(self.guardrail_sources());
        let scopes = plans.into_iter().map(|(plan, before)| {
            let sources = self.scope_sources(&plan);
            let layer = match before {
                Some(before) => before.after(sources),
                None => Arc::new(Layer::assemble(sources, None)),
            };
            Scope { task: plan.task, files: plan.files, layer }
        });
        self.assembled(guardrails, scopes.collect())
    }

    fn guardrail_sources(&self) -> Sources {
        let files = self.policies.values().filter(|file| file.path.starts_with(GUARDRAILS));
        Sources { files: files.cloned().collect(), links: self.guardrail_links.clone() }
    }

    fn scope_sources(&self, plan: &Plan) -> Sources {
        let files = plan.files.iter().filter_map(|file| self.policies.get(file)).cloned();
        Sources { files: files.collect(), links: self.scope_links.clone() }
    }

    fn assembled(&self, guardrails: Arc<Layer>, scopes: Vec<Scope>) -> Assembled {
        let layers: Vec<&Layer> = scopes.iter().map(|scope| &*scope.layer).collect();
        let all = || layers.iter().copied().chain([&*guardrails]);
        let mut mistakes = [self.elsewhere.as_slice(), &self.index].concat();
        mistakes.extend(self.policies.values().flat_map(|file| &file.mistakes).cloned());
        mistakes.extend(all().flat_map(|layer| &layer.mistakes).cloned());
        mistakes.extend(strange_links(self.guardrail_links.as_deref(), &[&guardrails]));
        mistakes.extend(strange_links(self.scope_links.as_deref(), &layers));
        let is_broken = mistakes.iter().any(|finding| finding.file.starts_with(GUARDRAILS));
        if guardrails.policies.is_empty() && !is_broken {
            mistakes.push(no_guardrails());
        }
        mistakes.extend(scopes.iter().filter_map(scopes::report_empty));
        let of_files = self.policies.values().flat_map(|file| &file.misfits);
        let misfits = of_files.chain(all().flat_map(|layer| &layer.misfits)).cloned().collect();
        Assembled { guardrails, scopes, mistakes, misfits }
    }
}

/// Links whose template is in none of the layers.
fn strange_links(file: Option<&LinkFile>, layers: &[&Layer]) -> Vec<Finding> {
    let has_template = |id: &str| {
        let named = layers.iter().filter_map(|layer| layer.named(id));
        named.into_iter().any(|policy| policy.is_template)
    };
    let strange = file.into_iter().flat_map(|file| {
        let links = file.links.iter().filter(|link| !has_template(&link.template_id));
        links.map(move |link| {
            let message = format!("there is no template `{}`", link.template_id);
            file.finding(link, message).help("write the `@id` of a template in this layer")
        })
    });
    strange.collect()
}

fn no_guardrails() -> Finding {
    Finding::new(
        FindingCode::NoGuardrails,
        Utf8Path::new(GUARDRAILS),
        "there are no guardrails, so every call is denied",
    )
    .help("permit what agents may do, in a file such as `guardrails/allow.cedar`")
}
