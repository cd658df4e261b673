//! The declarations of a schema that may not parse, with their places and what is written about them.

use super::syntax::{Name, Path, Span};
use super::token::{self, Kind, Token};

/// All declarations of a schema.
#[derive(Debug, Clone, Default)]
pub(crate) struct SchemaTree {
    pub(super) entities: Vec<EntityDeclaration>,
    pub(super) actions: Vec<ActionDeclaration>,
    pub(super) types: Vec<TypeDeclaration>,
}

/// What names a declaration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DeclarationKey {
    pub(crate) namespace: String,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

/// What every declaration has.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    pub(super) span: Span,
    pub(super) namespace: String,
    /// The comment before it, else its `@doc`.
    pub(super) doc: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct EntityDeclaration {
    pub(super) about: About,
    pub(super) name: Name,
    pub(super) parents: Vec<Path>,
    pub(super) attributes: Vec<AttributeDeclaration>,
    pub(super) tags: Option<TypeSyntax>,
    /// The ids of an enumerated type.
    pub(super) choices: Option<Vec<Name>>,
}

#[derive(Debug, Clone)]
pub(super) struct ActionDeclaration {
    pub(super) about: About,
    /// Its id, without quotes; the span has them.
    pub(super) name: Name,
    /// The groups that it is in: a namespace or nothing, and an id.
    pub(super) groups: Vec<ActionReference>,
    pub(super) principals: Vec<Path>,
    pub(super) resources: Vec<Path>,
    pub(super) context: Option<TypeSyntax>,
    pub(super) context_span: Span,
}

#[derive(Debug, Clone)]
pub(super) struct ActionReference {
    /// `N::Action` or nothing.
    pub(super) ty: Option<Path>,
    pub(super) id: Name,
}

#[derive(Debug, Clone)]
pub(super) struct TypeDeclaration {
    pub(super) about: About,
    pub(super) name: Name,
    pub(super) ty: TypeSyntax,
    pub(super) ty_span: Span,
}

#[derive(Debug, Clone)]
pub(super) struct AttributeDeclaration {
    pub(super) name: Name,
    pub(super) is_required: bool,
    pub(super) ty: TypeSyntax,
    pub(super) ty_span: Span,
    pub(super) doc: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) enum TypeSyntax {
    Name(Path),
    Set(Box<TypeSyntax>),
    Record(Vec<AttributeDeclaration>),
}

impl TypeSyntax {
    /// The names of types in it.
    pub(super) fn names(&self) -> Vec<&Path> {
        match self {
            Self::Name(path) => vec![path],
            Self::Set(of) => of.names(),
            Self::Record(attributes) => attributes.iter().flat_map(|a| a.ty.names()).collect(),
        }
    }

    /// All attributes declared in it, those of records inside of records too.
    pub(super) fn attributes(&self) -> Vec<&AttributeDeclaration> {
        match self {
            Self::Name(_) => Vec::new(),
            Self::Set(of) => of.attributes(),
            Self::Record(attributes) => {
                attributes.iter().flat_map(|a| [vec![a], a.ty.attributes()].concat()).collect()
            }
        }
    }
}

impl SchemaTree {
    /// Reads what can be read.
    pub(crate) fn parse(text: &str) -> Self {
        let mut tree = Self::default();
        let tokens = token::tokens(text);
        Parser { text, tokens: &tokens, at: 0, depth: 0, tree: &mut tree }.declarations("");
        tree
    }

    /// Each declared name, with the bytes of its declaration; several names can be declared at once.
    pub(crate) fn declarations(&self) -> Vec<(DeclarationKey, Span)> {
        let key = |kind, about: &About, name: &Name| {
            let (namespace, name) = (about.namespace.clone(), name.text.clone());
            (DeclarationKey { namespace, kind, name }, about.span.clone())
        };
        let entities = self.entities.iter().map(|one| key("entity", &one.about, &one.name));
        let actions = self.actions.iter().map(|one| key("action", &one.about, &one.name));
        let types = self.types.iter().map(|one| key("type", &one.about, &one.name));
        entities.chain(actions).chain(types).collect()
    }

