//! The decision matrix beside a loop over Cedar's authorizer, which judges a sample in the same run.

use crate::figures::Figure;
use crate::workload::{CONDITIONS, Random, condition_of, entities, policies, policy_text, request};
use cedar_policy::{Entities, Policy, PolicyId, PolicySet, Request};
use remit_replay::matrix::{Decisions, Matrix};
use remit_replay::reference::judge;
use remit_replay::table::{Table, TableBuilder};
use remit_replay::{Counter, RowSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SEED: u64 = 2026;
/// The loop judges so many actions, or as many as fit its time.
const SAMPLE: usize = 2_000;
const LOOP_MS: f64 = 10_000.0;
const EDITS: usize = 1_000;

/// The figures for `rows` actions and each number of policies.
pub(crate) fn measure(rows: usize, counts: &[usize]) -> Result<Vec<Figure>, String> {
    let corpus = Corpus::new(rows)?;
    let (bytes_a_row, dictionaries) = corpus.table.bytes();
    let mut figures = vec![
        Figure::alone(format!("table of {rows} actions, built"), corpus.built_ms, "ms"),
        Figure::alone("table, without dictionaries", bytes_a_row, "bytes a row"),
        Figure::alone("dictionaries", dictionaries as f64 / (1 << 20) as f64, "MiB"),
    ];
    figures.extend(corpus.conditions()?);
    for &count in counts {
        figures.extend(corpus.judged(count)?);
    }
    figures.push(Figure::alone("peak memory", status("VmHWM:") / 1024.0, "MiB"));
    Ok(figures)
}

struct Corpus {
    entities: Entities,
    table: Arc<Table>,
    /// Every so many-th request, with its row.
    sample: Vec<(u32, Request)>,
    built_ms: f64,
}

impl Corpus {
    fn new(rows: usize) -> Result<Self, String> {
        let (entities, mut random) = (entities()?, Random::new(SEED));
        let mut table = TableBuilder::new(entities.clone());
        let store = table.add_store(entities.clone());
        let step = rows.div_ceil(SAMPLE).max(1);
        let (mut sample, mut building) = (Vec::new(), Duration::ZERO);
        for row in 0..rows {
            let request = request(&mut random)?;
            let start = Instant::now();
            let ordinal = table.push(&request, store).ok_or("a request is incomplete")?;
            building += start.elapsed();
            if row % step == 0 {
                sample.push((ordinal, request));
            }
        }
        let (finishing, table) = timed(|| Arc::new(table.finish()));
        let row = |(ordinal, request)| Some((table.row_of(ordinal)?, request));
        let sample = sample.into_iter().filter_map(row).collect();
        Ok(Corpus { entities, sample, built_ms: ms(building) + finishing, table })
    }

    /// What one condition costs that every action must be looked at for.
    fn conditions(&self) -> Result<Vec<Figure>, String> {
        let mut figures = Vec::new();
        let mut random = Random::new(SEED);
        for kind in 0..CONDITIONS {
            let condition = condition_of(kind, &mut random);
            let text = format!("permit(principal, action, resource) when {{ {condition} }};");
            let policy = Policy::parse(None, &text).map_err(|e| format!("{e}: {text}"))?;
            let (matrix, rows) = (Matrix::new(Arc::clone(&self.table)), self.table.rows());
            let judge = || busy(|| matrix.policy(&policy, &rows, &|| false));
            let pool = threads(1)?;
            for what in ["new", "known"] {
                let (time, judged) = pool.install(judge);
                judged.map_err(|e| e.to_string())?;
                let value = time * 1e6 / self.table.len() as f64;
                figures.push(Figure::alone(format!("`{condition}`, {what}"), value, "ns a row"));
            }
        }
        Ok(figures)
    }

    fn judged(&self, count: usize) -> Result<Vec<Figure>, String> {
        let policies = policies(&mut Random::new(SEED + count as u64), count)?;
        let rows = self.table.rows();
        let one = threads(1)?;
        let matrix = Matrix::new(Arc::clone(&self.table));
        let judge = || busy(|| matrix.judge(&policies, &rows, &|| false));
        let (cold, decisions) = one.install(judge);
        let decisions = decisions.map_err(|e| e.to_string())?;
        let (warm, again) = one.install(judge);
        again.map_err(|e| e.to_string())?;
        let two = Matrix::new(Arc::clone(&self.table));
        let judge = || two.judge(&policies, &rows, &|| false);
        let (cold_of_two, again) = timed(|| threads(2).map(|pool| pool.install(judge)));
        let same = again?.map_err(|e| e.to_string())?.policies() == decisions.policies();
        if !same {
            return Err("two threads decide otherwise than one".to_owned());
        }
        let looped = self.looped(&policies, &decisions)?;
        let name = |what: &str| format!("{count} policies: {what}");
        let mut figures = vec![
            Figure::against(name("all actions, cold, one thread"), cold, "ms", looped),
            Figure::against(name("all actions, atoms known, one thread"), warm, "ms", looped),
            Figure::against(name("all actions, cold, two threads"), cold_of_two, "ms", cold),
        ];
        let mut edits = Edits::new(matrix, &decisions);
        let alone = one.install(|| edits.times(count, |edit| busy(edit)))?;
        let together = edits.times(count + 1, |edit| timed(edit))?;
        let kinds = [("one thread, running", alone), ("all threads, passed", together)];
        for (threads, times) in kinds {
            for (what, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("worst", 1.0)] {
                let at = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
                let value = times.get(at).copied().unwrap_or_default();
                let what = format!("one policy edited, text to counts, {threads}, {what}");
                figures.push(Figure::alone(name(&what), value, "ms"));
            }
        }
        Ok(figures)
    }

    /// How long the loop takes for all actions, scaled up from the sample; and whether both agree.
    fn looped(&self, policies: &PolicySet, decisions: &Decisions) -> Result<f64, String> {
        let (mut spent, mut judged) = (0.0, 0_usize);
        for (row, request) in &self.sample {
            let (time, wanted) = busy(|| judge(request, policies, &self.entities));
            spent += time;
            judged += 1;
            let failed: Vec<&str> = wanted.errors.iter().map(|e| e.policy.as_str()).collect();
            let same = decisions.allows(*row) == wanted.allow
                && decisions.reasons(*row) == wanted.reasons
                && decisions.failing(*row) == failed;
            if !same {
                return Err(format!("row {row} is decided otherwise: {request} {wanted:?}"));
            }
            if spent > LOOP_MS {
                break;
            }
        }
        Ok(spent / judged.max(1) as f64 * self.table.len() as f64)
    }
}

/// A policy set in which one policy changes again and again.
struct Edits {
    matrix: Matrix,
    rows: RowSet,
    permits: Counter,
    forbids: Counter,
    edited: Option<(bool, RowSet)>,
}

impl Edits {
    fn new(matrix: Matrix, decisions: &Decisions) -> Self {
        let (rows, size) = (matrix.table().rows(), matrix.table().len() as u32);
        let (mut permits, mut forbids) = (Counter::new(size), Counter::new(size));
        for policy in decisions.policies() {
            if policy.forbids { &mut forbids } else { &mut permits }.add(&policy.satisfied);
        }
        Edits { matrix, rows, permits, forbids, edited: None }
    }

    /// Sorted times, in ms, from the text of a policy to how many actions are allowed.
    fn times(
        &mut self,
        seed: usize,
        clock: impl Fn(&mut dyn FnMut() -> Option<u64>) -> (f64, Option<u64>),
    ) -> Result<Vec<f64>, String> {
        let mut random = Random::new(SEED ^ seed as u64);
        let mut times = Vec::with_capacity(EDITS);
        for _ in 0..EDITS {
            let text = policy_text(&mut random);
            let (time, allowed) = clock(&mut || self.edit(&text));
            allowed.ok_or_else(|| format!("cannot be judged: {text}"))?;
            times.push(time);
        }
        times.sort_by(f64::total_cmp);
        Ok(times)
    }

    fn edit(&mut self, text: &str) -> Option<u64> {
        let policy = Policy::parse(Some(PolicyId::new("edited")), text).ok()?;
        let judged = self.matrix.policy(&policy, &self.rows, &|| false).ok()?;
        if let Some((forbids, rows)) = self.edited.take() {
            if forbids { &mut self.forbids } else { &mut self.permits }.remove(&rows);
        }
        if judged.forbids { &mut self.forbids } else { &mut self.permits }.add(&judged.satisfied);
        self.edited = Some((judged.forbids, judged.satisfied));
        Some(self.permits.any().and_not(&self.forbids.any()).len())
    }
}

fn threads(count: usize) -> Result<rayon::ThreadPool, String> {
    rayon::ThreadPoolBuilder::new().num_threads(count).build().map_err(|e| e.to_string())
}

/// The milliseconds that this thread was running while it did `work`: other programs do not count.
fn busy<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let running = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
    };
    let before = running();
    let result = work();
    (running() - before, result)
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work();
    (ms(start.elapsed()), result)
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A figure of this process in KiB, where the system tells.
fn status(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0)
}
