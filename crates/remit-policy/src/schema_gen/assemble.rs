//! Turns what the generator made into what people read: recorded names, groups, annotations.

use serde_json::{Map, Value, json};

use super::names::Aliases;
use super::plan::PlannedTool;
use super::stub::{EFFECTS, server_group};

/// How much of a description becomes documentation.
const DOC_CHARACTERS: usize = 240;

/// The definitions of one namespace, with the tools under their own names.
pub(super) fn assemble(mut definitions: Value, tools: &[PlannedTool<'_>]) -> Value {
    let types = definitions.get_mut("commonTypes").and_then(Value::as_object_mut);
    if let Some(types) = types {
        for tool in tools {
            if let Some(input) = types.get_mut(&format!("{}Input", tool.alias)) {
                rename_attributes(input, &tool.properties);
            }
        }
    }
    if let Some(actions) = definitions.get_mut("actions").and_then(Value::as_object_mut) {
        let generated: Vec<_> =
            tools.iter().map(|tool| (tool, actions.remove(&tool.alias))).collect();
        for (tool, action) in generated {
            actions.insert(tool.action.clone(), finished(action.unwrap_or_default(), tool));
        }
        add_groups(actions, tools);
    }
    definitions
}

fn rename_attributes(ty: &mut Value, aliases: &Aliases) {
    if let Some(element) = ty.get_mut("element") {
        rename_attributes(element, aliases);
    }
    let Some(attributes) = ty.get_mut("attributes").and_then(Value::as_object_mut) else {
        return;
    };
    for (alias, mut attribute) in std::mem::take(attributes) {
        rename_attributes(&mut attribute, aliases);
        attributes.insert(aliases.name(&alias).to_owned(), attribute);
    }
}

/// The action with its groups and annotations.
fn finished(mut action: Value, tool: &PlannedTool<'_>) -> Value {
    let Some(object) = action.as_object_mut() else {
        return action;
    };
    let groups = tool.servers.iter().map(|server| server_group(server));
    let groups = groups.chain(tool.spec.effects().into_iter().map(str::to_owned));
    let groups = groups.map(|id| json!({ "id": id }));
    let parents = object.entry("memberOf").or_insert_with(|| json!([]));
    if let Some(parents) = parents.as_array_mut() {
        parents.extend(groups);
    }
    let mut annotations = Map::new();
    if let Some(text) = tool.spec.description.as_ref().or(tool.spec.title.as_ref()) {
        annotations.insert("doc".to_owned(), Value::String(first_paragraph(text)));
    }
    if let Some(word) = tool.spec.read_only() {
        annotations.insert("read_only".to_owned(), Value::String(word));
    }
    object.insert("annotations".to_owned(), Value::Object(annotations));
    action
}

/// Declares every group that a policy may name, with or without members.
fn add_groups(actions: &mut Map<String, Value>, tools: &[PlannedTool<'_>]) {
    let servers = tools.iter().flat_map(|tool| &tool.servers).map(|server| server_group(server));
    for group in servers.chain(EFFECTS.map(str::to_owned)) {
        actions.entry(group).or_insert_with(|| json!({}));
    }
}

/// One line of documentation: long enough to know the tool, short enough to read the schema.
fn first_paragraph(text: &str) -> String {
    let paragraph = text.trim().split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= DOC_CHARACTERS {
        return line;
    }
    let cut: String = line.chars().take(DOC_CHARACTERS).collect();
    let whole_words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{whole_words} …")
}
