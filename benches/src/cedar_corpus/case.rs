//! A case as Cedar's types, and the answers that its file wants.

use super::CaseText;
use cedar_policy::{Context, Entities, EntityId, EntityUid, PolicySet, Request, Schema};
use remit_replay::{Absent, Judgement};
use serde::Deserialize;
use std::fmt;

/// A case that was read.
pub(super) struct Case {
    pub(super) id: String,
    pub(super) policies: PolicySet,
    pub(super) entities: Entities,
    pub(super) requests: Vec<Request>,
    /// INVARIANT (parallel): one for each request.
    pub(super) wanted: Vec<Wanted>,
}

/// What an engine says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) allow: bool,
    /// Sorted.
    pub(super) reasons: Vec<String>,
    /// Sorted; with what was absent, if it failed for want of that.
    pub(super) failing: Vec<(String, Option<Absent>)>,
    pub(super) uncertain: bool,
}

/// What the file wants of a request.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    allow: bool,
    /// Sorted.
    reasons: Vec<String>,
    errors: usize,
}

/// Why a case cannot be read.
pub(super) type Why = Box<dyn std::error::Error + Send + Sync>;

#[derive(Deserialize)]
struct File {
    requests: Vec<Asked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    principal: Uid,
    action: Uid,
    resource: Uid,
    context: serde_json::Value,
    validate_request: bool,
    decision: Decision,
    reason: Vec<String>,
    errors: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Uid {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Allow,
    Deny,
}

impl Case {
    /// Cases of one schema; and those that cannot be read, with the reason.
    pub(super) fn parse_all(texts: &[&CaseText]) -> (Vec<Case>, Vec<(String, Why)>) {
        let (mut cases, mut unreadable) = (Vec::new(), Vec::new());
        let schema = match texts.first() {
            Some(first) => Schema::from_cedarschema_str(&first.schema),
            None => return (cases, unreadable),
        };
        for text in texts {
            let case = match &schema {
                Ok((schema, _)) => Case::parse(text, schema),
                Err(why) => Err(why.to_string().into()),
            };
            match case {
                Ok(case) => cases.push(case),
                Err(why) => unreadable.push((text.id.clone(), why)),
            }
        }
        (cases, unreadable)
    }

    fn parse(text: &CaseText, schema: &Schema) -> Result<Self, Why> {
        let file: File = serde_json::from_str(&text.requests)?;
        // With the schema, so that its actions and their groups are among the entities.
        let entities = Entities::from_json_str(&text.entities, Some(schema))?;
        let requests = file.requests.iter().map(|asked| asked.request(schema));
        Ok(Case {
            id: text.id.clone(),
            policies: text.policies.parse()?,
            entities,
            requests: requests.collect::<Result<_, _>>()?,
            wanted: file.requests.into_iter().map(Wanted::from).collect(),
        })
    }
}

impl Asked {
    fn request(&self, schema: &Schema) -> Result<Request, Why> {
        let action = self.action.parse()?;
        let context = Context::from_json_value(self.context.clone(), Some((schema, &action)))?;
        let schema = self.validate_request.then_some(schema);
        Ok(Request::new(self.principal.parse()?, action, self.resource.parse()?, context, schema)?)
    }
}

impl Uid {
    fn parse(&self) -> Result<EntityUid, Why> {
        Ok(EntityUid::from_type_name_and_id(self.kind.parse()?, EntityId::new(&self.id)))
    }
}

impl Answer {
    pub(super) fn of(judged: Judgement) -> Self {
        let Judgement { allow, reasons, errors, uncertain } = judged;
        Answer {
            allow,
            reasons,
            failing: errors.into_iter().map(|e| (e.policy, e.absent)).collect(),
            uncertain,
        }
    }
}

impl Wanted {
    pub(super) fn is_met_by(&self, got: &Answer) -> bool {
        (self.allow, &self.reasons, self.errors) == (got.allow, &got.reasons, got.failing.len())
    }
}

impl From<Asked> for Wanted {
    fn from(asked: Asked) -> Self {
        let Asked { decision, reason: mut reasons, errors, .. } = asked;
        reasons.sort();
        Wanted { allow: decision == Decision::Allow, reasons, errors: errors.len() }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answer { allow, reasons, failing, uncertain } = self;
        write!(f, "{} by {reasons:?} with {failing:?} failing", decision(*allow))?;
        f.write_str(if *uncertain { ", uncertain" } else { "" })
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wanted { allow, reasons, errors } = self;
        write!(f, "{} by {reasons:?} with {errors} failing", decision(*allow))
    }
}

fn decision(allow: bool) -> &'static str {
    if allow { "allow" } else { "deny" }
}
