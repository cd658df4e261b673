//! Sixty tools of six servers, as the servers would list them, and the schema that is made from that.

use remit_policy::schema_gen::{SchemaGenError, generate_schema, parse_manifest};
use serde_json::{Value, json};

/// Servers and their tools; the first four of each only read.
pub(super) const SERVERS: [(&str, [&str; 10]); 6] = [
    (
        "files",
        [
            "read_file",
            "list_folder",
            "stat_file",
            "search_files",
            "write_file",
            "append_file",
            "move_file",
            "copy_file",
            "share_file",
            "remove_file",
        ],
    ),
    (
        "mail",
        [
            "read_mail",
            "list_mail",
            "search_mail",
            "read_thread",
            "draft_mail",
            "send_mail",
            "forward_mail",
            "schedule_mail",
            "archive_mail",
            "remove_mail",
        ],
    ),
    (
        "web",
        [
            "fetch_page",
            "search_web",
            "read_feed",
            "check_link",
            "download_page",
            "post_form",
            "upload_page",
            "call_service",
            "submit_order",
            "unsubscribe",
        ],
    ),
    (
        "data",
        [
            "query_table",
            "list_tables",
            "read_schema",
            "run_report",
            "insert_rows",
            "update_rows",
            "export_rows",
            "import_rows",
            "grant_access",
            "delete_rows",
        ],
    ),
    (
        "deploy",
        [
            "read_logs",
            "list_services",
            "get_status",
            "get_config",
            "restart_service",
            "scale_service",
            "roll_out",
            "roll_back",
            "set_config",
            "delete_service",
        ],
    ),
    (
        "tickets",
        [
            "read_ticket",
            "list_tickets",
            "search_tickets",
            "read_customer",
            "create_ticket",
            "update_ticket",
            "assign_ticket",
            "close_ticket",
            "refund_order",
            "delete_ticket",
        ],
    ),
];

pub(super) const TOOLS: usize = 60;
/// So many tools of a server only read.
const READING: usize = 4;

/// The server and the name of a tool.
pub(super) fn tool(n: usize) -> (&'static str, &'static str) {
    let (server, tools) = SERVERS.get(n / 10 % SERVERS.len()).unwrap_or(&SERVERS[0]);
    (server, tools.get(n % 10).unwrap_or(&tools[0]))
}

/// What the schema starts with: agents have a tier and a region.
const STUB: &str = r#"
@mcp_principal("Agent")
entity Agent in [Task, AgentGroup] = {
  tier: Long,
  region: String,
};
entity Task;
entity AgentGroup;
@mcp_resource("Server")
entity Server;
@mcp_context("session")
type Session = {
  step: Long,
  calls: Long,
  toolsUsed: Set<String>,
  readOnly: Bool,
};
@mcp_action("call_tool")
action call_tool;
"#;

pub(super) fn schema() -> Result<String, SchemaGenError> {
    let manifests = SERVERS.iter().map(|(server, tools)| {
        let tools: Vec<Value> = tools.iter().enumerate().map(|(n, name)| listed(n, name)).collect();
        parse_manifest(server, &json!({ "tools": tools }).to_string())
    });
    let manifests = manifests.collect::<Result<Vec<_>, _>>()?;
    Ok(generate_schema(Some(STUB), &manifests)?.text)
}

/// A tool as `tools/list` has it. All take the same arguments, so that any condition fits any tool.
fn listed(n: usize, name: &str) -> Value {
    let text = json!({ "type": "string" });
    let format = |format| json!({ "type": "string", "format": format });
    let properties = json!({
        "path": text, "address": text, "url": text, "environment": text, "approver": text,
        "tags": { "type": "array", "items": text },
        "cost": { "type": "integer" },
        "items": { "type": "integer" },
        "risk": { "type": "number" },
        "external": { "type": "boolean" },
        "at": format("date-time"),
        "ttl": format("duration"),
    });
    let optional = "approver";
    let required: Vec<&String> = properties
        .as_object()
        .into_iter()
        .flat_map(|p| p.keys())
        .filter(|k| *k != optional)
        .collect();
    json!({
        "name": name,
        "inputSchema": { "type": "object", "properties": properties, "required": required },
        "annotations": { "readOnlyHint": n < READING, "destructiveHint": n == 9, "openWorldHint": false },
    })
}
