//! Tool manifests from recordings: what servers said of their tools, else what the calls show.

use crate::mapping::server_of;
use remit_policy::schema_gen::{Hints, SpecOrigin, ToolManifest, ToolSpec, parse_manifest};
use remit_session::{Recording, Session, ToolProfile, profile_tools};
use std::collections::BTreeMap;

/// One manifest a server, sorted. A server's own `tools/list` answer wins over inference; tools that
/// were called but never listed are inferred. `default_server` is for calls that name no server.
pub fn infer_manifests(recordings: &[Recording], default_server: &str) -> Vec<ToolManifest> {
    let mut servers: BTreeMap<String, BTreeMap<String, ToolSpec>> = BTreeMap::new();
    for (server, spec) in declared(recordings, default_server) {
        servers.entry(server).or_default().insert(spec.name.clone(), spec);
    }
    let sessions: Vec<&Session> = recordings.iter().flat_map(|r| &r.sessions).collect();
    for profile in profile_tools(sessions.iter().copied()) {
        let server = server_of(profile.server.as_deref(), &profile.tool).unwrap_or(default_server);
        servers
            .entry(server.to_owned())
            .or_default()
            .entry(profile.tool.clone())
            .or_insert_with(|| inferred(profile));
    }
    let manifest = |(server, tools): (String, BTreeMap<String, ToolSpec>)| ToolManifest {
        server,
        tools: tools.into_values().collect(),
    };
    servers.into_iter().map(manifest).collect()
}

/// What servers declared in the transcripts. A manifest that cannot be read is passed over: its tools
/// are then inferred from their calls.
fn declared(recordings: &[Recording], default_server: &str) -> Vec<(String, ToolSpec)> {
    let mut specs = Vec::new();
    for recording in recordings {
        let server = recording
            .sessions
            .iter()
            .flat_map(Session::calls)
            .find_map(|(_, _, call)| call.server.clone());
        let server = server.unwrap_or_else(|| default_server.to_owned());
        for manifest in &recording.manifests {
            let parsed = parse_manifest(&server, &manifest.to_string());
            specs.extend(
                parsed.into_iter().flat_map(|m| m.tools).map(|spec| (server.clone(), spec)),
            );
        }
    }
    specs
}

fn inferred(profile: ToolProfile) -> ToolSpec {
    ToolSpec {
        name: profile.tool,
        title: None,
        description: None,
        input_schema: profile.input_schema,
        annotations: Hints::default(),
        origin: SpecOrigin::Inferred { calls: profile.calls as usize },
        read_only_because: profile.read_only,
    }
}
