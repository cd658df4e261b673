//! Makes `schema.cedarschema` from what tools say about themselves, or from what calls have shown.
//!
//! The shape of actions and requests is that of the official MCP schema generator, which makes the
//! schema: `context: { input: <tool>Input, session: Session }`, one action a tool. Around it, each
//! tool's JSON Schema is first reduced to what Cedar can express, and names that the generator
//! refuses travel under an alias and come back in quotes. The same tools give the same text.

mod assemble;
mod error;
mod inline;
mod manifest;
mod merge;
mod names;
mod plan;
mod shape;
mod stub;
mod update;

use cedar_policy_core::validator::RawName;
use cedar_policy_core::validator::json_schema::Fragment;
use cedar_policy_mcp_schema_generator::{SchemaGenerator, SchemaGeneratorConfig};
use mcp_tools_sdk::description::ServerDescription;
use serde_json::{Value, json};

pub use error::SchemaGenError;
pub use manifest::{Hints, SpecOrigin, ToolManifest, ToolSpec, parse_manifest};
pub use shape::cedar_type;
pub use update::{add_tools, update_server};

use crate::schema::LoadedSchema;
use inline::inline_all;
use plan::PlannedTool;
use stub::Stub;

/// A schema, and what its author should know about how it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedSchema {
    /// The schema in Cedar's schema syntax.
    pub text: String,
    /// Names that were changed, tools that went away, and the like.
    pub notes: Vec<String>,
}

/// Generates a schema for tools; the stub is a schema whose own part is kept, else ours.
///
/// # Errors
/// If the stub does not parse, marks no principal or no resource, or the tools cannot be expressed.
pub fn generate_schema(
    stub: Option<&str>,
    manifests: &[ToolManifest],
) -> Result<GeneratedSchema, SchemaGenError> {
    generate_with(&Stub::read(&stub.map_or_else(stub::standard, str::to_owned))?, manifests)
}

fn generate_with(
    stub: &Stub,
    manifests: &[ToolManifest],
) -> Result<GeneratedSchema, SchemaGenError> {
    let mut notes = stub.notes.clone();
    let tools = plan::plan(manifests, stub, &mut notes);
    notes.extend(stub.removed_by(&tools));
    let generated = run_generator(stub, &tools)?;
    let schema = stub.restore(assemble::assemble(generated, &tools));
    let text = print(schema)?;
    LoadedSchema::parse(&text).map_err(|findings| {
        SchemaGenError::contradiction(findings.first().map(|finding| finding.message.as_str()))
    })?;
    Ok(GeneratedSchema { text, notes })
}

/// Lets the official generator add the tools to the stub's namespace, under their aliases.
fn run_generator(stub: &Stub, tools: &[PlannedTool<'_>]) -> Result<Value, SchemaGenError> {
    let fragment = Fragment::<RawName>::from_json_value(stub.alone())
        .map_err(|error| SchemaGenError::generator(&error))?;
    let config = SchemaGeneratorConfig::default()
        .objects_as_records(true)
        .encode_numbers_as_decimal(true)
        .erase_annotations(false);
    let mut generator = SchemaGenerator::new_with_config(fragment, config)
        .map_err(|error| SchemaGenError::generator(&error))?;
    let descriptions: Vec<_> = tools.iter().map(PlannedTool::description).collect();
    let description = ServerDescription::from_json_str(&json!(descriptions).to_string())
        .map_err(|error| SchemaGenError::generator(&error))?;
    generator
        .add_actions_from_server_description(&description)
        .map_err(|error| SchemaGenError::generator(&error))?;
    let schema = serde_json::to_value(generator.get_schema())
        .map_err(|error| SchemaGenError::generator(&error))?;
    Ok(inline_all(schema, stub.working_namespace()))
}

/// A schema as we print schemas.
fn print_text(text: &str) -> Result<String, SchemaGenError> {
    print(Value::Object(stub::parsed(text)?))
}

fn print(schema: Value) -> Result<String, SchemaGenError> {
    let fragment = Fragment::<RawName>::from_json_value(schema)
        .map_err(|error| SchemaGenError::generator(&error))?;
    fragment.to_cedarschema().map_err(|error| SchemaGenError::generator(&error))
}
