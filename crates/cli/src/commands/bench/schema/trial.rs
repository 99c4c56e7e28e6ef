//! Measuring both sides in turns, so that what else the machine does meets both.

use std::{
    fs,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::corpus::Corpus;
use crate::commands::schema::measured;

/// How long one measurement of decisions takes, about.
const SPAN: Duration = Duration::from_millis(60);

/// Records a second.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pair {
    pub(super) ours: f64,
    pub(super) bare: f64,
}

/// Decides on parsed records.
pub(super) fn decide(corpus: &Corpus, rounds: u32, _: usize) -> Result<Pair> {
    let mut best = Pair::default();
    for _ in 0..rounds {
        let ours = rate(corpus, |value| corpus.validator.decide(value));
        let bare = rate(corpus, |value| corpus.bare.is_valid(value));
        best = Pair { ours: best.ours.max(ours), bare: best.bare.max(bare) };
    }
    Ok(best)
}

fn rate(corpus: &Corpus, decide: impl Fn(&Value) -> bool) -> f64 {
    let begin = Instant::now();
    let mut decided = 0_usize;
    while begin.elapsed() < SPAN {
        for value in &corpus.values {
            black_box(decide(black_box(value)));
        }
        decided += corpus.values.len();
    }
    decided as f64 / begin.elapsed().as_secs_f64()
}

/// Validates a file of lines from opening to the last verdict, with one job.
pub(super) fn file(corpus: &Corpus, rounds: u32, megabytes: usize) -> Result<Pair> {
    let path = std::env::temp_dir().join(format!("ndxp-bench-{}.ndjson", std::process::id()));
    let result = write(corpus, &path, megabytes << 20)
        .and_then(|records| both(corpus, &path, records, rounds));
    fs::remove_file(&path).with_context(|| path.display().to_string())?;
    result
}

/// Returns how many records were written.
fn write(corpus: &Corpus, path: &Path, bytes: usize) -> Result<usize> {
    let mut text = Vec::with_capacity(bytes + 4_096);
    let mut records = 0;
    for line in corpus.lines.iter().cycle() {
        if text.len() >= bytes {
            break;
        }
        text.extend_from_slice(line);
        text.push(b'\n');
        records += 1;
    }
    fs::write(path, text).with_context(|| path.display().to_string())?;
    Ok(records)
}

fn both(corpus: &Corpus, path: &Path, records: usize, rounds: u32) -> Result<Pair> {
    let mut best = Pair::default();
    for _ in 0..rounds {
        let begin = Instant::now();
        let valid = measured(&corpus.schema, &corpus.validator, path)?;
        let ours = records as f64 / begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let bare_valid = bare(corpus, path)?;
        let bare = records as f64 / begin.elapsed().as_secs_f64();
        ensure!((valid, bare_valid) == (records, records), "the two sides differ");
        best = Pair { ours: best.ours.max(ours), bare: best.bare.max(bare) };
    }
    Ok(best)
}

/// What a program of ten lines would do: read, cut, parse, decide.
fn bare(corpus: &Corpus, path: &Path) -> Result<usize> {
    let file = fs::read(path)?;
    let mut valid = 0;
    for line in file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let value: Value = serde_json::from_slice(line)?;
        valid += usize::from(corpus.bare.is_valid(&value));
    }
    Ok(valid)
}
