//! Turns an expression of Cedar's syntax tree into a [`Node`], and says which columns it reads.
//!
//! The columns are all that the value can depend on: two rows with equal cells there have equal values.
//! Not here: evaluating (`native`).

use super::native::{Evaluated, Node, Stop, attribute};
use crate::Absent;
use crate::table::{Column, ColumnId, Table, Value};
use cedar_policy::pst::{BinaryOp, Expr, Literal, UnaryOp, Var};
use cedar_policy::{EntityId, EntityUid, RestrictedExpression, pst};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// An expression over the columns of a table.
#[derive(Debug)]
pub(super) struct Lowered {
    pub(super) node: Node,
    pub(super) columns: BTreeSet<ColumnId>,
    /// Whether the value may depend on entities, besides which they are.
    pub(super) reads_entities: bool,
}

/// The values at a path below the entities of a column, which many expressions read.
pub(super) type Derived = Mutex<HashMap<(ColumnId, Vec<String>), Arc<Vec<Evaluated<Value>>>>>;

/// `expr` as a node over the columns of `table`.
pub(super) fn lower(expr: &Expr, table: &Table, derived: &Derived) -> Lowered {
    let mut lowering = Lowering { table, derived, columns: BTreeSet::new(), reads_entities: false };
    let node = lowering.node(expr);
    Lowered { node, columns: lowering.columns, reads_entities: lowering.reads_entities }
}

/// The entity that the syntax tree names. `None` if its type is no type name.
pub(super) fn entity_uid(uid: &pst::EntityUID) -> Option<EntityUid> {
    let ty = uid.ty.to_string().parse().ok()?;
    Some(EntityUid::from_type_name_and_id(ty, EntityId::new(&uid.eid)))
}

struct Lowering<'t> {
    table: &'t Table,
    derived: &'t Derived,
    columns: BTreeSet<ColumnId>,
    reads_entities: bool,
}

