//! The tree of policies that may not parse: what is missing is a node too, where it should be.

use std::ops::Range;

use cedar_policy::Effect;

/// Bytes of a file.
pub(super) type Span = Range<usize>;

/// A name and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) span: Span,
}

/// A policy, as far as it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Policy {
    pub(super) span: Span,
    pub(super) annotations: Vec<Annotation>,
    pub(super) effect: Option<(Effect, Span)>,
    /// The parentheses and what is in them.
    pub(super) head: Option<Head>,
    pub(super) clauses: Vec<Clause>,
    /// Where `;` is.
    pub(super) end: Option<usize>,
    /// What fits nowhere.
    pub(super) strays: Vec<Span>,
}

/// `@name("value")`.
#[derive(Debug, Clone)]
pub(super) struct Annotation {
    pub(super) span: Span,
    /// Empty, after the `@`, if there is none yet.
    pub(super) name: Name,
    /// The string with its quotes.
    pub(super) value: Option<Span>,
}

/// `(principal …, action …, resource …)`.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) span: Span,
    pub(super) is_closed: bool,
    pub(super) constraints: Vec<Constraint>,
}

/// One part of a head: an expression such as `principal == Agent::"a"`.
#[derive(Debug, Clone)]
pub(super) struct Constraint {
    /// From the comma before to the comma after.
    pub(super) span: Span,
    pub(super) expression: Expression,
}

/// `when { … }` or `unless { … }`.
#[derive(Debug, Clone)]
pub(super) struct Clause {
    pub(super) span: Span,
    pub(super) keyword: Span,
    pub(super) is_unless: bool,
    /// Between the braces.
    pub(super) body: Option<Span>,
    pub(super) is_closed: bool,
    /// Nothing for a condition over history, which has a language of its own.
    pub(super) condition: Option<Expression>,
}

/// An expression and its bytes.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

/// What an expression is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// There should be one: its span is the gap.
    Missing,
    Bool,
    Number,
    Text,
    Variable(Variable),
    /// A word that means nothing yet.
    Word,
    Slot,
    /// `Type::"id"`; without the id while it is typed.
    Entity {
        path: Path,
        id: Option<Span>,
    },
    Call {
        function: Name,
        arguments: Vec<Expression>,
    },
    /// `a.b`; the name is empty after the dot while it is typed.
    Member {
        of: Box<Expression>,
        name: Name,
    },
    /// `a["b"]`.
    Index {
        of: Box<Expression>,
        key: Option<Span>,
    },
    Method {
        of: Box<Expression>,
        name: Name,
        arguments: Vec<Expression>,
    },
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Binary {
        operator: Operator,
        at: Span,
        left: Box<Expression>,
        right: Box<Expression>,
    },
    /// `a has b.c`.
    Has {
        of: Box<Expression>,
        at: Span,
        path: Vec<Name>,
    },
    /// `a is T in b`.
    Is {
        of: Box<Expression>,
        at: Span,
        path: Path,
        group: Option<Box<Expression>>,
    },
    If {
        test: Box<Expression>,
        yes: Box<Expression>,
        no: Box<Expression>,
    },
    Set(Vec<Expression>),
    Record(Vec<(Name, Expression)>),
    Parentheses(Box<Expression>),
}

/// A type's name, with its namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) text: String,
    pub(super) span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variable {
    Principal,
    Action,
    Resource,
    Context,
}

impl Variable {
    pub(super) const ALL: [Self; 4] =
        [Self::Principal, Self::Action, Self::Resource, Self::Context];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Action => "action",
            Self::Resource => "resource",
            Self::Context => "context",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variable| variable.as_str() == word)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Like,
    Add,
    Subtract,
    Multiply,
    /// A word where an operator should be.
    Unknown,
}

impl Operator {
    /// The operator, and how tightly it binds.
    pub(super) fn of(text: &str) -> Option<(Self, u8)> {
        Some(match text {
            "||" => (Self::Or, 1),
            "&&" => (Self::And, 2),
            "==" => (Self::Equal, 3),
            "!=" => (Self::NotEqual, 3),
            "<" => (Self::Less, 3),
            "<=" => (Self::LessEqual, 3),
            ">" => (Self::Greater, 3),
            ">=" => (Self::GreaterEqual, 3),
            "in" => (Self::In, 3),
            "like" => (Self::Like, 3),
            "+" => (Self::Add, 4),
            "-" => (Self::Subtract, 4),
            "*" => (Self::Multiply, 5),
            _ => return None,
        })
    }
}

impl Expression {
    /// The expressions right below.
    pub(super) fn children(&self) -> Vec<&Expression> {
        match &self.kind {
            Kind::Missing
            | Kind::Bool
            | Kind::Number
            | Kind::Text
            | Kind::Variable(_)
            | Kind::Word
            | Kind::Slot
            | Kind::Entity { .. } => Vec::new(),
            Kind::Call { arguments, .. } => arguments.iter().collect(),
            Kind::Member { of, .. } | Kind::Index { of, .. } | Kind::Has { of, .. } => vec![of],
            Kind::Method { of, arguments, .. } => std::iter::once(&**of).chain(arguments).collect(),
            Kind::Not(of) | Kind::Negative(of) | Kind::Parentheses(of) => vec![of],
            Kind::Binary { left, right, .. } => vec![left, right],
            Kind::Is { of, group, .. } => std::iter::once(of).chain(group).map(|e| &**e).collect(),
            Kind::If { test, yes, no } => vec![test, yes, no],
            Kind::Set(elements) => elements.iter().collect(),
            Kind::Record(fields) => fields.iter().map(|(_, value)| value).collect(),
        }
    }

    /// This expression and all below, outermost first.
    pub(super) fn all(&self) -> Vec<&Expression> {
        let mut found = vec![self];
        let mut at = 0;
        while let Some(next) = found.get(at) {
            let below = next.children();
            found.extend(below);
            at += 1;
        }
        found
    }

    /// Without the parentheses around it.
    pub(super) fn inner(&self) -> &Expression {
        match &self.kind {
            Kind::Parentheses(of) => of.inner(),
            _ => self,
        }
    }
}

impl Policy {
    /// All expressions, those of the head first.
    pub(super) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let head = self.head.iter().flat_map(|head| &head.constraints).map(|c| &c.expression);
        head.chain(self.clauses.iter().filter_map(|clause| clause.condition.as_ref()))
    }

    /// The value of an annotation.
    pub(super) fn annotation(&self, name: &str) -> Option<&Annotation> {
        self.annotations.iter().find(|annotation| annotation.name.text == name)
    }
}

/// Whether an offset touches a span, its two ends included.
pub(super) fn touches(span: &Span, offset: usize) -> bool {
    span.start <= offset && offset <= span.end
}
