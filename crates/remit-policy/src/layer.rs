//! A layer: the policies of several files as one policy set, templates linked.
//!
//! Everything that parses is in the set, under an id that is unique in the layer. Two policies
//! never become one: where ids collide, the second keeps a numbered id beside the finding.
//!
//! A layer is put together at every pause of an author's typing, and Cedar's policy set costs more
//! than all the rest: it is only made for who asks for it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use cedar_policy::{Effect, Policy, PolicyId, PolicySet};

use crate::finding::{Finding, FindingCode, innermost};
use crate::links::{Link, LinkFile};
use crate::policy_file::{Body, Parsed, ParsedPolicy, PolicyFile};
use crate::policy_source::PolicySource;
use crate::schema::LoadedSchema;
use crate::temporal::Leaf;
use crate::validate;

/// Guardrails, or the policies of one scope.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The policies and templates, in the order of files and lines.
    pub policies: Vec<Arc<PolicySource>>,
    /// The template of each link, by the link's id.
    pub links: BTreeMap<String, String>,
    /// INVARIANT (parallel): what each of `policies` says, under the id that it has here.
    parsed: Vec<Arc<Parsed>>,
    /// INVARIANT (index): the position of each of `policies` by its id.
    positions: HashMap<String, usize>,
    sources: Sources,
    /// The templates and their links, with those policies whose ids links ask for too.
    linked: PolicySet,
    set: OnceLock<PolicySet>,
    /// Without what only marks a drift as of lower severity; nothing if there is no such policy.
    without_marks: OnceLock<Option<PolicySet>>,
    /// What is wrong with the layer as a whole: ids, templates and links.
    pub(crate) mistakes: Vec<Finding>,
    /// Links that do not fit the schema.
    pub(crate) misfits: Vec<Finding>,
}

/// The files that a layer is made of.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) files: Vec<Arc<PolicyFile>>,
    pub(crate) links: Option<Arc<LinkFile>>,
}

impl Sources {
    /// Whether these are the very same files, not only equal ones.
    fn are(&self, others: &Self) -> bool {
        let links = match (&self.links, &others.links) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        let mut pairs = self.files.iter().zip(&others.files);
        links
            && self.files.len() == others.files.len()
            && pairs.all(|(one, other)| Arc::ptr_eq(one, other))
    }
}

impl Layer {
    /// The source of the policy that a decision names; for a link, that of its template.
    #[must_use]
    pub fn policy(&self, id: &str) -> Option<&PolicySource> {
        self.named(self.links.get(id).map_or(id, String::as_str))
    }

    /// Everything that parsed, templates linked.
    #[must_use]
    pub fn set(&self) -> &PolicySet {
        self.set.get_or_init(|| {
            let mut set = self.linked.clone();
            for (source, parsed) in self.policies.iter().zip(&self.parsed) {
                if set.policy(&PolicyId::new(&source.id)).is_none() && !source.is_template {
                    add(&mut set, parsed);
                }
            }
            set
        })
    }

    /// The policies without those that [mark drift](marks_unverified) as an unverified value: what they
    /// would allow is of lower severity. `None` if there is no such policy.
    #[must_use]
    pub fn without_marks(&self) -> Option<&PolicySet> {
        let strict = self.without_marks.get_or_init(|| {
            let marks: Vec<PolicyId> =
                self.in_force().filter(|p| marks_unverified(p)).map(|p| p.id().clone()).collect();
            let mut set = (!marks.is_empty()).then(|| self.set().clone())?;
            for id in marks {
                let is_link = set.policy(&id).is_some_and(|policy| !policy.is_static());
                let removed = if is_link {
                    set.unlink(id).map(drop)
                } else {
                    set.remove_static(id).map(drop)
                };
                debug_assert!(removed.is_ok(), "the policy is in the set");
            }
            Some(set)
        });
        strict.as_ref()
    }

    /// The policies of [`Layer::set`], templates as their links, at no cost.
    pub fn in_force(&self) -> impl Iterator<Item = &Policy> {
        let own = self.parsed.iter().filter_map(|parsed| match &parsed.body {
            Body::Static(policy) => Some(policy),
            Body::Template(_) => None,
        });
        own.chain(self.linked.policies().filter(|policy| !policy.is_static()))
    }

    /// The conditions over history that its policies ask, each once, in the order of the policies.
    pub fn leaves(&self) -> impl Iterator<Item = &Arc<Leaf>> {
        let mut seen = HashSet::new();
        let all = self.policies.iter().flat_map(|policy| &policy.leaves);
        all.filter(move |leaf| seen.insert(leaf.name.as_str()))
    }

    /// The policy or template that has this id itself.
    pub(crate) fn named(&self, id: &str) -> Option<&PolicySource> {
        self.positions.get(id).and_then(|position| self.policies.get(*position)).map(Arc::as_ref)
    }

    /// The files that it is made of.
    pub(crate) fn files(&self) -> &[Arc<PolicyFile>] {
        &self.sources.files
    }

    /// Puts the policies of some files together.
    pub(crate) fn assemble(sources: Sources, schema: Option<&LoadedSchema>) -> Self {
        let mut layer = Self::name(sources);
        layer.link_all(schema);
        layer
    }