    /// All attributes that are declared anywhere.
    pub(super) fn attributes(&self) -> Vec<&AttributeDeclaration> {
        let of_entities = self.entities.iter().flat_map(|entity| {
            entity.attributes.iter().flat_map(|a| [vec![a], a.ty.attributes()].concat())
        });
        let contexts = self.actions.iter().filter_map(|action| action.context.as_ref());
        let types = self.types.iter().map(|ty| &ty.ty).chain(contexts);
        of_entities.chain(types.flat_map(TypeSyntax::attributes)).collect()
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    tree: &'a mut SchemaTree,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> &'a str {
        let token = self.tokens.get(self.at);
        token.and_then(|token| self.text.get(token.span.clone())).unwrap_or_default()
    }

    fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    fn before(&self) -> usize {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(0, |token| token.span.end)
    }

    /// Where the next token begins.
    fn next(&self) -> usize {
        self.tokens.get(self.at).map_or(self.before(), |token| token.span.start)
    }

    fn take(&mut self) -> Span {
        let span =
            self.tokens.get(self.at).map_or(self.before()..self.before(), |t| t.span.clone());
        self.at += usize::from(self.at < self.tokens.len());
        span
    }

    fn accept(&mut self, wanted: &str) -> bool {
        let found = self.peek() == wanted && self.kind() != Some(Kind::Text);
        if found {
            self.take();
        }
        found
    }

    /// A name or a string.
    fn name(&mut self) -> Option<Name> {
        let text = match self.kind()? {
            Kind::Text => token::unquoted(self.peek()),
            Kind::Word | Kind::Number => self.peek().to_owned(),
            Kind::Slot | Kind::Symbol => return None,
        };
        Some(Name { text, span: self.take() })
    }

    fn path(&mut self) -> Option<Path> {
        let Name { mut text, mut span } = self.name()?;
        while self.peek() == "::" {
            self.take();
            text.push_str("::");
            if self.kind() == Some(Kind::Word) {
                text.push_str(self.peek());
                self.take();
            }
            span.end = self.before();
        }
        Some(Path { text, span })
    }

    /// One thing, or several in brackets.
    fn several<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Vec<T> {
        if !self.accept("[") {
            return one(self).into_iter().collect();
        }
        let mut all = Vec::new();
        while !self.accept("]") {
            let before = self.at;
            all.extend(one(self));
            self.accept(",");
            if self.at == before {
                break;
            }
        }
        all
    }

    fn declarations(&mut self, namespace: &str) {
        while self.at < self.tokens.len() {
            let start = self.at;
            let annotations = self.annotations();
            let from = self.tokens.get(start).map_or(0, |token| token.span.start);
            let doc = documented(self.text, from, &annotations);
            let about = About { span: from..from, namespace: namespace.to_owned(), doc };
            match self.peek() {
                "namespace" => {
                    self.take();
                    let name = self.path().map(|path| path.text).unwrap_or_default();
                    self.accept("{");
                    self.declarations(&name);
                }
                "entity" => self.entity(about),
                "action" => self.action(about),
                "type" => self.common_type(about),
                "}" => {
                    self.take();
                    return;
                }
                _ => {
                    self.take();
                }
            }
        }
    }

    fn annotations(&mut self) -> Vec<(String, String)> {
        let mut annotations = Vec::new();
        while self.accept("@") {
            let name = self.name().map(|name| name.text).unwrap_or_default();
            let mut value = String::new();
            if self.accept("(") {
                value = self.name().map(|name| name.text).unwrap_or_default();
                self.accept(")");
            }
            annotations.push((name, value));
        }
        annotations
    }

    /// Everything up to `;` is the declaration's; what is not understood is left out.
    fn end(&mut self) -> usize {
        while self.at < self.tokens.len()
            && !matches!(self.peek(), ";" | "entity" | "action" | "type" | "namespace" | "@")
        {
            self.take();
        }
        self.accept(";");
        self.before()
    }

    fn names(&mut self) -> Vec<Name> {
        let mut names = Vec::new();
        while let Some(name) = self.name() {
            names.push(name);
            if !self.accept(",") {
                break;
            }
        }
        names
    }

    fn entity(&mut self, about: About) {
        self.take();
        let names = self.names();
        let (mut parents, mut attributes, mut tags, mut choices) =
            (Vec::new(), Vec::new(), None, None);
        if self.accept("enum") {
            choices = Some(self.several(Self::name));
        }
        if self.accept("in") {
            parents = self.several(Self::path);
        }
        self.accept("=");
        if self.peek() == "{" {
            attributes = self.record();
        }
        if self.accept("tags") {
            tags = self.ty();
        }
        let end = self.end();
        for name in names {
            let mut about = about.clone();
            about.span.end = end;
            self.tree.entities.push(EntityDeclaration {
                about,
                name,
                parents: parents.clone(),
                attributes: attributes.clone(),
                tags: tags.clone(),
                choices: choices.clone(),
            });
        }
    }

    fn action(&mut self, about: About) {
        self.take();
        let names = self.names();
        let mut groups = Vec::new();
        if self.accept("in") {
            groups = self.several(Self::action_reference);
        }
        let (mut principals, mut resources, mut context) = (Vec::new(), Vec::new(), None);
        let mut context_span = 0..0;
        if self.accept("appliesTo") && self.accept("{") {
            while let Some(key) = self.name() {
                self.accept(":");
                match key.text.as_str() {
                    "principal" => principals = self.several(Self::path),
                    "resource" => resources = self.several(Self::path),
                    _ => {
                        let start = self.next();
                        context = self.ty();
                        context_span = start..self.before();
                    }
                }
                self.accept(",");
            }
            self.accept("}");
        }
        let end = self.end();
        for name in names {
            let mut about = about.clone();
            about.span.end = end;
            self.tree.actions.push(ActionDeclaration {
                about,
                name,
                groups: groups.clone(),
                principals: principals.clone(),
                resources: resources.clone(),
                context: context.clone(),
                context_span: context_span.clone(),
            });
        }
    }

    fn action_reference(&mut self) -> Option<ActionReference> {
        if self.kind() == Some(Kind::Text) {
            return Some(ActionReference { ty: None, id: self.name()? });
        }
        let mut ty = self.path()?;
        if self.kind() == Some(Kind::Text) && ty.text.ends_with("::") {
            ty.text.truncate(ty.text.len() - 2);
            return Some(ActionReference { ty: Some(ty), id: self.name()? });
        }
        Some(ActionReference { ty: None, id: Name { text: ty.text, span: ty.span } })
    }

    fn common_type(&mut self, about: About) {
        self.take();
        let name = self.name();
        self.accept("=");
        let start = self.next();
        let ty = self.ty();
        let ty_span = start..self.before();
        let mut about = about;
        about.span.end = self.end();
        if let (Some(name), Some(ty)) = (name, ty) {
            self.tree.types.push(TypeDeclaration { about, name, ty, ty_span });
        }
    }

    fn ty(&mut self) -> Option<TypeSyntax> {
        self.depth += 1;
        let ty = match self.peek() {
            _ if self.depth > 100 => None,
            "{" => Some(TypeSyntax::Record(self.record())),
            "Set" => {
                self.take();
                self.accept("<");
                let of = self.ty();
                self.accept(">");
                of.map(|of| TypeSyntax::Set(Box::new(of)))
            }
            _ => self.path().map(TypeSyntax::Name),
        };
        self.depth -= 1;
        ty
    }

    fn record(&mut self) -> Vec<AttributeDeclaration> {
        self.take();
        let mut attributes = Vec::new();
        while self.at < self.tokens.len() && !self.accept("}") {
            let start = self.tokens.get(self.at).map_or(0, |token| token.span.start);
            let annotations = self.annotations();
            let Some(name) = self.name() else {
                break;
            };
            let is_required = !self.accept("?");
            self.accept(":");
            let ty_start = self.next();
            let Some(ty) = self.ty() else {
                break;
            };
            let ty_span = ty_start..self.before();
            let doc = documented(self.text, start, &annotations);
            attributes.push(AttributeDeclaration { name, is_required, ty, ty_span, doc });
            self.accept(",");
        }
        attributes
    }
}

/// `@doc`, else the comment lines right before an offset.
fn documented(text: &str, start: usize, annotations: &[(String, String)]) -> Option<String> {
    let doc = annotations.iter().find(|(name, _)| name == "doc").map(|(_, value)| value.clone());
    doc.or_else(|| {
        let before = text.get(..start)?;
        let (before, indent) = before.rsplit_once('\n')?;
        let comment = |line: &'_ str| Some(line.trim().strip_prefix("//")?.trim().to_owned());
        let mut lines: Vec<String> = before.lines().rev().map_while(comment).collect();
        lines.reverse();
        let is_own_line = indent.trim().is_empty() && !lines.is_empty();
        is_own_line.then(|| lines.join("\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_half_written_hides_nothing_else() {
        let tree = SchemaTree::parse(
            "namespace N {\n// Who acts.\nentity Agent in [Team] = { tier?: Lo };\nentity ;\n\
             @doc(\"pays\") action \"pay\", refund in [\"money\"] appliesTo { principal: Agent, resource: [Server],\n\
             context: { // How much.\n amount: Long,\n // To whom.\n to?: Set<__cedar::String> } };\n type T = ",
        );
        let agent = tree.entities.first().unwrap();
        assert_eq!((&*agent.name.text, &*agent.about.namespace), ("Agent", "N"));
        assert_eq!(agent.about.doc.as_deref(), Some("Who acts."));
        assert_eq!(agent.parents.first().unwrap().text, "Team");
        assert!(!agent.attributes.first().unwrap().is_required);
        let [pay, refund] = tree.actions.as_slice() else { panic!("{:?}", tree.actions) };
        assert_eq!((&*pay.name.text, &*refund.name.text), ("pay", "refund"));
        assert_eq!(pay.about.doc.as_deref(), Some("pays"));
        let attributes = pay.context.as_ref().unwrap().attributes();
        let docs: Vec<_> = attributes.iter().map(|a| a.doc.as_deref()).collect();
        assert_eq!(docs, [None, Some("To whom.")]);
    }
}
