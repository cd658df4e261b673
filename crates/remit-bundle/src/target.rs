//! Exports: a workspace's policies for points that enforce, each with a report on what will be different
//! there and with vectors that say how to check it.
//!
//! Promises:
//! * what a target cannot say is listed by policy, and an export with such losses needs a typed reason;
//! * a loss errs toward deny: no vector that the workspace denies is allowed by an export;
//! * the same workspace gives the same bytes.
//!
//! Not here: who signs what is exported, and whether it passed its gates.

mod agentcore;
mod cedar;
mod derive;
mod dogwood;
mod fidelity;
mod opa;
mod past;
mod rego;
mod rename;
mod store;
mod toolhive;
mod tools;
mod trace;
mod translate;
mod values;
mod vectors;
mod weaken;
mod write;

use std::fmt;
use std::io;
use std::str::FromStr;

use camino::Utf8PathBuf;
use cedar_policy::{PolicySet, SchemaFragment, ValidationMode, Validator};
use miette::Diagnostic;
use remit_policy::{LoadedSchema, Workspace};
use serde_json::{Value, json};
use thiserror::Error;

pub use dogwood::{TraceVector, TraceVectors};
pub use fidelity::{Ability, Fact, Fate, Fidelity, Level, StatementFidelity, StoreFidelity};
pub use vectors::{AskedRequest, Decided, Side, Uid, Uncovered, Vector, Vectors};
pub use write::Files;

use store::{Store, stores};
use tools::Tools;

/// A kind of point that enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Whoever runs Cedar.
    Cedar,
    /// Amazon Verified Permissions.
    VerifiedPermissions,
    /// The gateways of Amazon Bedrock AgentCore.
    AgentCore,
    /// ToolHive's proxies.
    ToolHive,
    /// Stores of Dogwood's own engine.
    Dogwood,
    /// Open Policy Agent.
    Opa,
}

impl Target {
    /// Every target, in the order in which they are listed to people.
    pub const ALL: [Target; 6] = [
        Target::Cedar,
        Target::VerifiedPermissions,
        Target::AgentCore,
        Target::ToolHive,
        Target::Dogwood,
        Target::Opa,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Target::Cedar => "cedar",
            Target::VerifiedPermissions => "verified-permissions",
            Target::AgentCore => "agentcore",
            Target::ToolHive => "toolhive",
            Target::Dogwood => "dogwood",
            Target::Opa => "opa",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Target::Cedar => "Plain Cedar: policies, schema and entities",
            Target::VerifiedPermissions => "Amazon Verified Permissions",
            Target::AgentCore => "Amazon Bedrock AgentCore",
            Target::ToolHive => "ToolHive (cedarv1)",
            Target::Dogwood => "A store of dogwood-local-engine",
            Target::Opa => "Open Policy Agent",
        }
    }

    fn abilities(self) -> Vec<Ability> {
        match self {
            Target::Cedar | Target::VerifiedPermissions => cedar::abilities(),
            Target::AgentCore => agentcore::abilities(),
            Target::ToolHive => toolhive::abilities(),
            Target::Dogwood => dogwood::abilities(),
            Target::Opa => opa::abilities(),
        }
    }

    fn facts(self) -> Vec<Fact> {
        match self {
            Target::Cedar | Target::VerifiedPermissions => cedar::facts(),
            Target::AgentCore => agentcore::facts(),
            Target::ToolHive => toolhive::facts(),
            Target::Dogwood => dogwood::facts(),
            Target::Opa => opa::facts(),
        }
    }

    fn differences(self) -> Vec<String> {
        let own: &[&str] = match self {
            Target::Cedar => &[
                "requests are only checked against the schema if whoever asks has Cedar do it; without, a wrong type makes a policy fail, and a failed policy is skipped",
            ],
            Target::VerifiedPermissions => &[
                "a namespace is put before all types if the schema has none, since a policy store must have one",
                "policies get new ids there: `determiningPolicies` names those, and the annotation `@id` says which is which",
                "template links are policies of their own",
                "schemas are exported without annotations",
            ],
            Target::AgentCore => &[
                "the resource is the gateway, the action says target and tool: what a policy says of a resource is settled at export",
                "a policy speaks of tools by name: one that is added to a server later is in no policy",
                "no annotations: names of policies are made of their ids",
                "a tool whose arguments do not fit its input schema is refused before any policy is asked",
            ],
            Target::ToolHive => &[
                "one failed policy denies the call, where Cedar skips it: a call without an argument that a policy reads is denied",
                "numbers are decimals with four places, so that very large ones compare unequal",
                "policies are known by position, `policy0` and on; `*.policies.json` says which is which",
                "what is exported for a server without policies forbids everything, as no policies at all are refused",
            ],
            Target::Dogwood => &[
                "requests are not checked against the schema: a value of another type makes a policy fail, and a failed policy is skipped",
                "times are those at which events are submitted, and a new policy sees nothing from before it was installed",
                "a call that was denied counts as an attempt; whether it failed must be submitted as an `error`",
                "policies are known by position or token there; `vectors.json` lists their ids in order",
            ],
            Target::Opa => &[
                "the policies are translated: each part of a condition is a rule that is true, false or undefined, where undefined is what Cedar calls an error",
                "inputs are not checked against a schema: a wrong type gives no error, only another answer",
                "which policies failed is not said",
            ],
        };
        let shared = "guardrails and scopes are sets of their own, asked separately: what the guardrails allow and the scope denies is what Remit calls drifted";
        std::iter::once(shared).chain(own.iter().copied()).map(str::to_owned).collect()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Target::ALL.into_iter().find(|target| target.id() == text);
        found.ok_or_else(|| format!("no target is called `{text}`"))
    }
}

