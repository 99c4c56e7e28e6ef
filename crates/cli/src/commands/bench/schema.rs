//! `ndxp bench schema`: the verdict and the tool beside the engine alone, on the same schemas and records, in one run.

mod corpus;
mod trial;

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::Serialize;

use super::machine;
use crate::{
    exit::ExitStatus,
    printer::{Format, Printer},
};
use corpus::Corpus;
use trial::Pair;

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Options {
    /// The nation whose schemas and records are used
    #[arg(long, value_name = "DIR", default_value = "seeds/nation")]
    seeds: PathBuf,
    /// How often each side is measured; the best counts
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Size of each file of records
    #[arg(long, value_name = "MB", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    megabytes: u32,
}

/// A figure, as `docs/bench.schema.json` describes it.
#[derive(Debug, Clone, Serialize)]
struct Figure {
    name: &'static str,
    /// Which schema and records; absent: the geometric mean over all.
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_rate: Option<f64>,
    ratio: f64,
    payload_bytes: usize,
    cores: usize,
    engine: &'static str,
}

pub(super) fn run(options: &Options, printer: &mut Printer) -> Result<ExitStatus> {
    let corpora = corpus::read(&options.seeds)?;
    if corpora.is_empty() {
        bail!("no schema with records below {}", options.seeds.display());
    }
    let mut figures = Vec::new();
    for (name, measure) in
        [("schema_decide", trial::decide as Measure), ("schema_file", trial::file)]
    {
        let mut found = Vec::new();
        for corpus in &corpora {
            printer.progress(&format!("measuring {name}: {}", corpus.name));
            let pair = measure(corpus, options.rounds, options.megabytes as usize)?;
            found.push(of(name, corpus, pair));
        }
        let mean = mean(name, &found);
        figures.extend(found);
        figures.push(mean);
    }
    match printer.format() {
        Format::Json => printer.json(&figures)?,
        Format::Human => printer.line(text(&figures))?,
    }
    Ok(ExitStatus::Done)
}

type Measure = fn(&Corpus, u32, usize) -> Result<Pair>;

fn of(name: &'static str, corpus: &Corpus, pair: Pair) -> Figure {
    Figure {
        name,
        dataset: Some(corpus.name.clone()),
        rate: Some(pair.ours.round()),
        baseline_rate: Some(pair.bare.round()),
        ratio: rounded(pair.ours / pair.bare),
        payload_bytes: corpus.mean_bytes(),
        cores: machine::cores(),
        engine: "jsonschema",
    }
}

/// The geometric mean: no schema counts for more because its records are small.
fn mean(name: &'static str, figures: &[Figure]) -> Figure {
    let logs: f64 = figures.iter().map(|figure| figure.ratio.ln()).sum();
    let bytes: usize = figures.iter().map(|figure| figure.payload_bytes).sum();
    Figure {
        name,
        dataset: None,
        rate: None,
        baseline_rate: None,
        ratio: rounded((logs / figures.len() as f64).exp()),
        payload_bytes: bytes / figures.len().max(1),
        cores: machine::cores(),
        engine: "jsonschema",
    }
}

fn rounded(ratio: f64) -> f64 {
    (ratio * 1_000.0).round() / 1_000.0
}

fn text(figures: &[Figure]) -> String {
    let number = |rate: Option<f64>| rate.map_or_else(String::new, |rate| format!("{rate:.0}"));
    let lines = figures.iter().map(|figure| {
        let dataset = figure.dataset.as_deref().unwrap_or("geometric mean");
        let (ours, bare) = (number(figure.rate), number(figure.baseline_rate));
        format!("{:<14} {dataset:<26} {ours:>12} {bare:>12} {:>7.3}", figure.name, figure.ratio)
    });
    let head = format!("{:<41} {:>12} {:>12} {:>7}", "records/s", "ndxp", "bare engine", "ratio");
    let table: Vec<String> = std::iter::once(head).chain(lines).collect();
    format!("{}\n\n{}", machine::describe(), table.join("\n"))
}
