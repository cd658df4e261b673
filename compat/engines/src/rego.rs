//! `rego EXPORT…`: loads the bundle of each export for OPA and asks regorus about every vector.
//!
//! Exits with 1 if an answer or a reason is another one, and says which.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use regorus::{Engine, Value};
use serde_json::Value as Json;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let mut failed = false;
    for folder in std::env::args().skip(1) {
        match check(Path::new(&folder)) {
            Ok((count, wrong)) => {
                println!(
                    "{folder}: regorus agrees with {} of {count} vectors",
                    count - wrong.len()
                );
                failed |= !wrong.is_empty() || count == 0;
                wrong.iter().for_each(|line| println!("  {line}"));
            }
            Err(error) => {
                println!("{folder}: {error}");
                failed = true;
            }
        }
    }
    ExitCode::from(u8::from(failed))
}

fn check(folder: &Path) -> Result<(usize, Vec<String>), Failure> {
    let bundle = std::fs::read(folder.join("bundle.tar.gz"))?;
    let (mut count, mut wrong) = (0, Vec::new());
    for file in vector_files(folder)? {
        let vectors: Json = serde_json::from_slice(&std::fs::read(file)?)?;
        let package = vectors["package"].as_str().ok_or("no package")?;
        let mut engine = load(&bundle)?;
        // The vectors speak of entities that no workspace has: their data takes the bundle's place.
        engine.clear_data();
        engine.add_data(Value::from_json_str(&vectors["data"].to_string())?)?;
        for vector in vectors["vectors"].as_array().ok_or("no vectors")? {
            count += 1;
            engine.set_input(Value::from_json_str(&vector["input"].to_string())?);
            let allow = engine.eval_rule(format!("{package}.allow"))?;
            let reasons = engine.eval_rule(format!("{package}.reasons"))?;
            let reasons: Json = serde_json::from_str(&reasons.to_json_str()?)?;
            let said = (Json::from(*allow.as_bool()?), names(&reasons));
            let expected = (vector["allow"].clone(), names(&vector["reasons"]));
            if said != expected {
                wrong.push(format!("{}: {said:?} instead of {expected:?}", vector["name"]));
            }
        }
    }
    Ok((count, wrong))
}

fn names(list: &Json) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().map(ToString::to_string).collect()
}

/// An engine with the policies and the data of a bundle.
fn load(bundle: &[u8]) -> Result<Engine, Failure> {
    let mut engine = Engine::new();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bundle));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text)?;
        if path.ends_with(".rego") {
            engine.add_policy(path, text)?;
        } else if let Some(folder) = path.strip_suffix("/data.json") {
            let data: Json = serde_json::from_str(&text)?;
            let nested = folder.rsplit('/').fold(data, |inner, name| {
                Json::Object([(name.to_owned(), inner)].into_iter().collect())
            });
            engine.add_data(Value::from_json_str(&nested.to_string())?)?;
        }
    }
    Ok(engine)
}

fn vector_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                left.push(path);
            } else if path.file_name().is_some_and(|name| name == "vectors.json") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
