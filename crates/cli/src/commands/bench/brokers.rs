//! librdkafka's bare producer and consumer on the brokers of a load test: what they would allow.
//! The topics are alike: same partitions, same records.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use ndxp_log::kafka::Baseline;

use super::{
    measure::{self, Load, Sample, Way},
    place::{PARTITIONS, Place},
    record::Maker,
};

/// The dataset's topic.
const TOPIC: &str = "ndxp.data.benchmark.case-files";
/// Where the bare producer writes: a topic beside it, of as many partitions.
const BARE: &str = "ndxp.data.benchmark.bare-files";
/// Records on their way, where the hub has a stream's window of them.
const OUTSTANDING: usize = 4_000;

/// Writes bare and through the hub for a while, uncounted: brokers compile what they do often, and are
/// slow until then.
pub(super) async fn warm_up(place: &Place, span: Duration) -> Result<()> {
    for (callers, batch, way) in [(1, 500, Way::Stream), (8, 1, Way::Calls)] {
        let load = Load { callers, batch, way };
        write(place, load, span / 2).await?;
        measure::run(place, load, span).await?;
    }
    Ok(())
}

/// Writes for a time as a load does; a stream keeps as much on its way as a stream's window holds.
pub(super) async fn write(place: &Place, load: Load, span: Duration) -> Result<Sample> {
    let mut bare = bare(place, BARE).await?;
    let outstanding = if load.way == Way::Stream { OUTSTANDING } else { 0 };
    tokio::task::spawn_blocking(move || {
        let maker = Maker::default();
        written(&mut bare, &maker, load, outstanding, span / 5)?;
        written(&mut bare, &maker, load, outstanding, span)
    })
    .await
    .context("the bare producer panicked")?
}

fn written(
    bare: &mut Baseline,
    maker: &Maker,
    load: Load,
    outstanding: usize,
    span: Duration,
) -> Result<Sample> {
    let (begin, mut calls) = (Instant::now(), Vec::new());
    while begin.elapsed() < span {
        let batch = maker.batch(load.callers * load.batch);
        let payloads: Vec<Bytes> = batch.into_iter().map(|record| record.payload).collect();
        let since = Instant::now();
        bare.append(&payloads, outstanding)?;
        calls.push(since.elapsed());
    }
    bare.append(&[], 0)?;
    let took = begin.elapsed(); // with the making of the records, as the hub's callers
    let records = calls.len() * load.callers * load.batch;
    calls.sort_unstable();
    Ok(Sample { calls, records, took })
}

/// Writes single records and waits until a consumer has each.
pub(super) async fn round_trips(place: &Place, span: Duration) -> Result<Sample> {
    let mut bare = bare(place, BARE).await?;
    let value = Maker::default().batch(1).pop().context("a record")?.payload;
    let trips = tokio::task::spawn_blocking(move || bare.round_trips(&value, span));
    let mut calls = trips.await.context("the bare consumer panicked")??;
    calls.sort_unstable();
    Ok(Sample { records: calls.len(), took: calls.iter().sum(), calls })
}

/// Reads the dataset from its beginning with one consumer; returns records a second.
pub(super) async fn read(place: &Place, records: usize) -> Result<f64> {
    let bare = bare(place, TOPIC).await?;
    let reading = tokio::task::spawn_blocking(move || bare.read(TOPIC, records));
    Ok(reading.await.context("the bare consumer panicked")??)
}

/// Returns the bytes of the dataset that the brokers have sent to readers.
pub(super) async fn bytes_out(place: &Place) -> Result<Option<u64>> {
    match place.backing.brokers() {
        Some(brokers) => Ok(Some(brokers.bytes_out(TOPIC).await?)),
        None => Ok(None),
    }
}

async fn bare(place: &Place, topic: &str) -> Result<Baseline> {
    place.backing.brokers().context("there are no brokers")?.bare(topic, PARTITIONS).await
}
