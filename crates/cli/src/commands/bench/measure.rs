//! Callers that publish as fast as they are answered.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use ndxp_client::{Client, PublishTo};

use super::{
    place::{DATASET, Place},
    record::Maker,
    stream,
};

/// Who publishes how much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    /// How many callers, each with a connection of its own and one call at a time.
    pub(super) callers: usize,
    /// Records of one call.
    pub(super) batch: usize,
    pub(super) way: Way,
}

/// How a caller publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A call for each batch, one at a time.
    Calls,
    /// Batches over one stream, as many at once as the hub's window allows.
    Stream,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// How long each call took, in ascending order.
    pub(super) calls: Vec<Duration>,
    pub(super) records: usize,
    pub(super) took: Duration,
}

impl Sample {
    /// Returns records per second.
    pub(super) fn rate(&self) -> f64 {
        self.records as f64 / self.took.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Returns the time within which so many hundredths of the calls were answered.
    pub(super) fn percentile(&self, hundredths: usize) -> Duration {
        let at = self.calls.len().saturating_sub(1) * hundredths / 100;
        self.calls.get(at).copied().unwrap_or_default()
    }
}

/// Publishes for a time. The clock begins when every caller is connected.
pub(super) async fn run(place: &Place, load: Load, span: Duration) -> Result<Sample> {
    let clients = (0..load.callers).map(|_| connected(place));
    let clients = try_join_all(clients).await?;
    let records = &place.records;
    let since = Instant::now();
    let callers = clients.into_iter().map(|client| async move {
        match load.way {
            Way::Calls => call(client, records, load.batch, span).await,
            Way::Stream => stream::publish(&client, records, load.batch, span).await,
        }
    });
    let all = try_join_all(callers).await.context("the load test was refused")?;
    let took = since.elapsed();
    let mut calls: Vec<Duration> = all.into_iter().flatten().collect();
    calls.sort_unstable();
    Ok(Sample { records: calls.len() * load.batch, calls, took })
}

async fn connected(place: &Place) -> Result<Arc<Client>> {
    let client = place.client()?;
    client.who_am_i().await?;
    Ok(Arc::new(client))
}

async fn call(
    client: Arc<Client>,
    records: &Maker,
    batch: usize,
    span: Duration,
) -> Result<Vec<Duration>> {
    let to = PublishTo { dataset: DATASET.to_owned(), ..PublishTo::default() };
    let (begin, mut calls) = (Instant::now(), Vec::new());
    while begin.elapsed() < span {
        let records = records.batch(batch);
        let since = Instant::now();
        client.publish_batch(&to, records).await?;
        calls.push(since.elapsed());
    }
    Ok(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_calls() {
        let calls = (1..=101).map(Duration::from_millis).collect();
        let sample = Sample { calls, records: 202, took: Duration::from_secs(2) };
        assert_eq!(sample.percentile(50), Duration::from_millis(51));
        assert_eq!(sample.percentile(99), Duration::from_millis(100));
        assert!((sample.rate() - 101.0).abs() < 1e-9);
        assert_eq!(Sample::default().percentile(99), Duration::ZERO);
    }
}