    /// The same layer after some of its files changed. Nothing is validated: what did not fit the
    /// schema is what did not fit it before.
    pub(crate) fn after(self: &Arc<Self>, sources: Sources) -> Arc<Self> {
        if self.sources.are(&sources) {
            return Arc::clone(self);
        }
        let mut layer = Self::assemble(sources, None);
        layer.misfits.clone_from(&self.misfits);
        Arc::new(layer)
    }

    /// All policies under their ids.
    fn name(sources: Sources) -> Self {
        let mut layer = Self {
            policies: Vec::new(),
            links: BTreeMap::new(),
            parsed: Vec::new(),
            positions: HashMap::new(),
            sources: Sources { files: Vec::new(), links: sources.links },
            linked: PolicySet::new(),
            set: OnceLock::new(),
            without_marks: OnceLock::new(),
            mistakes: Vec::new(),
            misfits: Vec::new(),
        };
        for policy in sources.files.iter().flat_map(|file| &file.policies) {
            layer.name_policy(policy);
        }
        layer.sources.files = sources.files;
        layer
    }

    fn name_policy(&mut self, policy: &ParsedPolicy) {
        let wanted = &policy.source.id;
        let policy = match self.named(wanted) {
            None => policy.clone(),
            Some(first) => {
                let duplicate = duplicate(&policy.source, first);
                self.mistakes.push(duplicate);
                let mut numbered = (2..).map(|number| format!("{wanted}~{number}"));
                let id = numbered.find(|id| self.named(id).is_none()).unwrap_or_default();
                policy.renamed(id)
            }
        };
        self.positions.insert(policy.source.id.clone(), self.policies.len());
        self.policies.push(policy.source);
        self.parsed.push(policy.parsed);
    }

    /// Makes the links, and says which templates have none.
    fn link_all(&mut self, schema: Option<&LoadedSchema>) {
        let file = self.sources.links.clone();
        let links = || file.iter().flat_map(|file| &file.links);
        let taken: BTreeSet<&str> = links().map(|link| link.link_id.as_str()).collect();
        for (source, parsed) in self.policies.iter().zip(&self.parsed) {
            if source.is_template || taken.contains(source.id.as_str()) {
                add(&mut self.linked, parsed);
            }
        }
        for link in links() {
            self.link(file.as_deref(), link, schema);
        }
        self.report_unlinked();
    }

    /// Makes a link if its template is of this layer.
    fn link(&mut self, file: Option<&LinkFile>, link: &Link, schema: Option<&LoadedSchema>) {
        let template_id = PolicyId::new(&link.template_id);
        let (Some(file), Some(template)) = (file, self.linked.template(&template_id).cloned())
        else {
            return;
        };
        let link_id = PolicyId::new(&link.link_id);
        let made = link.slots().and_then(|slots| {
            let linked = self.linked.link(template_id, link_id, slots.clone());
            linked.map(|()| slots).map_err(|error| innermost(&error).0)
        });
        match made {
            Ok(slots) => {
                self.links.insert(link.link_id.clone(), link.template_id.clone());
                let wrong = schema.map(|s| validate::link(s, &template, &link.link_id, slots));
                self.misfits.extend(
                    wrong
                        .into_iter()
                        .flatten()
                        .map(|(message, help)| file.finding(link, message).help_optional(help)),
                );
            }
            Err(message) => self.mistakes.push(
                file.finding(link, message)
                    .help(format!("correct the arguments of link `{}`", link.link_id)),
            ),
        }
    }

    fn report_unlinked(&mut self) {
        for source in self.policies.iter().filter(|source| source.is_template) {
            if !self.links.values().any(|template| *template == source.id) {
                let message =
                    format!("template `{}` is never linked, so it does nothing", source.id);
                self.mistakes.push(source.finding(FindingCode::UnlinkedTemplate, message).help(
                    "link it in `template-links.json` beside the policies, or name the entity in the policy",
                ));
            }
        }
    }
}

/// The annotation that says how grave a drift is that a policy of a scope makes.
pub(crate) const DRIFT: &str = "drift";
/// What it may say: the call is what the task is for, only a value in it is not vouched for.
pub(crate) const UNVERIFIED: &str = "unverified-value";

/// Whether a `forbid` of a scope only marks its calls as holding an unverified value.
#[must_use]
pub fn marks_unverified(policy: &Policy) -> bool {
    policy.effect() == Effect::Forbid && policy.annotation(DRIFT) == Some(UNVERIFIED)
}

fn add(set: &mut PolicySet, parsed: &Parsed) {
    let added = match &parsed.body {
        Body::Static(body) => set.add(body.clone()),
        Body::Template(body) => set.add_template(body.clone()),
    };
    debug_assert!(added.is_ok(), "the id was not taken");
}

/// The finding for a policy whose id an earlier one has.
pub(crate) fn duplicate(second: &PolicySource, first: &PolicySource) -> Finding {
    let place = format!("`{}` line {}", first.file, first.line);
    if second.has_own_id() {
        let message = format!("`@id(\"{}\")` is taken by the policy in {place}", second.id);
        second.finding(FindingCode::DuplicateId, message).help("give one of them another id")
    } else {
        let message = format!("the same policy is already in {place}");
        second.finding(FindingCode::DuplicatePolicy, message).help("delete one of them")
    }
}
