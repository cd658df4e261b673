//! A layer: the policies of several files as one policy set, templates linked.
//!
//! Everything that parses is in the set, under an id that is unique in the layer. Two policies
//! never become one: where ids collide, the second keeps a numbered id beside the finding.

use std::collections::BTreeMap;

use cedar_policy::{PolicyId, PolicySet};

use crate::digest;
use crate::finding::{Finding, FindingCode, innermost};
use crate::links::{Link, LinkFile};
use crate::policy_file::{Body, ParsedPolicy, PolicyFile, PolicySource};
use crate::schema::LoadedSchema;
use crate::validate;

/// Guardrails, or the policies of one scope.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The policies and templates, in the order of files and lines.
    pub policies: Vec<PolicySource>,
    /// Everything that parsed, templates linked.
    pub set: PolicySet,
    /// The digest of the files: their names and their exact text.
    pub digest: String,
    /// The template of each link, by the link's id.
    pub links: BTreeMap<String, String>,
}

impl Layer {
    /// The source of the policy that a decision names; for a link, that of its template.
    #[must_use]
    pub fn policy(&self, id: &str) -> Option<&PolicySource> {
        let id = self.links.get(id).map_or(id, String::as_str);
        self.policies.iter().find(|policy| policy.id == id)
    }

    /// Puts the policies of some files together.
    pub(crate) fn assemble(
        files: &[&PolicyFile],
        links: Option<&LinkFile>,
        schema: Option<&LoadedSchema>,
        findings: &mut Vec<Finding>,
    ) -> Self {
        let mut layer = Self {
            policies: Vec::new(),
            set: PolicySet::new(),
            digest: digest_of(files, links),
            links: BTreeMap::new(),
        };
        for policy in files.iter().flat_map(|file| &file.policies) {
            layer.add(policy.clone(), findings);
        }
        for link in links.iter().flat_map(|file| &file.links) {
            layer.link(links, link, schema, findings);
        }
        layer.report_unlinked(findings);
        layer
    }

    fn add(&mut self, policy: ParsedPolicy, findings: &mut Vec<Finding>) {
        let wanted = policy.source.id.clone();
        let numbered = (2..).map(|number| format!("{wanted}~{number}"));
        let mut ids = std::iter::once(wanted.clone()).chain(numbered);
        let id = ids.find(|id| !self.has(id)).unwrap_or_default();
        if let Some(first) = (id != wanted).then(|| self.policy(&wanted)).flatten() {
            findings.push(duplicate(&policy.source, first));
        }
        let policy = policy.renamed(id);
        let added = match policy.body {
            Body::Static(body) => self.set.add(body),
            Body::Template(body) => self.set.add_template(body),
        };
        debug_assert!(added.is_ok(), "the id was not taken");
        self.policies.push(policy.source);
    }

    fn has(&self, id: &str) -> bool {
        let id = PolicyId::new(id);
        self.set.policy(&id).is_some() || self.set.template(&id).is_some()
    }

    /// Makes a link if its template is of this layer.
    fn link(
        &mut self,
        file: Option<&LinkFile>,
        link: &Link,
        schema: Option<&LoadedSchema>,
        findings: &mut Vec<Finding>,
    ) {
        let template_id = PolicyId::new(&link.template_id);
        let (Some(file), Some(template)) = (file, self.set.template(&template_id).cloned()) else {
            return;
        };
        let link_id = PolicyId::new(&link.link_id);
        let made = link.slots().and_then(|slots| {
            let linked = self.set.link(template_id, link_id, slots.clone());
            linked.map(|()| slots).map_err(|error| innermost(&error).0)
        });
        match made {
            Ok(slots) => {
                self.links.insert(link.link_id.clone(), link.template_id.clone());
                let wrong = schema.map(|s| validate::link(s, &template, &link.link_id, slots));
                findings.extend(
                    wrong
                        .into_iter()
                        .flatten()
                        .map(|(message, help)| file.finding(link, message).help_optional(help)),
                );
            }
            Err(message) => findings.push(
                file.finding(link, message)
                    .help(format!("correct the arguments of link `{}`", link.link_id)),
            ),
        }
    }

    fn report_unlinked(&self, findings: &mut Vec<Finding>) {
        for source in self.policies.iter().filter(|source| source.is_template) {
            if !self.links.values().any(|template| *template == source.id) {
                let message =
                    format!("template `{}` is never linked, so it does nothing", source.id);
                findings.push(source.finding(FindingCode::UnlinkedTemplate, message).help(
                    "link it in `template-links.json` beside the policies, or name the entity in the policy",
                ));
            }
        }
    }
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

fn digest_of(files: &[&PolicyFile], links: Option<&LinkFile>) -> String {
    let policies = files.iter().map(|file| (file.path.as_str(), file.text.as_str()));
    let links = links.iter().map(|file| (file.path.as_str(), file.text.as_str()));
    digest::of_files(policies.chain(links))
}
