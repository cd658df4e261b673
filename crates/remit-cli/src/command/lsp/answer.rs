//! Each request of the protocol, answered by the service of the same name.

use super::documents::{Asked, Documents, uri_of};
use super::position::Lines;
use camino::{Utf8Path, Utf8PathBuf};
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CompletionItem,
    CompletionItemKind, CompletionParams, CompletionTextEdit, DocumentFormattingParams,
    DocumentSymbol, DocumentSymbolParams, Documentation, FoldingRange, FoldingRangeParams,
    GotoDefinitionParams, Hover, HoverContents, HoverParams, InsertTextFormat, Location,
    MarkupContent, MarkupKind, PrepareRenameResponse, ReferenceParams, RenameParams, SymbolKind,
    TextDocumentPositionParams, TextEdit, Url, WorkspaceEdit,
};
use remit_api::policy::editor::{self, CompletionKind, Desk, Edit, OutlineKind};
use remit_api::policy::{check_text, format_text};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;

type Answer = Result<Value, String>;

pub(super) struct Answerer<'a> {
    documents: &'a Documents,
}

impl<'a> Answerer<'a> {
    pub(super) fn new(documents: &'a Documents) -> Self {
        Self { documents }
    }

    /// The answer; `None` if there is no such method.
    pub(super) fn answer(&self, method: &str, params: Value) -> Option<Answer> {
        Some(match method {
            "textDocument/completion" => self.with(params, |p: CompletionParams| {
                self.at(&p.text_document_position, completions)
            }),
            "textDocument/hover" => {
                self.with(params, |p: HoverParams| self.at(&p.text_document_position_params, hover))
            }
            "textDocument/definition" => self.with(params, |p: GotoDefinitionParams| {
                self.at(&p.text_document_position_params, |asked, byte| {
                    locations(asked, &editor::definition(&asked.desk(), asked.path, byte))
                })
            }),
            "textDocument/references" => self.with(params, |p: ReferenceParams| {
                self.at(&p.text_document_position, |asked, byte| {
                    let mut found = editor::references(&asked.desk(), asked.path, byte);
                    found.retain(|l| p.context.include_declaration || !l.is_definition);
                    locations(asked, &found)
                })
            }),
            "textDocument/prepareRename" => {
                self.with(params, |p: TextDocumentPositionParams| self.at(&p, prepare_rename))
            }
            "textDocument/rename" => self.with(params, |p: RenameParams| self.rename(&p)),
            "textDocument/formatting" => self.with(params, |p: DocumentFormattingParams| {
                self.of(&p.text_document.uri, format)?
            }),
            "textDocument/documentSymbol" => {
                self.with(params, |p: DocumentSymbolParams| self.of(&p.text_document.uri, symbols))
            }
            "textDocument/foldingRange" => {
                self.with(params, |p: FoldingRangeParams| self.of(&p.text_document.uri, folds))
            }
            "textDocument/codeAction" => self.with(params, |p: CodeActionParams| {
                self.of(&p.text_document.uri, |asked| actions(asked, &p))
            }),
            _ => return None,
        })
    }

    fn with<P: DeserializeOwned, R: Serialize>(
        &self,
        params: Value,
        answer: impl FnOnce(P) -> Result<R, String>,
    ) -> Answer {
        let params = serde_json::from_value(params).map_err(|error| error.to_string())?;
        serde_json::to_value(answer(params)?).map_err(|error| error.to_string())
    }

