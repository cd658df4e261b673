//! What can be written in `remit.toml`, `scopes.toml` and tests: tables, keys, values that are known.

use std::collections::BTreeSet;

use super::super::token::quoted;
use super::super::toml_words::{Key, Table, Value, header};
use super::{CompletionKind, Offers};

impl<'a> Offers<'a> {
    pub(super) fn in_toml(&mut self, tables: &'static [Table]) {
        let before = self.text.get(..self.offset).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.get(start..).unwrap_or_default();
        if is_comment(line) {
            return;
        }
        let table = header(before.get(..start).unwrap_or_default());
        let keys = tables.iter().find(|one| one.header == table).map_or(&[][..], |one| one.keys);
        match key_of(before, start) {
            Some(name) => {
                if let Some(key) = keys.iter().find(|key| key.name == name) {
                    self.toml_values(key);
                }
            }
            None if line.trim_start().starts_with('[') => self.headers(tables, start),
            None => {
                let written = self.keys_of_the_table(start);
                for key in keys.iter().filter(|key| !written.contains(key.name)) {
                    self.key(key);
                }
                self.headers(tables, start);
            }
        }
    }

    fn key(&mut self, key: &Key) {
        let value = match key.value {
            Value::Number => "${1:0}",
            Value::Texts | Value::Some(_) | Value::ScopeFiles | Value::Policies => "[\"${1}\"]",
            _ => "\"${1}\"",
        };
        let insert = format!("{} = {value}", key.name);
        let offer = self.add(CompletionKind::Attribute, key.name, 0);
        offer.snippet(&insert).documented(Some(key.doc.to_owned()));
    }

    /// The whole line becomes a header.
    fn headers(&mut self, tables: &'static [Table], start: usize) {
        let line = self.text.get(start..).unwrap_or_default();
        let line = start..start + line.find('\n').unwrap_or(line.len());
        let is_header = self.slice(&line).trim_start().starts_with('[');
        let span = if is_header { line } else { self.word() };
        for table in tables.iter().filter(|table| !table.header.is_empty()) {
            let offer = self.add(CompletionKind::Keyword, table.header, 1);
            offer.replacing(span.clone()).documented(Some(table.doc.to_owned()));
        }
    }

    /// The keys of the table around a line, those of that line left out.
    fn keys_of_the_table(&self, start: usize) -> BTreeSet<&'a str> {
        let is_header = |line: &&str| line.trim_start().starts_with('[');
        let text: &'a str = self.text;
        let (before, rest) = text.split_at_checked(start).unwrap_or_default();
        let above = before.lines().rev().take_while(|line| !is_header(line));
        let below = rest.lines().skip(1).take_while(|line| !is_header(line));
        above.chain(below).filter_map(|line| Some(line.split_once('=')?.0.trim())).collect()
    }

    fn toml_values(&mut self, key: &Key) {
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let workspace = self.desk.workspace;
        let schema = self.environment.schema;
        let values: Vec<String> = match key.value {
            Value::Text | Value::Number | Value::Texts => Vec::new(),
            Value::One(all) | Value::Some(all) => texts(all),
            Value::EntityType => schema.entities.keys().cloned().collect(),
            Value::Action => {
                let actions = schema.actions.values().filter(|one| !one.principals.is_empty());
                actions.map(|action| action.name.text.clone()).collect()
            }
            Value::Server => self.ids_of(|model| &model.resource_types),
            Value::Agent => self.ids_of(|model| &model.principal_types),
            Value::Task => workspace.scopes.iter().map(|scope| scope.task.clone()).collect(),
            Value::ScopeFiles => {
                let files = workspace.files.iter().map(|entry| entry.path.as_path());
                let in_scopes = files.filter_map(|path| path.strip_prefix("scopes").ok());
                let policies = in_scopes.filter(|path| path.extension() != Some("toml"));
                policies.map(ToString::to_string).collect()
            }
            Value::Policies => {
                let scopes = workspace.scopes.iter().map(|scope| &scope.layer);
                let layers = std::iter::once(&workspace.guardrails).chain(scopes);
                let ids = layers.flat_map(|layer| layer.policies.iter().map(|one| one.id.clone()));
                ids.collect()
            }
        };
        let values: BTreeSet<String> = values.into_iter().collect();
        let string = self.open_string();
        for value in values {
            let offer = self.add(CompletionKind::Value, &value, 0);
            offer.insert = quoted(&value);
            if let Some(string) = &string {
                offer.replacing(string.clone());
            }
        }
    }

    fn ids_of(&self, types: fn(&crate::schema_model::SchemaModel) -> &Vec<String>) -> Vec<String> {
        let workspace = self.desk.workspace;
        let Some(schema) = &workspace.schema else { return Vec::new() };
        let types = types(&schema.model);
        let all = workspace.entities.entities.iter().map(|entity| entity.uid());
        let of_type = all.filter(|uid| types.contains(&uid.type_name().to_string()));
        of_type.map(|uid| uid.id().unescaped().to_owned()).collect()
    }
}

/// Whether the end of a line is in a comment.
fn is_comment(line: &str) -> bool {
    let mut in_string = false;
    line.chars().any(|c| {
        in_string ^= c == '"';
        c == '#' && !in_string
    })
}

/// The key whose value the end of a text is in: of its line, or of a list that began further up.
fn key_of(before: &str, start: usize) -> Option<&str> {
    let line = before.get(start..)?;
    let is_closed = |text: &str| text.matches('[').count() <= text.matches(']').count();
    let lines = before.get(..start)?.lines().rev();
    if let Some((key, value)) = line.split_once('=') {
        let is_over = value.trim_end().ends_with(['"', ']']) && is_closed(value);
        return (!is_over || value.matches('"').count() % 2 == 1).then(|| key.trim());
    }
    let opens = lines.take_while(|line| !line.trim_start().starts_with('['));
    let mut inside = String::new();
    for above in opens {
        inside.insert_str(0, above);
        if let Some((key, _)) = above.split_once('=') {
            let value = inside.split_once('=').map_or("", |(_, value)| value);
            return (!is_closed(value)).then(|| key.trim());
        }
    }
    None
}
