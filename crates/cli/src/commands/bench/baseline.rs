//! The bare engine with the same payloads and the same durability: what the disk would allow.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use ndxp_log::embedded::Baseline;

use super::{measure::Load, record::Maker};

/// Appends one batch after the other for a time; returns records per second. Callers at the same
/// time become one batch with one sync: no log could do better by them.
pub(super) async fn measure(dir: PathBuf, load: Load, span: Duration) -> Result<f64> {
    let measured = tokio::task::spawn_blocking(move || {
        let mut store = Baseline::create(&dir)?;
        let maker = Maker::default();
        append(&mut store, &maker, load, span / 5)?;
        append(&mut store, &maker, load, span)
    });
    measured.await.context("the bare engine panicked")?
}

fn append(store: &mut Baseline, maker: &Maker, load: Load, span: Duration) -> Result<f64> {
    let (begin, mut records, mut took) = (Instant::now(), 0, Duration::ZERO);
    while begin.elapsed() < span {
        let batch = maker.batch(load.callers * load.batch);
        let payloads: Vec<_> = batch.into_iter().map(|record| record.payload).collect();
        let since = Instant::now();
        store.append(&payloads)?;
        took += since.elapsed();
        records += payloads.len();
    }
    Ok(records as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE))
}
