//! A figure, as `docs/bench.schema.json` describes it.

use serde::Serialize;

use super::{
    machine,
    measure::{Load, Sample},
    record,
};
use crate::view;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Figure {
    name: &'static str,
    /// Records a second.
    rate: f64,
    /// Records a second of the bare engine, in the same run.
    baseline_rate: f64,
    ratio: f64,
    /// Of calls.
    p50_ms: f64,
    p99_ms: f64,
    /// Records of one call.
    batch: usize,
    payload_bytes: usize,
    cores: usize,
    engine: &'static str,
}

impl Figure {
    pub(super) fn of(name: &'static str, load: Load, sample: &Sample, baseline: f64) -> Self {
        let millis = |hundredths| sample.percentile(hundredths).as_secs_f64() * 1_000.0;
        Self {
            name,
            rate: rounded(sample.rate(), 10.0),
            baseline_rate: rounded(baseline, 10.0),
            ratio: rounded(sample.rate() / baseline.max(f64::MIN_POSITIVE), 1_000.0),
            p50_ms: rounded(millis(50), 1_000.0),
            p99_ms: rounded(millis(99), 1_000.0),
            batch: load.batch,
            payload_bytes: record::BYTES,
            cores: machine::cores(),
            engine: "embedded",
        }
    }
}

/// Leaves as many digits as the clock is good for.
fn rounded(value: f64, factor: f64) -> f64 {
    (value * factor).round() / factor
}

pub(super) fn table(figures: &[Figure]) -> String {
    let head = ["", "records/s", "bare engine", "ratio", "p50 ms", "p99 ms", "batch", "bytes"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(figures.iter().map(|figure| {
        vec![
            figure.name.to_owned(),
            format!("{:>9.0}", figure.rate),
            format!("{:>11.0}", figure.baseline_rate),
            format!("{:>5.2}", figure.ratio),
            format!("{:>6.2}", figure.p50_ms),
            format!("{:>6.2}", figure.p99_ms),
            format!("{:>5}", figure.batch),
            format!("{:>5}", figure.payload_bytes),
        ]
    }));
    view::table(&rows)
}