/// Who calls a gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Caller {
    /// Somebody with a token, known by its `sub` claim.
    #[default]
    OAuth,
    /// Somebody with AWS credentials, known by the ARN.
    Iam,
}

/// What an export is made with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The ARN of the gateway, for AgentCore.
    pub gateway: Option<String>,
    /// Who calls the gateway, for AgentCore.
    pub caller: Caller,
    /// Why the export goes on although statements are degraded.
    pub accept_degraded: Option<String>,
}

/// An export that is not written yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// What is different there.
    pub fidelity: Fidelity,
    /// Its files, `FIDELITY.md` and `fidelity.json` among them.
    pub files: Files,
}

/// Why there is no export.
#[derive(Debug, Error, Diagnostic)]
pub enum ExportError {
    /// Nothing says what the policies are about.
    #[error("the workspace has no schema that can be read")]
    #[diagnostic(
        code(no_schema),
        help("mend `schema.cedarschema`; `remit check` says what is wrong")
    )]
    NoSchema,
    /// There is nothing that could be called.
    #[error("{target} decides about tools, and the schema declares none")]
    #[diagnostic(code(no_tools), help("declare the tools as actions in `schema.cedarschema`"))]
    NoTools {
        /// The target's name.
        target: &'static str,
    },
    /// What the target asks for does not go with the schema.
    #[error("the schema does not go with this target: {message}")]
    #[diagnostic(code(schema), help("export for another target, or change the schema"))]
    Schema {
        /// What does not go.
        message: String,
    },
    /// The target takes one namespace.
    #[error("the schema has {count} namespaces, and a policy store has one")]
    #[diagnostic(
        code(namespaces),
        help("put all types and actions into one namespace, or into none")
    )]
    Namespaces {
        /// How many there are.
        count: usize,
    },
    /// Statements would mean something else, and nobody said that this is accepted.
    #[error("{count} of the policies cannot be said as they are: {policies}")]
    #[diagnostic(
        code(degraded),
        help("read what becomes of them, and go on with `--accept-degraded REASON`")
    )]
    Degraded {
        /// How many.
        count: usize,
        /// Which, with what is lost.
        policies: String,
        /// The whole report.
        fidelity: Box<Fidelity>,
    },
    /// Leaving out a `forbid` would allow what is denied.
    #[error(
        "`{policies}` of the {store} cannot be said there, and what they forbid would be allowed"
    )]
    #[diagnostic(code(lost_forbids), help("make them shorter, or export for another target"))]
    LostForbids {
        /// Whose policies.
        store: String,
        /// Which.
        policies: String,
    },
    /// There is something in the way.
    #[error("`{path}` is not empty")]
    #[diagnostic(code(not_empty), help("name a folder that does not exist yet"))]
    NotEmpty {
        /// The folder.
        path: Utf8PathBuf,
    },
    /// The disk refuses.
    #[error("the export could not be written to `{path}`: {source}")]
    #[diagnostic(
        code(not_written),
        help("check that the folder above exists and can be written to")
    )]
    NotWritten {
        /// The folder.
        path: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A promise of ours is broken.
    #[error("the export of the {store} is not right, which is a mistake in remit: {message}")]
    #[diagnostic(code(internal), help("please report it; nothing was written"))]
    Internal {
        /// Whose policies.
        store: String,
        /// What is wrong.
        message: String,
    },
}

