//! Each importer on the samples of its format, beside `serde_json` passing over the same bytes.

use crate::figures::Figure;
use camino::Utf8Path;
use remit_session::{Limits, import};
use rustix::time::{ClockId, clock_gettime};
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::time::Duration;

/// So long each side reads.
const EACH: Duration = Duration::from_millis(250);
const MEGABYTE: f64 = 1e6;

/// What is read: each sample's name and text, by the name of its format.
type Samples = BTreeMap<&'static str, Vec<(String, String)>>;

/// Milliseconds for each megabyte, by format.
pub(crate) fn measure(repository: &Utf8Path) -> Result<Vec<Figure>, String> {
    let samples = samples(repository)?;
    let mut figures = Vec::new();
    for (format, files) in &samples {
        let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
        let name = format!("{format} ({} samples, {} kB)", files.len(), bytes / 1000);
        let limits = Limits::default();
        let ours = per_megabyte(bytes, || {
            files.iter().for_each(|(name, text)| {
                drop(black_box(import(name, text.as_bytes(), None, &limits)));
            });
        });
        let is_json = files.iter().all(|(_, text)| values(text) > 0);
        figures.push(if is_json {
            let serde = per_megabyte(bytes, || {
                black_box(files.iter().map(|(_, text)| values(text)).sum::<usize>());
            });
            Figure::against(name, ours, "ms/MB", serde)
        } else {
            Figure::alone(name, ours, "ms/MB")
        });
    }
    Ok(figures)
}

/// In time of the processor: what else runs on the machine does not count.
fn per_megabyte(bytes: usize, mut read: impl FnMut()) -> f64 {
    read();
    let (start, mut times) = (busy(), 0_u32);
    while busy() - start < EACH {
        read();
        times += 1;
    }
    (busy() - start).as_secs_f64() * 1e3 / (bytes as f64 * f64::from(times) / MEGABYTE)
}

/// How long this thread was busy so far.
fn busy() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// How many values a text holds, one after the other; none if it is no JSON.
fn values(text: &str) -> usize {
    serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>().map_while(Result::ok).count()
}

/// The recordings of the corpus, and for formats that it lacks those of the import tests' pages.
fn samples(repository: &Utf8Path) -> Result<Samples, String> {
    let mut found = Samples::new();
    let mut files = Vec::new();
    collect(&repository.join("tests/corpus"), &mut files)?;
    files.sort();
    let limits = Limits::default();
    for (name, text) in files {
        if let Ok((format, read)) = import(&name, text.as_bytes(), None, &limits)
            && !read.sessions.is_empty()
        {
            found.entry(format.id()).or_default().push((name, text));
        }
    }
    let pages = repository.join("crates/remit-session/tests/import");
    let mut more = Samples::new();
    for entry in pages.read_dir_utf8().map_err(|e| format!("{pages}: {e}"))? {
        let path = entry.map_err(|e| e.to_string())?.into_path();
        let page = fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
        let input = page.split("=== reads as").next().unwrap_or_default();
        for file in input.split("=== file ").skip(1) {
            let Some((name, text)) = file.split_once('\n') else { continue };
            if let Ok((format, _)) = import(name, text.as_bytes(), None, &limits) {
                more.entry(format.id()).or_default().push((name.to_owned(), text.to_owned()));
            }
        }
    }
    for (format, files) in more {
        found.entry(format).or_insert(files);
    }
    Ok(found)
}

fn collect(folder: &Utf8Path, files: &mut Vec<(String, String)>) -> Result<(), String> {
    for entry in folder.read_dir_utf8().map_err(|e| format!("{folder}: {e}"))? {
        let entry = entry.map_err(|e| e.to_string())?;
        let is_text = ["json", "jsonl", "traj"].contains(&entry.path().extension().unwrap_or(""));
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(entry.path(), files)?;
        } else if is_text {
            let text =
                fs::read_to_string(entry.path()).map_err(|e| format!("{}: {e}", entry.path()))?;
            files.push((entry.file_name().to_owned(), text));
        }
    }
    Ok(())
}
