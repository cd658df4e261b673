//! The decision matrix beside a loop over Cedar's authorizer, which judges a sample in the same run.

use crate::figures::Figure;
use crate::workload::{Random, entities, policies, policy_text, request};
use cedar_policy::{Entities, Policy, PolicyId, PolicySet, Request};
use remit_replay::matrix::{Decisions, Matrix};
use remit_replay::reference::judge;
use remit_replay::table::{Table, TableBuilder};
use roaring::RoaringBitmap;
use std::time::{Duration, Instant};

const SEED: u64 = 2026;
/// The loop judges so many actions, or as many as fit its time.
const SAMPLE: usize = 2_000;
const LOOP_TIME: Duration = Duration::from_secs(10);
const EDITS: usize = 300;

/// The figures for `rows` actions and each number of policies.
pub(crate) fn measure(rows: usize, counts: &[usize]) -> Result<Vec<Figure>, String> {
    let corpus = Corpus::new(rows)?;
    let mut figures = vec![
        Figure::alone(format!("table of {rows} actions, built"), corpus.built_ms, "ms"),
        Figure::alone("table, resident", corpus.bytes_a_row, "bytes a row"),
    ];
    for &count in counts {
        figures.extend(corpus.judged(count)?);
    }
    figures.push(Figure::alone("peak memory", status("VmHWM:") / 1024.0, "MiB"));
    Ok(figures)
}

struct Corpus {
    entities: Entities,
    table: Table,
    /// Every so many-th request, with its row.
    sample: Vec<(usize, Request)>,
    built_ms: f64,
    bytes_a_row: f64,
}

impl Corpus {
    fn new(rows: usize) -> Result<Self, String> {
        let (entities, mut random) = (entities()?, Random::new(SEED));
        let mut table = TableBuilder::new(entities.clone());
        let store = table.add_store(entities.clone());
        let (step, before) = (rows.div_ceil(SAMPLE).max(1), status("VmRSS:"));
        let (mut sample, mut building) = (Vec::new(), Duration::ZERO);
        for row in 0..rows {
            let request = request(&mut random)?;
            let start = Instant::now();
            table.push(&request, store).ok_or("a request is incomplete")?;
            building += start.elapsed();
            if row % step == 0 {
                sample.push((row, request));
            }
        }
        let start = Instant::now();
        let table = table.finish();
        building += start.elapsed();
        let bytes_a_row = (status("VmRSS:") - before) * 1024.0 / rows.max(1) as f64;
        Ok(Corpus { entities, table, sample, built_ms: ms(building), bytes_a_row })
    }

    fn judged(&self, count: usize) -> Result<Vec<Figure>, String> {
        let policies = policies(&mut Random::new(SEED + count as u64), count)?;
        let rows: RoaringBitmap = (0..self.table.len() as u32).collect();
        let mut matrix = Matrix::new(&self.table);
        let (cold, decisions) = timed(|| matrix.judge(&policies, &rows));
        let decisions = decisions.map_err(|e| e.to_string())?;
        let (warm, again) = timed(|| matrix.judge(&policies, &rows));
        again.map_err(|e| e.to_string())?;
        let looped = self.looped(&policies, &decisions)?;
        let name = |what: &str| format!("{count} policies: {what}");
        let mut figures = vec![
            Figure::against(name("all actions, cold"), cold, "ms", looped),
            Figure::against(name("all actions, atoms known"), warm, "ms", looped),
        ];
        let edits = edits(&mut matrix, &rows, count)?;
        for (what, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
            let at = ((edits.len() as f64 * share) as usize).min(edits.len().saturating_sub(1));
            let value = edits.get(at).copied().unwrap_or_default();
            figures.push(Figure::alone(
                name(&format!("one policy, from text to its rows, {what}")),
                value,
                "ms",
            ));
        }
        Ok(figures)
    }

    /// How long the loop takes for all actions, scaled up from the sample; and whether both agree.
    fn looped(&self, policies: &PolicySet, decisions: &Decisions) -> Result<f64, String> {
        let (mut spent, mut judged) = (Duration::ZERO, 0_usize);
        for (row, request) in &self.sample {
            let start = Instant::now();
            let wanted = judge(request, policies, &self.entities);
            spent += start.elapsed();
            judged += 1;
            let failed: Vec<&str> = wanted.errors.iter().map(|e| e.policy.as_str()).collect();
            let same = decisions.allows(*row) == wanted.allow
                && decisions.reasons(*row) == wanted.reasons
                && decisions.failing(*row) == failed;
            if !same {
                return Err(format!("row {row} is decided otherwise: {request} {wanted:?}"));
            }
            if spent > LOOP_TIME {
                break;
            }
        }
        Ok(ms(spent) / judged.max(1) as f64 * self.table.len() as f64)
    }
}

/// Sorted times, in ms, of parsing, compiling and judging one new policy on all rows.
fn edits(matrix: &mut Matrix<'_>, rows: &RoaringBitmap, seed: usize) -> Result<Vec<f64>, String> {
    let mut random = Random::new(SEED ^ seed as u64);
    let mut times = Vec::with_capacity(EDITS);
    for _ in 0..EDITS {
        let text = policy_text(&mut random);
        let (time, judged) = timed(|| {
            let policy = Policy::parse(Some(PolicyId::new("edited")), &text).ok()?;
            matrix.policy(&policy, rows).ok()
        });
        judged.ok_or_else(|| format!("cannot be judged: {text}"))?;
        times.push(time);
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
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