/// What becomes of a workspace's policies at a target, and its files.
///
/// # Errors
/// If the target cannot say some policy as it is and no reason to go on was given, or if the schema does
/// not go with it.
pub fn export(
    workspace: &Workspace,
    target: Target,
    options: &Options,
) -> Result<Export, ExportError> {
    if workspace.schema.is_none() {
        return Err(ExportError::NoSchema);
    }
    let mut files = Files::default();
    let stores = stores(workspace);
    let done = match target {
        Target::Cedar => each(&stores, |store| cedar::store(workspace, store, &mut files)),
        Target::VerifiedPermissions => {
            each(&stores, |store| cedar::verified_permissions(workspace, store, &mut files))
        }
        Target::AgentCore => agentcore(workspace, &stores, options, &mut files),
        Target::ToolHive => with_tools(workspace, &stores, |store, vectors, tools| {
            toolhive::store(store, vectors, tools, &mut files)
        }),
        Target::Dogwood => each(&stores, |store| dogwood::store(workspace, store, &mut files)),
        Target::Opa => {
            let mut bundle = opa::Bundle::default();
            let done = each(&stores, |store| bundle.store(workspace, store, &mut files));
            done.and_then(|done| bundle.finish(&mut files).map(|()| done))
        }
    }?;
    let fidelity = Fidelity {
        version: 1,
        target: target.id().to_owned(),
        title: target.title().to_owned(),
        enforces: target.abilities(),
        facts: target.facts(),
        differences: target.differences(),
        stores: done,
        accepted: options.accept_degraded.clone(),
    };
    refuse_losses(&fidelity)?;
    files.text("FIDELITY.txt", fidelity.to_text());
    files.json("fidelity.json", &json!(fidelity));
    Ok(Export { fidelity, files })
}

fn each(
    stores: &[Store],
    one: impl FnMut(&Store) -> Result<StoreFidelity, ExportError>,
) -> Result<Vec<StoreFidelity>, ExportError> {
    stores.iter().map(one).collect()
}

fn with_tools(
    workspace: &Workspace,
    stores: &[Store],
    mut one: impl FnMut(&Store, &Vectors, &Tools<'_>) -> Result<StoreFidelity, ExportError>,
) -> Result<Vec<StoreFidelity>, ExportError> {
    let tools = Tools::of(workspace).ok_or(ExportError::NoSchema)?;
    each(stores, |store| {
        let vectors = cedar::plain(workspace, store)?.vectors;
        one(store, &vectors, &tools)
    })
}

fn agentcore(
    workspace: &Workspace,
    stores: &[Store],
    options: &Options,
    files: &mut Files,
) -> Result<Vec<StoreFidelity>, ExportError> {
    let tools = Tools::of(workspace).ok_or(ExportError::NoSchema)?;
    let schema = agentcore::schema(&tools, options)?;
    let done = with_tools(workspace, stores, |store, vectors, tools| {
        agentcore::store(store, vectors, tools, options, files)
    })?;
    for store in stores {
        let path = format!("{}/policies.cedar", store.folder);
        let text = files.get(&path).map(String::from_utf8_lossy).unwrap_or_default();
        validated(&schema, &text)
            .map_err(|message| ExportError::Internal { store: store.name.to_string(), message })?;
    }
    files.text("schema.cedarschema", schema.text);
    Ok(done)
}

/// Whether the target's own schema takes the policies.
fn validated(schema: &LoadedSchema, text: &str) -> Result<(), String> {
    let policies: PolicySet =
        text.parse().map_err(|error: cedar_policy::ParseErrors| error.to_string())?;
    let found = Validator::new(schema.schema.clone()).validate(&policies, ValidationMode::Strict);
    let errors: Vec<String> = found.validation_errors().map(ToString::to_string).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
}

fn refuse_losses(fidelity: &Fidelity) -> Result<(), ExportError> {
    let losses: Vec<String> = fidelity
        .losses()
        .map(|(store, said)| {
            format!("`{}` ({}): {}", said.policy, store.store, said.notes.join("; "))
        })
        .collect();
    if losses.is_empty() || fidelity.accepted.is_some() {
        return Ok(());
    }
    Err(ExportError::Degraded {
        count: losses.len(),
        policies: losses.join(", "),
        fidelity: Box::new(fidelity.clone()),
    })
}

/// A schema from Cedar's JSON format.
fn schema_of(json: &Value) -> Result<LoadedSchema, ExportError> {
    let refused = |message: String| ExportError::Schema { message };
    let fragment = SchemaFragment::from_json_value(json.clone());
    let fragment =
        fragment.map_err(|error| refused(format!("{:?}", miette::Report::new(error))))?;
    let text = fragment.to_cedarschema().map_err(|error| refused(error.to_string()))?;
    LoadedSchema::parse(&text).map_err(|findings| {
        refused(findings.iter().map(|f| f.message.clone()).collect::<Vec<_>>().join("; "))
    })
}

fn abilities(rows: &[(&str, Level, &str)]) -> Vec<Ability> {
    let row = |(what, level, note): &(&str, Level, &str)| Ability {
        what: (*what).to_owned(),
        level: *level,
        note: (*note).to_owned(),
    };
    rows.iter().map(row).collect()
}

fn facts(rows: &[(&str, Level, &str)]) -> Vec<Fact> {
    let row = |(fact, level, note): &(&str, Level, &str)| Fact {
        fact: (*fact).to_owned(),
        level: *level,
        note: (*note).to_owned(),
    };
    rows.iter().map(row).collect()
}
