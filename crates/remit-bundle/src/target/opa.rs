//! Open Policy Agent: a bundle with a package of Rego for each set of policies, and the entities as data.
//!
//! `data.remit.guardrails.allow` decides, `reasons` says by which policies. The input is a request in the
//! form of the vectors.

use std::collections::BTreeSet;
use std::io::Write;

use flate2::{Compression, GzBuilder};
use remit_policy::Workspace;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::ExportError;
use super::cedar::{entities, plain};
use super::fidelity::{Ability, Fact, Fate, Level, StoreFidelity};
use super::rego::{HELPERS, Known, data, rules};
use super::store::{Store, plain_name};
use super::tools::Tools;
use super::vectors::{Decided, Vectors};
use super::write::Files;

/// Where the entities of all packages are.
const ENTITIES: &str = "remit_entities";

/// The parts of a bundle, as they are made store by store.
#[derive(Default)]
pub(crate) struct Bundle {
    names: BTreeSet<String>,
    /// By path in the bundle.
    members: Files,
    entities: Map<String, Value>,
}

impl Bundle {
    /// Adds a store, and says what becomes of it.
    pub(crate) fn store(
        &mut self,
        workspace: &Workspace,
        store: &Store,
        files: &mut Files,
    ) -> Result<StoreFidelity, ExportError> {
        let plain = plain(workspace, store)?;
        let tools = Tools::of(workspace).ok_or(ExportError::NoSchema)?;
        let name = package(store, &mut self.names);
        let known = entities(workspace)?;
        let path = format!("data.{ENTITIES}.{name}");
        let mut fidelity = plain.fidelity(store);
        let mut text = format!(
            "# {} of {}, made from Cedar: each policy is a rule with its id in `permits` or `forbids`.\npackage remit.{name}\n\nimport rego.v1\n{}",
            store.name,
            workspace.config.name.escape_debug(),
            HELPERS.replace("ENTITIES", &path),
        );
        text += "\npermits contains id if {\n\tsome id in []\n}\n\nforbids contains id if {\n\tsome id in []\n}\n";
        let all = plain.schema.model.actions.values();
        let all: Vec<_> = all.collect();
        let pairs = plain.statements.iter().zip(&mut fidelity.statements);
        for (n, ((statement, _), said)) in pairs.enumerate() {
            let named: BTreeSet<String> =
                tools.named(&statement.body).iter().map(|t| t.action.uid.to_string()).collect();
            let actions: Vec<_> =
                all.iter().filter(|a| named.contains(&a.uid.to_string())).copied().collect();
            let known = Known { path: &path, entities: &known };
            let made = rules(&statement.body, &format!("p{n}"), &actions, &known);
            text += &format!("\n# {}\n{}", statement.id.escape_debug(), made.text);
            if said.fate == Fate::Exact {
                said.fate = Fate::Changed;
            }
            if let Some(why) = made.refused {
                said.fate = Fate::Refused;
                said.notes.push(format!("not in the subset: {why}"));
            }
        }
        let grouped = with_actions(&plain.vectors, known);
        let internal =
            |message: String| ExportError::Internal { store: store.name.to_string(), message };
        self.entities.insert(name.clone(), data(&grouped).map_err(internal)?);
        self.members.text(&format!("remit/{name}/policy.rego"), text.clone());
        files.text(&format!("{}/policy.rego", store.folder), text);
        let there = vectors(&name, &plain.vectors).map_err(internal)?;
        files.json(&format!("{}/vectors.json", store.folder), &there);
        Ok(fidelity)
    }

    /// Writes the bundle that OPA loads.
    pub(crate) fn finish(mut self, files: &mut Files) -> Result<(), ExportError> {
        self.members.json(&format!("{ENTITIES}/data.json"), &Value::Object(self.entities));
        let mut hasher = Sha256::new();
        for (path, bytes) in self.members.iter() {
            hasher.update(path.as_str().as_bytes());
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        }
        let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let manifest = json!({
            "revision": format!("sha256:{hex}"),
            "roots": ["remit", ENTITIES],
            "rego_version": 1,
        });
        self.members.json(".manifest", &manifest);
        let bytes = archive(&self.members);
        let bytes = bytes.map_err(|error| ExportError::Internal {
            store: "bundle".to_owned(),
            message: error.to_string(),
        })?;
        files.bytes("bundle.tar.gz", bytes);
        Ok(())
    }
}

/// The same bytes for the same members: no times, no owners, names in order.
fn archive(members: &Files) -> std::io::Result<Vec<u8>> {
    let gz = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gz);
    for (path, bytes) in members.iter() {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        tar.append_data(&mut header, path, bytes)?;
    }
    let mut gz = tar.into_inner()?;
    gz.flush()?;
    gz.finish()
}

/// The name of a store's package, which has to be a word of Rego.
fn package(store: &Store, taken: &mut BTreeSet<String>) -> String {
    let name = store.folder.replace('/', "_");
    let name = plain_name(&name.replace(['-', '.'], "_"), taken);
    name.replace('-', "_")
}

/// The workspace's entities and the schema's actions with their groups.
fn with_actions(vectors: &Vectors, known: Vec<Value>) -> Vec<Value> {
    let is_action = |entity: &&Value| {
        let ty = entity.pointer("/uid/type").and_then(Value::as_str);
        ty.is_some_and(|ty| ty == "Action" || ty.ends_with("::Action"))
    };
    let actions = vectors.entities.iter().filter(is_action).cloned();
    known.into_iter().chain(actions).collect()
}

/// The vectors as inputs, with the entities that they are about as data.
fn vectors(name: &str, vectors: &Vectors) -> Result<Value, String> {
    let input = |vector: &super::vectors::Vector| {
        json!({
            "name": vector.name,
            "policy": vector.policy,
            "side": vector.side,
            "input": vector.request,
            "allow": vector.decision == Decided::Allow,
            "reasons": vector.reasons,
        })
    };
    Ok(json!({
        "version": 1,
        "package": format!("data.remit.{name}"),
        "data": { ENTITIES: { name: data(&vectors.entities)? } },
        "vectors": vectors.vectors.iter().map(input).collect::<Vec<_>>(),
        "uncovered": vectors.uncovered,
    }))
}

/// What it can enforce.
pub(crate) fn abilities() -> Vec<Ability> {
    super::abilities(&[
        ("tool calls", Level::Full, "whoever asks sends each call as an input"),
        (
            "arguments",
            Level::Partly,
            "texts, numbers, truth values, and sets of them; no times and addresses",
        ),
        ("identity and groups", Level::Full, "the entities are data of the bundle"),
        ("resources", Level::Full, "whoever asks names the resource as `remit.toml` maps it"),
        ("what the session did", Level::Partly, "whoever asks fills `context.session`"),
        (
            "conditions over history",
            Level::Partly,
            "Booleans that whoever asks must know; the target `dogwood` works them out",
        ),
        ("task scopes", Level::Partly, "a package for each; whoever asks chooses, and asks both"),
    ])
}

/// Which facts it has.
pub(crate) fn facts() -> Vec<Fact> {
    super::facts(&[
        ("input.context.input", Level::Full, "in the input, in Cedar's JSON format"),
        ("input.context.session", Level::Partly, "in the input, if whoever asks keeps count"),
        (
            "input.context[\"history:…\"]",
            Level::Partly,
            "in the input; without it the policy errs toward deny",
        ),
        ("entities", Level::Full, "in `data.remit_entities`, groups written out"),
    ])
}
