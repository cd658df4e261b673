//! What can be written inside of expressions.

use super::super::schema::Type;
use super::super::syntax::{Expression, Kind, Operator, Variable, touches};
use super::super::types::{Typed, source};
use super::super::words;
use super::offers::Wanted;
use super::{CompletionKind, Offers};

impl<'a> Offers<'a> {
    /// In a part of a head.
    pub(super) fn constraint(&mut self, position: usize, expression: &Expression) {
        let variables = [Variable::Principal, Variable::Action, Variable::Resource];
        let Some(variable) = variables.get(position).copied() else {
            return;
        };
        match &expression.kind {
            Kind::Missing | Kind::Word => self.variable_forms(variable),
            Kind::Variable(v) if touches(&expression.span, self.offset) => {
                self.variable_forms(*v);
            }
            Kind::Variable(v) => self.head_operators(*v),
            Kind::Binary { operator: Operator::Unknown, at, .. } if touches(at, self.offset) => {
                self.head_operators(variable);
            }
            _ if self.offset > expression.span.end => self.after_constraint(variable, expression),
            _ => self.inside(&[], expression, &Wanted::head(variable)),
        }
    }

    fn variable_forms(&mut self, variable: Variable) {
        let name = variable.as_str();
        let doc = words::variable(name).map(|word| word.doc.to_owned());
        self.add(CompletionKind::Variable, name, 0).documented(doc);
        let operators = self.operators_of_head(variable);
        for operator in operators {
            self.add(CompletionKind::Snippet, &format!("{name} {operator}"), 1);
        }
    }