impl Lowering<'_> {
    fn node(&mut self, expr: &Expr) -> Node {
        if let Some(path) = context_path(expr) {
            return self.path(&path);
        }
        match expr {
            Expr::Literal(literal) => constant(literal).map_or(Node::Ask, Node::Constant),
            Expr::Var(var) => self.variable(var),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { op, left, right } => self.binary(*op, left, right),
            Expr::GetAttr { expr, attr } => self.attribute(expr, attr),
            Expr::HasAttr { expr, attrs } => self.has(expr, attrs.iter().map(ToString::to_string)),
            Expr::Like { expr, pattern } => Node::Like(self.boxed(expr), pattern.clone()),
            Expr::Is { expr, entity_type, in_expr } => {
                self.is(expr, entity_type, in_expr.as_deref())
            }
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                Node::If(self.boxed(cond), self.boxed(then_expr), self.boxed(else_expr))
            }
            Expr::Set(items) => Node::Set(items.iter().map(|i| self.node(i)).collect()),
            Expr::Record(fields) => {
                Node::Record(fields.iter().map(|(name, e)| (name.clone(), self.node(e))).collect())
            }
            // What only templates and partial evaluation have, or a later Cedar.
            _ => self.ask(),
        }
    }

    fn boxed(&mut self, expr: &Expr) -> Box<Node> {
        Box::new(self.node(expr))
    }

    fn variable(&mut self, var: &Var) -> Node {
        match var {
            Var::Principal => self.cell(ColumnId::PRINCIPAL),
            Var::Action => self.cell(ColumnId::ACTION),
            Var::Resource => self.cell(ColumnId::RESOURCE),
            Var::Context => self.path(&[]),
        }
    }

    fn cell(&mut self, column: ColumnId) -> Node {
        self.columns.insert(column);
        Node::Cell(column)
    }

    /// Cedar is asked with everything that it could want to know.
    fn ask(&mut self) -> Node {
        self.reads_entities = true;
        let all = [ColumnId::PRINCIPAL, ColumnId::ACTION, ColumnId::RESOURCE, ColumnId::STORE];
        self.columns.extend(all);
        self.path(&[]);
        Node::Ask
    }

    fn unary(&mut self, op: UnaryOp, argument: &Expr) -> Node {
        let Expr::Literal(Literal::String(text)) = argument else {
            return Node::Unary(op, self.boxed(argument));
        };
        let call = match op {
            UnaryOp::Decimal => RestrictedExpression::new_decimal(text),
            UnaryOp::Datetime => RestrictedExpression::new_datetime(text),
            UnaryOp::Duration => RestrictedExpression::new_duration(text),
            UnaryOp::Ip => RestrictedExpression::new_ip(text),
            _ => return Node::Unary(op, self.boxed(argument)),
        };
        Value::constant(call).map_or(Node::Failure(None), Node::Constant)
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Node {
        if op == BinaryOp::In {
            self.reads_members(left);
        }
        self.reads_entities |= matches!(op, BinaryOp::In | BinaryOp::HasTag | BinaryOp::GetTag);
        let (left, right) = (self.boxed(left), self.boxed(right));
        match op {
            BinaryOp::And => Node::And(left, right),
            BinaryOp::Or => Node::Or(left, right),
            _ => Node::Binary(op, left, right),
        }
    }

    /// What an entity is a member of may depend on the row's entities, which hold the principal's task.
    fn reads_members(&mut self, of: &Expr) {
        let same_everywhere = matches!(of, Expr::Var(Var::Resource | Var::Action))
            && self.table.principals_are_leaves();
        if !same_everywhere {
            self.columns.insert(ColumnId::STORE);
        }
    }

    fn is(&mut self, expr: &Expr, ty: &pst::EntityType, group: Option<&Expr>) -> Node {
        let Ok(ty) = ty.to_string().parse() else { return self.ask() };
        let is = Node::Is(self.boxed(expr), ty);
        let Some(group) = group else { return is };
        let member = self.binary(BinaryOp::In, expr, group);
        Node::And(Box::new(is), Box::new(member))
    }

    /// An attribute of anything but the context. A chain that starts at one dictionary column has one
    /// value for each of its codes, calculated now.
    fn attribute(&mut self, of: &Expr, name: &str) -> Node {
        self.reads_entities = true;
        let chained = matches!(chain_start(of), Some(Var::Principal | Var::Resource));
        let of = self.node(of);
        let derived = if chained { self.derived(&of, name) } else { None };
        derived.unwrap_or_else(|| Node::Attribute(Box::new(of), name.to_owned()))
    }

    fn derived(&self, of: &Node, name: &str) -> Option<Node> {
        let (column, mut path, before) = match of {
            Node::Cell(column) => (*column, Vec::new(), None),
            Node::Derived { column, path, values } => (*column, path.clone(), Some(values)),
            _ => return None,
        };
        path.push(name.to_owned());
        let mut known = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let values = match known.get(&(column, path.clone())) {
            Some(values) => Arc::clone(values),
            None => {
                let values = Arc::new(self.attributes(column, before, name)?);
                known.insert((column, path.clone()), Arc::clone(&values));
                values
            }
        };
        Some(Node::Derived { column, path, values })
    }

    /// The attribute of each entity of a column, or of each value that was derived from it before.
    fn attributes(
        &self,
        column: ColumnId,
        before: Option<&Arc<Vec<Evaluated<Value>>>>,
        name: &str,
    ) -> Option<Vec<Evaluated<Value>>> {
        let base = self.table.base();
        let read = |v: &Value| attribute(v, name, base);
        if let Some(before) = before {
            return Some(before.iter().map(|v| v.clone().and_then(|v| read(&v))).collect());
        }
        let values = self.table.column(column)?.dictionary()?.iter().map(|v| read(&v));
        Some(std::iter::once(Err(Stop::Fails(None))).chain(values).collect())
    }

    /// `expr has a.b.c` is `expr has a && expr.a has b && expr.a.b has c`.
    fn has(&mut self, of: &Expr, names: impl Iterator<Item = String>) -> Node {
        let mut of = of.clone();
        let mut all: Option<Node> = None;
        for name in names {
            let one = self.has_one(&of, &name);
            all = Some(match all {
                Some(before) => Node::And(Box::new(before), Box::new(one)),
                None => one,
            });
            of = Expr::GetAttr { expr: Arc::new(of), attr: name.into() };
        }
        all.unwrap_or(Node::Failure(None))
    }

    fn has_one(&mut self, of: &Expr, name: &str) -> Node {
        let path = context_path(of).filter(|p| p.is_empty() || self.table.path(p).is_some());
        let Some(mut path) = path.filter(|p| self.plain(p)) else {
            self.reads_entities = true;
            return Node::Has(self.boxed(of), name.to_owned());
        };
        let record = self.table.path(&path);
        let column = record.and_then(|record| self.table.column(record));
        self.reads_entities |= column.is_some_and(Column::holds_entities);
        path.push(name.to_owned());
        let attribute = self.table.path(&path);
        self.columns.extend(record.into_iter().chain(attribute));
        Node::HasCell { record, attribute, name: name.to_owned() }
    }

    /// Whether all that any row holds above `path` is records.
    fn plain(&self, path: &[String]) -> bool {
        let record = |n: usize| {
            let column = path.get(..n).and_then(|p| self.table.path(p));
            !column.and_then(|c| self.table.column(c)).is_some_and(Column::holds_more_than_records)
        };
        (1..path.len()).all(record)
    }

    /// The value at `path` below the context.
    fn path(&mut self, path: &[String]) -> Node {
        let Some((name, parent)) = path.split_last() else {
            return self.whole(None, path);
        };
        match (self.table.path(path), self.plain(path)) {
            (Some(column), true) => self.known(column, path),
            (None, true) => Node::Failure(Some(Absent::Attribute)),
            (None, false) => self.general(name, parent),
            (Some(column), false) => {
                let known = self.known(column, path);
                let general = self.general(name, parent);
                Node::Else(column, Box::new(known), Box::new(general))
            }
        }
    }

    fn general(&mut self, name: &str, parent: &[String]) -> Node {
        self.reads_entities = true;
        Node::Attribute(Box::new(self.path(parent)), name.to_owned())
    }

    /// The value at a path that has a column: of its own, or its attributes'.
    fn known(&mut self, column: ColumnId, path: &[String]) -> Node {
        self.columns.insert(column);
        self.reads_entities |= self.table.column_reads_entities(column);
        if self.table.column(column).is_some_and(|c| c.nests()) {
            return self.whole(Some(column), path);
        }
        Node::Cell(column)
    }

    fn whole(&mut self, at: Option<ColumnId>, prefix: &[String]) -> Node {
        let depth = prefix.len();
        let below = self.table.below(prefix).map(|(path, column)| {
            (path.iter().skip(depth).cloned().collect::<Vec<String>>(), column)
        });
        let attributes: Vec<_> = below.collect();
        self.columns.extend(attributes.iter().map(|(_, column)| *column));
        Node::Whole { at, attributes }
    }
}

fn constant(literal: &Literal) -> Option<Value> {
    match literal {
        Literal::Bool(b) => Some(Value::Bool(*b)),
        Literal::Long(n) => Some(Value::Long(*n)),
        Literal::String(text) => Some(Value::Text(text.as_str().into())),
        Literal::EntityUID(uid) => Some(Value::Entity(Arc::new(entity_uid(uid)?))),
        _ => None,
    }
}

/// The names in `context.a.b`; none for the context itself.
fn context_path(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Var(Var::Context) => Some(Vec::new()),
        Expr::GetAttr { expr, attr } => {
            let mut path = context_path(expr)?;
            path.push(attr.to_string());
            Some(path)
        }
        _ => None,
    }
}

/// The variable at the start of a chain of attributes.
fn chain_start(expr: &Expr) -> Option<&Var> {
    match expr {
        Expr::Var(var) => Some(var),
        Expr::GetAttr { expr, .. } => chain_start(expr),
        _ => None,
    }
}
