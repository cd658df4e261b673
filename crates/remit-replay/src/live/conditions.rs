//! What each condition of a policy does: where it holds, and what it alone keeps out.
//!
//! A condition is judged as the policy with that condition only, and left out as the policy without
//! it; atoms are remembered by the matrix, so that this costs little more than judging the policy.

use super::LiveReplay;
use super::policy_rows::judge_policy;
use crate::Cancelled;
use crate::rows::RowSet;
use cedar_policy::Policy;
use remit_policy::editor::conditions;
use std::ops::{ControlFlow, Range};

/// What a policy and each of its conditions match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConditionsOf {
    /// The calls that the policy matches.
    pub matched: RowSet,
    /// Its conditions, in the order in which they are written.
    pub conditions: Vec<ConditionRows>,
}

/// What one condition does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionRows {
    /// Its bytes in the policy's text.
    pub span: Range<usize>,
    /// Whether it is needed not to hold.
    pub is_unless: bool,
    /// The calls that fit the head and this condition.
    pub fits: RowSet,
    /// The calls that the policy would match too if only this condition were left out.
    pub keeps_out: RowSet,
}

impl LiveReplay {
    /// What a policy's conditions match among the calls that guardrails, or the scope of a task, judge.
    /// `None` where `text` is no whole policy of Cedar's, or a template.
    ///
    /// # Errors
    /// [`Cancelled`] if `go_on` said so.
    pub fn conditions(
        &self,
        text: &str,
        task: Option<&str>,
        go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<Option<ConditionsOf>, Cancelled> {
        let Some(rows) = self.judged_by(task) else { return Ok(None) };
        let (Some(taken), Ok(whole)) = (conditions(text), Policy::parse(None, text)) else {
            return Ok(None);
        };
        let satisfied = |policy: &Policy| {
            judge_policy(&self.matrix, policy, &rows, go_on).map(|found| found.satisfied)
        };
        let matched = satisfied(&whole)?;
        let mut of = ConditionsOf { matched, conditions: Vec::new() };
        for (at, condition) in taken.conditions.iter().enumerate() {
            let parts = [taken.only(at), taken.without(at)];
            let [Some(only), Some(without)] = parts.map(|text| Policy::parse(None, text).ok())
            else {
                return Ok(None);
            };
            of.conditions.push(ConditionRows {
                span: condition.span.clone(),
                is_unless: condition.is_unless,
                fits: satisfied(&only)?,
                keeps_out: satisfied(&without)?.and_not(&of.matched),
            });
        }
        Ok(Some(of))
    }

    /// The rows that a policy matches among those that guardrails, or the scope of a task, judge. The
    /// conditions over history that it asks must be among those of the last judgement.
    ///
    /// # Errors
    /// [`Cancelled`] if `go_on` said so.
    pub fn matched(
        &self,
        policy: &Policy,
        task: Option<&str>,
        go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<RowSet, Cancelled> {
        let rows = self.judged_by(task).unwrap_or_default();
        judge_policy(&self.matrix, policy, &rows, go_on).map(|found| found.satisfied)
    }

    /// The rows that guardrails judge, or the scope of a task.
    fn judged_by(&self, task: Option<&str>) -> Option<RowSet> {
        let Some(task) = task else { return Some(self.matrix.table().rows()) };
        let at = self.scopes.tasks.iter().position(|known| known == task)?;
        self.scopes.rows.get(at).map(|judged| judged.rows.clone())
    }
}
