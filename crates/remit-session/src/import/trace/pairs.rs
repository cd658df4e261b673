//! Which call of a model's answer is carried out by which span, and which spans say the same.

use super::order::Above;
use super::{Said, SaidCall, Span, Work};
use crate::Arguments;
use std::collections::{HashMap, HashSet, VecDeque};

/// What belongs together.
#[derive(Default)]
pub(super) struct Pairs {
    /// What a model asked for, by the span that carries it out.
    pub asked: HashMap<usize, SaidCall>,
    /// Spans of no kind that carry out what a model asked for.
    pub tools: HashSet<usize>,
    /// Spans of a tool that repeat one above them, by which.
    pub inner: HashMap<usize, usize>,
    /// Spans of a model that only hold others.
    pub outer: HashSet<usize>,
    /// The ids of all calls of spans and answers.
    pub ids: HashSet<String>,
    /// The names of all calls that spans carry out.
    pub names: HashSet<String>,
    /// Calls of answers (span, position) that no span carries out.
    loose: HashSet<(usize, usize)>,
}

impl Pairs {
    pub fn find(spans: &mut [Span], above: &[Above]) -> Pairs {
        let mut pairs = Pairs::default();
        pairs.outer.extend(above.iter().zip(spans.iter()).filter_map(|(above, span)| {
            above.model.filter(|_| matches!(span.work, Work::Model { .. }))
        }));
        pairs.find_repeated(spans, above);
        pairs.find_carried_out(spans, above);
        pairs.names = pairs.named(spans);
        pairs
    }

    pub fn is_loose(&self, span: usize, position: usize) -> bool {
        self.loose.contains(&(span, position))
    }

    /// A server's view of a call stands below the client's; what only it knows goes up.
    fn find_repeated(&mut self, spans: &mut [Span], above: &[Above]) {
        let mut known: Vec<(usize, usize)> = Vec::new();
        for (index, (span, of)) in spans.iter().zip(above).enumerate() {
            let upper = of.tool.filter(|upper| {
                let agent = above.get(*upper).and_then(|above| above.agent);
                agent == of.agent && same_tool(span, spans.get(*upper))
            });
            known.extend(upper.map(|upper| (index, upper)));
        }
        // Spans are in the order of time: an upper one was met before.
        for (index, upper) in known {
            let upper = self.inner.get(&upper).copied().unwrap_or(upper);
            self.inner.insert(index, upper);
            complete(spans, upper, index);
        }
    }

    fn find_carried_out(&mut self, spans: &[Span], above: &[Above]) {
        let mut waiting = Waiting::new(spans, above, &self.inner);
        let mut unpaired = Vec::new();
        for (index, span) in spans.iter().enumerate() {
            let Work::Model { output, .. } = &span.work else { continue };
            if self.outer.contains(&index) {
                continue;
            }
            for (position, said) in output.iter().enumerate() {
                let Said::Call(call) = said else { continue };
                // A framework may record one answer in two spans side by side.
                if call.id.as_ref().is_some_and(|id| !self.ids.insert(id.clone())) {
                    continue;
                }
                match waiting.by_id(call).or_else(|| waiting.by_name(call, index, spans)) {
                    Some(tool) => self.pair(tool, call, spans),
                    None => unpaired.push((index, position, call)),
                }
            }
        }
        for (index, position, call) in unpaired {
            match waiting.only_one_beside(index, spans, above) {
                Some(tool) => self.pair(tool, call, spans),
                None => drop(self.loose.insert((index, position))),
            }
        }
        self.ids.extend(spans.iter().filter_map(|span| tool_id(span).map(str::to_owned)));
    }

    fn pair(&mut self, tool: usize, call: &SaidCall, spans: &[Span]) {
        self.asked.insert(tool, call.clone());
        if spans.get(tool).is_some_and(|span| matches!(span.work, Work::Other { .. })) {
            self.tools.insert(tool);
        }
    }

    fn named(&self, spans: &[Span]) -> HashSet<String> {
        let tools = spans.iter().filter_map(|span| match &span.work {
            Work::Tool(tool) => Some(tool.name.clone().unwrap_or_else(|| span.name.clone())),
            Work::Agent { .. } | Work::Model { .. } | Work::Other { .. } => None,
        });
        let asked = spans.iter().enumerate().filter_map(|(index, _)| self.asked.get(&index));
        tools.chain(asked.map(|call| call.tool.clone())).collect()
    }
}

fn tool_id(span: &Span) -> Option<&str> {
    match &span.work {
        Work::Tool(tool) => tool.id.as_deref(),
        Work::Agent { .. } | Work::Model { .. } | Work::Other { .. } => None,
    }
}

