//! `remit schema`: the schema, from what tools say of themselves or from how they were called.

use crate::Exit;
use crate::args::SchemaArgs;
use crate::bench::{load_workspace, read};
use crate::error::CliError;
use crate::output::{data_to_stdout, to_stderr};
use camino::{Utf8Path, Utf8PathBuf};
use remit_api::bundle::manifest_schema;
use remit_api::policy::Workspace;
use remit_api::policy::new_workspace::write_atomic;
use remit_api::policy::schema_gen::{
    GeneratedSchema, ToolManifest, generate_schema, parse_manifest,
};
use remit_api::replay::{infer_manifests, report_schema};

const SCHEMA: &str = "schema.cedarschema";

pub(crate) fn run(args: &SchemaArgs) -> Result<Exit, CliError> {
    let Some(root) = &args.workspace else {
        let schema = if args.bundle { manifest_schema() } else { report_schema() };
        data_to_stdout(&format!("{schema:#}\n"))?;
        return Ok(Exit::Success);
    };
    let workspace = load_workspace(root)?;
    let manifests = manifests(args, &workspace)?;
    let stub = workspace.schema.as_ref().map(|s| s.text.as_str());
    let made = generate_schema(stub, &manifests).map_err(CliError::library)?;
    for note in &made.notes {
        to_stderr(&format!("note: {note}\n"))?;
    }
    if args.write {
        write(root, &made)?
    } else {
        data_to_stdout(&made.text)?
    }
    Ok(Exit::Success)
}

/// What the tools say of themselves, where they do; what their calls show, where they do not.
fn manifests(args: &SchemaArgs, workspace: &Workspace) -> Result<Vec<ToolManifest>, CliError> {
    let mut manifests =
        args.tools.iter().map(|named| declared(named)).collect::<Result<Vec<_>, _>>()?;
    if args.tools.is_empty() || !args.recordings.is_empty() {
        let loaded = read(workspace, &args.recordings, args.format)?;
        manifests.extend(infer_manifests(&loaded.recordings, &workspace.config.mapping.server));
    }
    if manifests.iter().all(|m| m.tools.is_empty()) {
        return Err(CliError::input(
            "there is no tool to generate a schema from",
            "name tool manifests with --tools, or recordings with tool calls with --recordings",
        ));
    }
    Ok(manifests)
}

/// `NAME=FILE`, or a file whose name is the server's.
fn declared(named: &str) -> Result<ToolManifest, CliError> {
    let (server, file) = match named.split_once('=') {
        Some((server, file)) => (server.to_owned(), Utf8PathBuf::from(file)),
        None => {
            (Utf8Path::new(named).file_stem().unwrap_or(named).to_owned(), Utf8PathBuf::from(named))
        }
    };
    let text = std::fs::read_to_string(&file).map_err(|error| {
        CliError::input(
            format!("`{file}`: {error}"),
            "name a file with an MCP server's answer to tools/list",
        )
    })?;
    parse_manifest(&server, &text).map_err(CliError::library)
}

fn write(root: &Utf8Path, made: &GeneratedSchema) -> Result<(), CliError> {
    let path = root.join(SCHEMA);
    write_atomic(&path, made.text.as_bytes()).map_err(CliError::library)?;
    to_stderr(&format!("{path} written; `remit check {root}` checks the policies against it\n"))?;
    Ok(())
}
