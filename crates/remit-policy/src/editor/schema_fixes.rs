//! Edits of a schema that make recorded calls fit it: declare an argument, make it optional, give it
//! another type.
//!
//! An edit is of the text as it is written, so that comments and order stay. Where it is not clear what
//! to write, since something is half written or not declared, there is none.

use super::complete::is_identifier;
use super::rename::Edit;
use super::schema::Schema;
use super::schema_syntax::{AttributeDeclaration, SchemaTree, TypeSyntax};
use super::syntax::Span;
use super::token::quoted;
use crate::files::SCHEMA;

/// How many names of types may stand for one another.
const DEPTH: usize = 32;

/// A place below an action's context.
#[derive(Clone, Copy, Debug)]
pub struct SchemaPlace<'a> {
    /// The action, in full.
    pub action: &'a str,
    /// Names of attributes, from the context down; `None` for the elements of a set.
    pub path: &'a [Option<&'a str>],
}

/// An edit of a schema, and what it does as an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFix {
    /// What it does, as an order.
    pub title: String,
    /// What changes.
    pub edit: Edit,
}

/// Declares an optional attribute of this type.
#[must_use]
pub fn declare_attribute(text: &str, place: SchemaPlace<'_>, ty: &str) -> Option<SchemaFix> {
    let (name, above) = place.path.split_last()?;
    let declared = format!("{}?: {ty}", attribute_name((*name)?));
    let tree = SchemaTree::parse(text);
    let schema = Schema::new(&tree);
    let record = Here::find(&schema, text, place.action, above)?.followed(&schema)?;
    let TypeSyntax::Record(attributes) = record.ty else { return None };
    let written = text.get(record.span.clone())?;
    if !written.starts_with('{') || !written.ends_with('}') {
        return None;
    }
    let edit = match attributes.last() {
        Some(last) => {
            let end = last.ty_span.end;
            let line = text.get(..last.name.span.start)?.rsplit('\n').next().unwrap_or_default();
            let gap = match line.trim().is_empty() {
                true => format!(",\n{line}"),
                false => ", ".to_owned(),
            };
            edit(end..end, format!("{gap}{declared}"))
        }
        None => edit(record.span, format!("{{ {declared} }}")),
    };
    Some(SchemaFix { title: format!("Declare `{declared}`"), edit })
}

/// Makes an attribute optional.
#[must_use]
pub fn make_optional(text: &str, place: SchemaPlace<'_>) -> Option<SchemaFix> {
    let tree = SchemaTree::parse(text);
    let schema = Schema::new(&tree);
    let here = Here::find(&schema, text, place.action, place.path)?;
    let attribute = here.attribute.filter(|attribute| attribute.is_required)?;
    let end = attribute.name.span.end;
    let title = format!("Make `{}` optional", attribute.name.text);
    Some(SchemaFix { title, edit: edit(end..end, "?".to_owned()) })
}

/// Gives an attribute, or the elements of a set, another type.
#[must_use]
pub fn change_type(text: &str, place: SchemaPlace<'_>, ty: &str) -> Option<SchemaFix> {
    let tree = SchemaTree::parse(text);
    let schema = Schema::new(&tree);
    let here = Here::find(&schema, text, place.action, place.path)?;
    if text.get(here.span.clone())? == ty {
        return None;
    }
    let name = place.path.iter().rev().flatten().next()?;
    let what = match place.path.last()? {
        Some(_) => format!("`{name}`"),
        None => format!("the elements of `{name}`"),
    };
    let title = format!("Change the type of {what} to `{ty}`");
    Some(SchemaFix { title, edit: edit(here.span, ty.to_owned()) })
}

/// The name of an attribute as a schema writes it.
pub(crate) fn attribute_name(name: &str) -> String {
    const WORDS: [&str; 8] =
        ["namespace", "entity", "type", "action", "appliesTo", "attributes", "tags", "enum"];
    if is_identifier(name) && !WORDS.contains(&name) { name.to_owned() } else { quoted(name) }
}

fn edit(span: Span, text: String) -> Edit {
    Edit { file: SCHEMA.into(), start: span.start, end: span.end, text }
}

/// A type where it is written.
#[derive(Clone)]
struct Here<'a> {
    text: &'a str,
    ty: &'a TypeSyntax,
    span: Span,
    namespace: &'a str,
    /// Whose type it is.
    attribute: Option<&'a AttributeDeclaration>,
}

impl<'a> Here<'a> {
    fn find(
        schema: &Schema<'a>,
        text: &'a str,
        action: &str,
        path: &[Option<&str>],
    ) -> Option<Self> {
        let declared = *schema.actions.get(action)?;
        let context = Here {
            text,
            ty: declared.context.as_ref()?,
            span: declared.context_span.clone(),
            namespace: &declared.about.namespace,
            attribute: None,
        };
        path.iter().try_fold(context, |here, part| here.followed(schema)?.below(*part))
    }