fn same_tool(span: &Span, upper: Option<&Span>) -> bool {
    let (Work::Tool(own), Some(Work::Tool(upper))) = (&span.work, upper.map(|span| &span.work))
    else {
        return false;
    };
    let ids = own.id.is_none() || upper.id.is_none() || own.id == upper.id;
    own.name.is_some() && own.name == upper.name && ids
}

/// Fills in what the upper span of a call does not hold.
fn complete(spans: &mut [Span], upper: usize, lower: usize) {
    let Some(Work::Tool(lower)) = spans.get(lower).map(|span| &span.work) else { return };
    let (id, server) = (lower.id.clone(), lower.server.clone());
    let (arguments, result, outcome) =
        (lower.arguments.clone(), lower.result.clone(), lower.outcome);
    let Some(Work::Tool(upper)) = spans.get_mut(upper).map(|span| &mut span.work) else { return };
    upper.id = upper.id.take().or(id);
    upper.server = upper.server.take().or(server);
    upper.arguments = upper.arguments.take().or(arguments);
    upper.result = upper.result.take().or(result);
    if upper.outcome == crate::Outcome::Executed {
        upper.outcome = outcome;
    }
}

/// Spans that may carry out what a model asks for, until it is known what they do.
struct Waiting {
    ids: HashMap<String, usize>,
    /// In the order of time, for each name.
    named: HashMap<String, VecDeque<usize>>,
    /// Spans of tools without a name of their own, for each span that they stand below.
    unnamed: HashMap<Option<usize>, VecDeque<usize>>,
    taken: HashSet<usize>,
}

impl Waiting {
    fn new(spans: &[Span], above: &[Above], inner: &HashMap<usize, usize>) -> Waiting {
        let mut waiting = Waiting {
            ids: HashMap::new(),
            named: HashMap::new(),
            unnamed: HashMap::new(),
            taken: HashSet::new(),
        };
        for (index, (span, of)) in spans.iter().zip(above).enumerate() {
            let name = match &span.work {
                Work::Tool(_) if inner.contains_key(&index) => continue,
                Work::Tool(tool) => {
                    if let Some(id) = &tool.id {
                        waiting.ids.entry(id.clone()).or_insert(index);
                    }
                    if tool.name.is_none() {
                        waiting.unnamed.entry(of.parent).or_default().push_back(index);
                    }
                    tool.name.as_ref().unwrap_or(&span.name)
                }
                Work::Other { .. } => &span.name,
                Work::Agent { .. } | Work::Model { .. } => continue,
            };
            waiting.named.entry(name.clone()).or_default().push_back(index);
        }
        waiting
    }

    fn by_id(&mut self, call: &SaidCall) -> Option<usize> {
        let found = *self.ids.get(call.id.as_ref()?)?;
        self.taken.insert(found).then_some(found)
    }

    /// The next span of the name that has no id of its own and did not begin before the model was asked;
    /// one with the same arguments first.
    fn by_name(&mut self, call: &SaidCall, model: usize, spans: &[Span]) -> Option<usize> {
        let list = self.named.get_mut(&call.tool)?;
        while list.front().is_some_and(|index| self.taken.contains(index) || *index < model) {
            list.pop_front();
        }
        let free = |index: &&usize| {
            let span = spans.get(**index);
            **index > model
                && !self.taken.contains(*index)
                && (call.id.is_none() || span.is_some_and(|span| tool_id(span).is_none()))
        };
        // As many as a model asks for at a time.
        let near: Vec<_> = list.iter().take(256).filter(free).copied().collect();
        let equal = near.iter().find(|index| given(spans.get(**index)) == Some(&call.arguments));
        let found = *equal.or(near.first())?;
        self.taken.insert(found);
        Some(found)
    }

    /// A hand-off's span is not called like the tool that the model asked for; it stands beside the model's
    /// span, alone.
    fn only_one_beside(&mut self, model: usize, spans: &[Span], above: &[Above]) -> Option<usize> {
        let parent = above.get(model)?.parent;
        let list = self.unnamed.get_mut(&parent).filter(|list| list.len() <= 64)?;
        list.retain(|index| !self.taken.contains(index));
        let found = *list.front().filter(|index| list.len() == 1 && **index > model)?;
        spans.get(found)?;
        self.taken.insert(found);
        Some(found)
    }
}

fn given(span: Option<&Span>) -> Option<&Arguments> {
    match &span?.work {
        Work::Tool(tool) => tool.arguments.as_ref(),
        Work::Other { input, .. } => input.as_ref(),
        Work::Agent { .. } | Work::Model { .. } => None,
    }
}