    fn of<R>(&self, uri: &Url, answer: impl FnOnce(&Asked<'_>) -> R) -> Result<R, String> {
        let none = || format!("`{uri}` is not open, or in no workspace with a `remit.toml`");
        self.documents.asked(uri).map(|asked| answer(&asked)).ok_or_else(none)
    }

    fn at<R>(
        &self,
        place: &TextDocumentPositionParams,
        answer: impl FnOnce(&Asked<'_>, usize) -> R,
    ) -> Result<R, String> {
        self.of(&place.text_document.uri, |asked| {
            answer(asked, Lines::of(asked.text).byte(place.position))
        })
    }

    fn rename(&self, params: &RenameParams) -> Result<WorkspaceEdit, String> {
        self.at(&params.text_document_position, |asked, byte| {
            let desk = asked.desk();
            let edits = editor::rename(&desk, asked.path, byte, &params.new_name);
            let edits = edits.map_err(|error| error.to_string())?;
            Ok(workspace_edit(&desk, asked.root, &edits))
        })?
    }
}

fn completions(asked: &Asked<'_>, byte: usize) -> Vec<CompletionItem> {
    let lines = Lines::of(asked.text);
    let offers = editor::complete(&asked.desk(), asked.path, byte).into_iter().enumerate();
    let item = |(at, offer): (usize, editor::Completion)| {
        let range = lines.range(offer.replace.start, offer.replace.end);
        let format = match offer.is_snippet {
            true => InsertTextFormat::SNIPPET,
            false => InsertTextFormat::PLAIN_TEXT,
        };
        let replaced = asked.text.get(offer.replace.clone()).unwrap_or_default();
        // Clients leave out what does not begin with the text that is replaced, such as a dot.
        let filter = if replaced.starts_with('.') {
            format!(".{}", offer.label)
        } else {
            offer.label.clone()
        };
        CompletionItem {
            kind: Some(item_kind(offer.kind)),
            detail: offer.detail,
            documentation: offer.documentation.map(Documentation::String),
            sort_text: Some(format!("{at:04}")),
            filter_text: Some(filter),
            insert_text_format: Some(format),
            text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(range, offer.insert))),
            label: offer.label,
            ..CompletionItem::default()
        }
    };
    offers.map(item).collect()
}

fn item_kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Keyword => CompletionItemKind::KEYWORD,
        CompletionKind::Snippet => CompletionItemKind::SNIPPET,
        CompletionKind::Annotation => CompletionItemKind::PROPERTY,
        CompletionKind::Variable => CompletionItemKind::VARIABLE,
        CompletionKind::Attribute => CompletionItemKind::FIELD,
        CompletionKind::Method => CompletionItemKind::METHOD,
        CompletionKind::Function => CompletionItemKind::FUNCTION,
        CompletionKind::Operator => CompletionItemKind::OPERATOR,
        CompletionKind::EntityType => CompletionItemKind::CLASS,
        CompletionKind::Entity => CompletionItemKind::CONSTANT,
        CompletionKind::Action => CompletionItemKind::EVENT,
        CompletionKind::Value => CompletionItemKind::VALUE,
    }
}

fn hover(asked: &Asked<'_>, byte: usize) -> Option<Hover> {
    let found = editor::hover(&asked.desk(), asked.path, byte)?;
    let mut text = format!("```cedar\n{}\n```", found.code);
    for paragraph in found.text.iter().chain(&found.recorded) {
        text.push_str(&format!("\n\n{paragraph}"));
    }
    // Values from recordings are code, and never read as anything else.
    let values: Vec<String> =
        found.values.iter().map(|v| format!("{} ×{}", v.text.replace('`', "'"), v.calls)).collect();
    if !values.is_empty() {
        text.push_str(&format!("\n\n```cedar\n{}\n```", values.join("\n")));
    }
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value: text });
    Some(Hover {
        contents,
        range: Some(Lines::of(asked.text).range(found.span.start, found.span.end)),
    })
}

fn locations(asked: &Asked<'_>, found: &[editor::Location]) -> Vec<Location> {
    let desk = asked.desk();
    let location = |place: &editor::Location| {
        let lines = Lines::of(desk.text(&place.file)?);
        Some(Location::new(
            uri_of(&asked.root.join(&place.file))?,
            lines.range(place.start, place.end),
        ))
    };
    found.iter().filter_map(location).collect()
}

