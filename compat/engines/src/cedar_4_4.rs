//! `cedar-4-4 EXPORT…`: has Cedar 4.4 judge each export of plain Cedar, as points do that still run it.
//!
//! `cedar-policy-validator` 4.4.2 is that release's own judge of whether it will accept the policies; its
//! authorizer is asked about every vector. Exits with 1 if one is refused or answered otherwise.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use cedar_policy_core::extensions::Extensions;
use cedar_policy_validator::{ValidationMode, Validator, ValidatorSchema};
use serde_json::Value as Json;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let mut failed = false;
    for folder in std::env::args().skip(1) {
        for store in stores(Path::new(&folder)) {
            let name = store.display();
            match check(&store) {
                Ok((count, wrong)) => {
                    println!(
                        "{name}: Cedar 4.4 accepts it and agrees with {} of {count} vectors",
                        count - wrong.len()
                    );
                    failed |= !wrong.is_empty() || count == 0;
                    wrong.iter().for_each(|line| println!("  {line}"));
                }
                Err(error) => {
                    println!("{name}: Cedar 4.4 refuses it: {error}");
                    failed = true;
                }
            }
        }
    }
    ExitCode::from(u8::from(failed))
}

fn check(store: &Path) -> Result<(usize, Vec<String>), Failure> {
    let read = |name: &str| std::fs::read_to_string(store.join(name));
    let policies = PolicySet::from_json_str(read("policies.json")?)?;
    validate(&read("schema.cedarschema")?, &policies)?;
    let vectors: Json = serde_json::from_str(&read("vectors.json")?)?;
    let entities = Entities::from_json_value(vectors["entities"].clone(), None)?;
    let (mut count, mut wrong) = (0, Vec::new());
    for vector in vectors["vectors"].as_array().ok_or("no vectors")? {
        count += 1;
        let asked = &vector["request"];
        let context = Context::from_json_value(asked["context"].clone(), None)?;
        let [principal, action, resource] =
            ["principal", "action", "resource"].map(|part| uid(&asked[part]));
        let request = Request::new(principal?, action?, resource?, context, None)?;
        let response = Authorizer::new().is_authorized(&request, &policies, &entities);
        let decision = if response.decision() == Decision::Allow { "allow" } else { "deny" };
        let reasons: BTreeSet<String> = response
            .diagnostics()
            .reason()
            .map(|id| Json::from(id.to_string()).to_string())
            .collect();
        let expected: BTreeSet<String> =
            vector["reasons"].as_array().into_iter().flatten().map(ToString::to_string).collect();
        if vector["decision"] != decision || reasons != expected {
            wrong.push(format!("{}: {decision} by {reasons:?}", vector["name"]));
        }
    }
    Ok((count, wrong))
}

fn uid(json: &Json) -> Result<EntityUid, Failure> {
    let (ty, id) = (json["type"].as_str().ok_or("no type")?, json["id"].as_str().ok_or("no id")?);
    let ty: cedar_policy::EntityTypeName = ty.parse()?;
    Ok(EntityUid::from_type_name_and_id(ty, id.parse().expect("every text is an id")))
}

fn validate(schema: &str, policies: &PolicySet) -> Result<(), Failure> {
    let (schema, _) = ValidatorSchema::from_cedarschema_str(schema, Extensions::all_available())?;
    let found = Validator::new(schema).validate(policies.as_ref(), ValidationMode::Strict);
    let errors: Vec<String> = found.validation_errors().map(ToString::to_string).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors.join("; ").into()) }
}

fn stores(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()) {
            if path.is_dir() {
                left.push(path);
            } else if path.file_name().is_some_and(|name| name == "policies.json") {
                found.extend(path.parent().map(Path::to_owned));
            }
        }
    }
    found.sort();
    found
}
