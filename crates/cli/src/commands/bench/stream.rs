//! A publisher over one stream, as fast as its window allows.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use anyhow::Result;
use ndxp_client::{Batch, Client, PublishTo, Publisher, PublisherOptions};

use super::{place::DATASET, record::Maker};

/// Publishes batches for a time; returns how long each took from its sending to its answer.
pub(super) async fn publish(
    client: &Client,
    records: &Maker,
    batch: usize,
    span: Duration,
) -> Result<Vec<Duration>> {
    let mut publisher = publisher(client);
    let (begin, mut sent, mut calls) = (Instant::now(), VecDeque::new(), Vec::new());
    while begin.elapsed() < span {
        let records = records.batch(batch);
        sent.push_back(Instant::now());
        publisher.send(Batch { records, source_position: String::new() }).await?;
        take(&mut publisher, &mut sent, &mut calls);
    }
    publisher.flush().await?;
    take(&mut publisher, &mut sent, &mut calls);
    Ok(calls)
}

/// Publishes so many records in batches of 500.
pub(super) async fn publish_all(client: &Client, records: &Maker, count: usize) -> Result<()> {
    let mut publisher = publisher(client);
    let mut left = count;
    while left > 0 {
        let size = left.min(ndxp_client::MAX_BATCH_RECORDS);
        let records = records.batch(size);
        publisher.send(Batch { records, source_position: String::new() }).await?;
        publisher.take_results();
        left -= size;
    }
    Ok(publisher.flush().await?)
}

fn publisher(client: &Client) -> Publisher {
    let to = PublishTo { dataset: DATASET.to_owned(), ..PublishTo::default() };
    client.publisher(to, PublisherOptions::default())
}

fn take(publisher: &mut Publisher, sent: &mut VecDeque<Instant>, calls: &mut Vec<Duration>) {
    for _ in publisher.take_results() {
        calls.extend(sent.pop_front().map(|since| since.elapsed()));
    }
}