fn prepare_rename(asked: &Asked<'_>, byte: usize) -> Option<PrepareRenameResponse> {
    let found = editor::renaming(&asked.desk(), asked.path, byte).ok()?;
    let range = Lines::of(asked.text).range(found.start, found.end);
    Some(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder: found.name })
}

fn workspace_edit(desk: &Desk<'_>, root: &Utf8Path, edits: &[Edit]) -> WorkspaceEdit {
    let mut changes: HashMap<Url, Vec<TextEdit>> = HashMap::new();
    let mut files: Vec<&Utf8PathBuf> = edits.iter().map(|edit| &edit.file).collect();
    files.dedup();
    for file in files {
        let lines = Lines::of(desk.text(file).unwrap_or_default());
        let of_file = edits.iter().filter(|edit| edit.file == *file);
        let edits =
            of_file.map(|edit| TextEdit::new(lines.range(edit.start, edit.end), edit.text.clone()));
        if let Some(uri) = uri_of(&root.join(file)) {
            changes.insert(uri, edits.collect());
        }
    }
    WorkspaceEdit::new(changes)
}

/// The whole text anew, or nothing if it is formatted.
fn format(asked: &Asked<'_>) -> Result<Vec<TextEdit>, String> {
    let formatted = format_text(asked.path, asked.text).map_err(|finding| finding.message)?;
    if formatted == asked.text {
        return Ok(Vec::new());
    }
    let whole = Lines::of(asked.text).range(0, asked.text.len());
    Ok(vec![TextEdit::new(whole, formatted)])
}

fn symbols(asked: &Asked<'_>) -> Vec<DocumentSymbol> {
    let lines = Lines::of(asked.text);
    let symbol = |item: editor::OutlineItem| {
        #[expect(deprecated, reason = "the field has no default of its own")]
        DocumentSymbol {
            name: item.name,
            detail: item.detail,
            kind: match item.kind {
                OutlineKind::Permit | OutlineKind::Forbid | OutlineKind::Unfinished => {
                    SymbolKind::FUNCTION
                }
                OutlineKind::EntityType => SymbolKind::CLASS,
                OutlineKind::Action => SymbolKind::EVENT,
                OutlineKind::ActionGroup => SymbolKind::NAMESPACE,
                OutlineKind::CommonType => SymbolKind::STRUCT,
            },
            tags: None,
            deprecated: None,
            range: lines.range(item.span.start, item.span.end.max(item.name_span.end)),
            selection_range: lines.range(item.name_span.start, item.name_span.end),
            children: None,
        }
    };
    editor::outline(asked.path, asked.text).into_iter().map(symbol).collect()
}

fn folds(asked: &Asked<'_>) -> Vec<FoldingRange> {
    let lines = Lines::of(asked.text);
    let fold = |span: std::ops::Range<usize>| {
        let range = lines.range(span.start, span.end);
        FoldingRange {
            start_line: range.start.line,
            start_character: Some(range.start.character),
            end_line: range.end.line,
            end_character: Some(range.end.character),
            ..FoldingRange::default()
        }
    };
    editor::folds(asked.path, asked.text).into_iter().map(fold).collect()
}

fn actions(asked: &Asked<'_>, params: &CodeActionParams) -> Vec<CodeActionOrCommand> {
    let desk = asked.desk();
    let lines = Lines::of(asked.text);
    let findings = check_text(asked.workspace, asked.path, asked.text);
    let range = lines.byte(params.range.start)..lines.byte(params.range.end);
    let fixes = editor::quick_fixes(&desk, asked.path, &findings, range);
    let action = |fix: editor::QuickFix| {
        let place = lines.range(fix.start, fix.end);
        let mended = params.context.diagnostics.iter().filter(|d| d.range == place).cloned();
        CodeActionOrCommand::CodeAction(CodeAction {
            title: fix.title,
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(mended.collect()),
            edit: Some(workspace_edit(&desk, asked.root, &fix.edits)),
            is_preferred: Some(fix.is_preferred),
            ..CodeAction::default()
        })
    };
    fixes.into_iter().map(action).collect()
}