    /// What the name of a type stands for; nothing for names that the schema does not declare.
    fn followed(self, schema: &Schema<'a>) -> Option<Self> {
        let mut here = self;
        for _ in 0..DEPTH {
            let TypeSyntax::Name(path) = here.ty else { return Some(here) };
            let declared = schema.common_type(here.namespace, &path.text)?;
            here.ty = &declared.ty;
            here.span = declared.ty_span.clone();
            here.namespace = &declared.about.namespace;
        }
        None
    }

    fn below(self, part: Option<&str>) -> Option<Self> {
        match (self.ty, part) {
            (TypeSyntax::Record(attributes), Some(name)) => {
                let attribute = attributes.iter().find(|a| a.name.text == name)?;
                let (ty, span) = (&attribute.ty, attribute.ty_span.clone());
                Some(Here { ty, span, attribute: Some(attribute), ..self })
            }
            (TypeSyntax::Set(of), None) => {
                let written = self.text.get(self.span.clone())?;
                let inner = written.find('<')? + 1..written.rfind('>')?;
                let element = written.get(inner.clone())?;
                let start =
                    self.span.start + inner.start + element.len() - element.trim_start().len();
                let span = start..start + element.trim().len();
                Some(Here { ty: of, span, attribute: None, ..self })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "\
namespace N {
  // What a payment needs.
  type payInput = {
    amount: Long, // cents
    lines: Set< { price: Long } >
  };
  type Nothing = {};
  action \"pay\" appliesTo { principal: A, resource: S, context: { input: payInput } };
  action \"ping\" appliesTo { principal: A, resource: S, context: { input: Nothing, a: X } };
}
";
    const PAY: &str = "N::Action::\"pay\"";

    fn made(fix: Option<SchemaFix>) -> (String, String) {
        let SchemaFix { title, edit } = fix.unwrap();
        let mut text = SCHEMA.to_owned();
        text.replace_range(edit.start..edit.end, &edit.text);
        (title, text)
    }

    fn place<'a>(action: &'a str, path: &'a [Option<&'a str>]) -> SchemaPlace<'a> {
        SchemaPlace { action, path }
    }

    #[test]
    fn an_argument_is_declared_after_the_others_and_nothing_else_moves() {
        let path = [Some("input"), Some("in")];
        let (title, text) = made(declare_attribute(SCHEMA, place(PAY, &path), "String"));
        assert_eq!(title, "Declare `\"in\"?: String`");
        let last = "lines: Set< { price: Long } >";
        assert_eq!(text, SCHEMA.replace(last, &format!("{last},\n    \"in\"?: String")));
        let path = [Some("input"), Some("lines"), None, Some("tax")];
        let (_, text) = made(declare_attribute(SCHEMA, place(PAY, &path), "Long"));
        assert_eq!(text, SCHEMA.replace("price: Long }", "price: Long, tax?: Long }"));
        let path = [Some("input"), Some("host")];
        let (_, text) =
            made(declare_attribute(SCHEMA, place("N::Action::\"ping\"", &path), "String"));
        assert_eq!(text, SCHEMA.replace("Nothing = {}", "Nothing = { host?: String }"));
    }

    #[test]
    fn an_argument_becomes_optional_once() {
        let path = [Some("input"), Some("amount")];
        let (_, text) = made(make_optional(SCHEMA, place(PAY, &path)));
        assert_eq!(text, SCHEMA.replace("amount:", "amount?:"));
        assert_eq!(make_optional(&text, place(PAY, &path)), None);
    }

    #[test]
    fn a_type_is_replaced_where_it_is_written() {
        let path = [Some("input"), Some("lines"), None];
        let (title, text) = made(change_type(SCHEMA, place(PAY, &path), "String"));
        assert_eq!(title, "Change the type of the elements of `lines` to `String`");
        assert_eq!(text, SCHEMA.replace("Set< { price: Long } >", "Set< String >"));
        let path = [Some("input"), Some("amount")];
        assert_eq!(change_type(SCHEMA, place(PAY, &path), "Long"), None);
    }

    #[test]
    fn what_is_not_there_or_half_written_is_left_alone() {
        for path in [[Some("input"), Some("none")], [Some("none"), Some("x")]] {
            assert_eq!(make_optional(SCHEMA, place(PAY, &path)), None);
            assert_eq!(change_type(SCHEMA, place("N::Action::\"none\"", &path), "Long"), None);
        }
        let half = SCHEMA.split("lines").next().unwrap();
        let path = [Some("input"), Some("x")];
        assert_eq!(declare_attribute(half, place(PAY, &path), "Long"), None);
    }
}