    fn operators_of_head(&self, variable: Variable) -> &'static [&'static str] {
        match variable {
            Variable::Action => &["==", "in"],
            Variable::Principal | Variable::Resource | Variable::Context => &["==", "in", "is"],
        }
    }

    fn head_operators(&mut self, variable: Variable) {
        for operator in self.operators_of_head(variable) {
            let word = words::any(operator);
            let offer = self.add(CompletionKind::Operator, operator, 0);
            offer.detail(word.map_or("", |w| w.form)).documented(word.map(|w| w.doc.into()));
        }
    }

    fn after_constraint(&mut self, variable: Variable, expression: &Expression) {
        if let Kind::Is { group: None, .. } = expression.kind {
            self.add(CompletionKind::Operator, "in", 0)
                .detail(format!("{} is T in g", variable.as_str()));
        }
    }

    /// In the condition of a clause.
    pub(super) fn condition(&mut self, condition: &Expression) {
        self.inside(&[], condition, &Wanted::condition());
    }

    /// In an expression, below `above`, where something is wanted.
    fn inside(&mut self, above: &[&Expression], expression: &Expression, wanted: &Wanted<'a>) {
        let offset = self.offset;
        let is_gap = matches!(expression.kind, Kind::Missing);
        if !is_gap && offset > expression.span.end {
            return self.after(expression);
        }
        let mut below = expression.children().into_iter().enumerate();
        // Of two that touch, the later: in `a.b`, the name and not what is before the dot.
        let child = below.rfind(|(_, child)| touches(&child.span, offset));
        if self.own_part(expression, wanted) {
            return;
        }
        let chain: Vec<&Expression> = above.iter().copied().chain([expression]).collect();
        if let Some((position, child)) = child {
            let wanted = self.wanted_below(above, expression, position, wanted);
            return self.inside(&chain, child, &wanted);
        }
        match &expression.kind {
            Kind::Missing | Kind::Word | Kind::Bool | Kind::Variable(_) | Kind::Text => {
                self.start(expression, wanted);
            }
            Kind::Set(_)
            | Kind::Method { .. }
            | Kind::Call { .. }
            | Kind::Parentheses(_)
            | Kind::If { .. }
            | Kind::Binary { .. } => self.between(&chain, expression, wanted),
            _ => {}
        }
    }

    /// At a name or operator of the expression itself.
    fn own_part(&mut self, expression: &Expression, wanted: &Wanted<'a>) -> bool {
        let offset = self.offset;
        match &expression.kind {
            Kind::Member { of, name } | Kind::Method { of, name, .. }
                if touches(&name.span, offset) && offset > of.span.end =>
            {
                self.members(of, name);
            }
            Kind::Index { of, key: Some(key) } if touches(key, offset) => self.keys(of, key),
            Kind::Has { of, path, .. } => {
                let Some(at) = path.iter().position(|name| touches(&name.span, offset)) else {
                    return false;
                };
                self.attributes_to_ask_for(of, path, at);
            }
            Kind::Is { of, path, .. } if touches(&path.span, offset) => {
                let types = self.types(of);
                self.entity_types(types.iter().map(|typed| &typed.ty), 0);
            }
            Kind::Entity { path, id } => self.entity(path, id.as_ref(), wanted),
            Kind::Binary { operator: Operator::Unknown, at, left, .. } if touches(at, offset) => {
                self.operators(left);
            }
            Kind::Call { function, .. } if touches(&function.span, offset) => {
                self.start(expression, wanted);
            }
            _ => return false,
        }
        true
    }

    pub(super) fn types(&self, expression: &Expression) -> Vec<Typed<'a>> {
        self.environment.types(self.text, expression)
    }

    /// Between the parts of an expression, or before its first.
    fn between(&mut self, chain: &[&Expression], expression: &Expression, wanted: &Wanted<'a>) {
        let children = expression.children();
        let is_before = |child: &&&Expression| child.span.end < self.offset;
        // After a comma, another one begins.
        let before =
            children.iter().rev().find(is_before).filter(|child| {
                !self.slice(&(child.span.end..self.offset)).trim_end().ends_with(',')
            });
        let is_argument = matches!(expression.kind, Kind::Method { .. });
        let above = chain.split_last().map_or(&[][..], |(_, above)| above);
        match (before, &expression.kind) {
            (Some(_), Kind::If { .. }) => self.after(expression),
            (Some(before), _) if !is_argument || before.span.start != expression.span.start => {
                self.after(before);
            }
            _ => {
                let position = usize::from(is_argument);
                let wanted = self.wanted_below(above, expression, position, wanted);
                self.start_at(self.word(), &wanted);
            }
        }
    }

    /// After an expression that is whole.
    fn after(&mut self, expression: &Expression) {
        let last = match &expression.kind {
            Kind::Binary { operator: Operator::And | Operator::Or, right, .. } => {
                return self.after(right);
            }
            Kind::Not(of) => return self.after(of),
            Kind::If { test, yes, no } => {
                let is_missing = |branch: &Expression| {
                    matches!(branch.kind, Kind::Missing) && branch.span.is_empty()
                };
                let (before, word) = match (is_missing(yes), is_missing(no)) {
                    (true, _) => (test, Some("then")),
                    (false, true) => (yes, Some("else")),
                    (false, false) => (no, None),
                };
                if let Some(word) = word {
                    self.add(CompletionKind::Keyword, word, 0);
                }
                return self.after(before);
            }
            Kind::Is { group: None, .. } => {
                self.add(CompletionKind::Operator, "in", 1).detail("a is T in g");
                expression
            }
            _ => expression,
        };
        self.operators(last);
    }

    fn operators(&mut self, left: &Expression) {
        let types = self.types(left);
        let is_bool = matches!(
            left.kind,
            Kind::Binary { .. } | Kind::Has { .. } | Kind::Is { .. } | Kind::Method { .. }
        ) && types.first().is_some_and(|typed| typed.ty == Type::Bool);
        let words: Vec<&words::Word> = match types.first() {
            _ if is_bool => words::logic().iter().collect(),
            Some(typed) => words::operators(&typed.ty),
            None => words::operators(&Type::Unknown),
        };
        for word in words {
            let offer = self.add(CompletionKind::Operator, word.name, 0);
            if !word.snippet.is_empty() {
                offer.snippet(word.snippet);
            }
            offer.detail(word.form).documented(Some(word.doc.into()));
        }
    }

    /// What is wanted of a part of an expression.
    fn wanted_below(
        &self,
        above: &[&Expression],
        expression: &Expression,
        position: usize,
        wanted: &Wanted<'a>,
    ) -> Wanted<'a> {
        match &expression.kind {
            Kind::Parentheses(_) => wanted.clone(),
            Kind::If { .. } if position > 0 => wanted.clone(),
            Kind::If { .. } | Kind::Not(_) => Wanted::condition(),
            Kind::Negative(_) => Wanted::of_type(Type::Long),
            Kind::Binary { operator, left, right, .. } => {
                let other = if position == 0 { right } else { left };
                self.wanted_beside(*operator, other, position == 0, wanted)
            }
            Kind::Is { of, .. } if position > 0 => self.groups_of(of, wanted),
            Kind::Set(_) => self.wanted_in_set(above, expression, wanted),
            Kind::Method { of, name, .. } if position > 0 => self.argument(of, &name.text),
            Kind::Call { function, .. } => {
                Wanted { inside_call: Some(function.text.clone()), ..wanted.clone() }
            }
            _ => Wanted::anything(),
        }
    }

    fn wanted_beside(
        &self,
        operator: Operator,
        other: &Expression,
        is_left: bool,
        wanted: &Wanted<'a>,
    ) -> Wanted<'a> {
        let same = || Wanted { is_head: wanted.is_head, ..self.same_as(other) };
        match operator {
            Operator::And | Operator::Or => Wanted::condition(),
            Operator::Equal | Operator::NotEqual => same(),
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                same()
            }
            Operator::Add | Operator::Subtract | Operator::Multiply => Wanted::of_type(Type::Long),
            Operator::Like if !is_left => Wanted { is_pattern: true, ..same() },
            Operator::In if !is_left => self.groups_of(other, wanted),
            Operator::In | Operator::Like | Operator::Unknown => Wanted::anything(),
        }
    }

    /// What can be equal to an expression.
    pub(super) fn same_as(&self, other: &Expression) -> Wanted<'a> {
        Wanted { types: self.types(other), source: source(self.text, other), ..Wanted::default() }
    }

    fn groups_of(&self, of: &Expression, wanted: &Wanted<'a>) -> Wanted<'a> {
        Wanted { is_group: true, is_head: wanted.is_head, ..self.same_as(of) }
    }

    /// `[…].contains(x)` wants what `x` is; else it wants what the set is compared with.
    fn wanted_in_set(
        &self,
        above: &[&Expression],
        set: &Expression,
        wanted: &Wanted<'a>,
    ) -> Wanted<'a> {
        if let Some(Kind::Method { of, arguments, .. }) = above.last().map(|e| &e.kind)
            && of.span == set.span
            && let Some(argument) = arguments.first()
        {
            return self.same_as(argument);
        }
        if wanted.is_group {
            return Wanted { in_set: true, ..wanted.clone() };
        }
        wanted.elements()
    }

    /// What the argument of a method should be.
    fn argument(&self, of: &Expression, method: &str) -> Wanted<'a> {
        let same = self.same_as(of);
        match method {
            "contains" => same.elements(),
            "containsAll" | "containsAny" => same,
            "offset" => Wanted::of_type(Type::Duration),
            "hasTag" | "getTag" => Wanted::of_type(Type::Text),
            _ => same,
        }
    }
}
