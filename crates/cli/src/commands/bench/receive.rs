//! What receiving costs: one subscriber drains a dataset, and waits for single records.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use ndxp_client::{
    Client, PublishTo, SubscribeOptions, Subscriber, SubscriberOptions,
    proto::{
        convert,
        exchange::{DeliveryOptions, DeliveryOrder, StartPosition, Subscription},
    },
};
use ndxp_log::{Partition, ReadLimits};
use ndxp_model::Topic;

use super::{
    crew,
    figure::Figure,
    host::Host,
    measure::Sample,
    place::{DATASET, PARTITIONS, Place},
    stream,
};

/// Records and bytes outstanding at most: enough that the drain does not wait for settlements.
const OUTSTANDING: (u32, u64) = (10_000, 64 << 20);
/// Between single records.
const PACE: Duration = Duration::from_millis(10);

/// Publishes `records`, has one subscriber drain them, and then waits for single ones.
pub(super) async fn measure(place: &Place, records: usize, span: Duration) -> Result<Vec<Figure>> {
    let publisher = place.client()?;
    let name = crew::subscription(0, 0);
    let client = place.consumer(0)?;
    subscribe(&client, &name, StartPosition::Earliest).await?;
    stream::publish_all(&publisher, &place.records, records).await?;
    let bare = bare_read(place, records).await?;
    let mut subscriber = client.subscriber(&name, options());
    let (since, mut frames, mut got) = (Instant::now(), 0, 0);
    while got < records {
        let delivery = subscriber.next().await?.context("the stream ended")?;
        frames += 1;
        got += delivery.records.len();
        subscriber.ack_all(&delivery).await;
    }
    let rate = got as f64 / since.elapsed().as_secs_f64();
    let drained = Figure {
        batch: Some(got / usize::max(frames, 1)),
        subscribers: Some(1),
        ..Figure::named("subscribe_drain").with_rate(rate, bare)
    };
    let waited = wait(place, &publisher, &mut subscriber, span).await?;
    let calls = waited.calls.len() as f64 / waited.took.as_secs_f64();
    let bare = bare_trips(place, span).await?;
    let paced = Figure {
        rate: Some(super::figure::rounded(calls, 10.0)),
        batch: Some(1),
        subscribers: Some(1),
        ..Figure::named("subscribe_latency").with_times(&waited).beside(&bare)
    };
    subscriber.close().await?;
    Ok(vec![drained, paced])
}

/// Creates a subscription on the fast path: the records are events.
pub(super) async fn subscribe(client: &Client, name: &str, start: StartPosition) -> Result<()> {
    let options = DeliveryOptions {
        order: DeliveryOrder::None.into(),
        max_outstanding_records: OUTSTANDING.0,
        max_outstanding_bytes: OUTSTANDING.1,
        ..DeliveryOptions::default()
    };
    let message = Subscription {
        name: name.to_owned(),
        dataset: DATASET.to_owned(),
        access: Some(convert::access_message(&"reference-data".parse()?, None)),
        start: start.into(),
        options: Some(options),
        ..Subscription::default()
    };
    client.create_subscription(message).await?;
    Ok(())
}

pub(super) fn stream_options() -> SubscribeOptions {
    let (records, bytes) = OUTSTANDING;
    SubscribeOptions { records, bytes, ..SubscribeOptions::default() }
}

fn options() -> SubscriberOptions {
    SubscriberOptions {
        stream: stream_options(),
        settle_records: 1,
        ..SubscriberOptions::default()
    }
}

/// Reads the dataset out of the log, without anything around it; returns records per second.
async fn bare_read(place: &Place, records: usize) -> Result<f64> {
    #[cfg(feature = "kafka")]
    if place.backing.brokers().is_some() {
        return super::brokers::read(place, records).await;
    }
    let _ = records;
    let Host::Here(running) = &place.host else { bail!("the log is in another process") };
    let log = running.log();
    let limits = ReadLimits { records: 500, bytes: 3 << 20 };
    let topic = Topic::Data("benchmark/case-files".parse()?);
    let (since, mut count) = (Instant::now(), 0);
    for number in 0..PARTITIONS {
        let at = Partition { topic: topic.clone(), number };
        let mut from = 0;
        loop {
            let page = log.read(&at, from, limits).await?;
            let Some(last) = page.last() else { break };
            from = last.offset + 1;
            count += page.len();
        }
    }
    Ok(count as f64 / since.elapsed().as_secs_f64())
}

/// Times single records through the brokers alone, from the bare producer to the bare consumer.
async fn bare_trips(place: &Place, span: Duration) -> Result<Sample> {
    #[cfg(feature = "kafka")]
    if place.backing.brokers().is_some() {
        return super::brokers::round_trips(place, span / 2).await;
    }
    let _ = (place, span);
    Ok(Sample::default())
}

/// Publishes single records at a modest rate; returns how long each took from the call that
/// publishes it to its arrival.
async fn wait(
    place: &Place,
    publisher: &Client,
    subscriber: &mut Subscriber,
    span: Duration,
) -> Result<Sample> {
    let to = PublishTo { dataset: DATASET.to_owned(), ..PublishTo::default() };
    let mut ticks = tokio::time::interval(PACE);
    let (since, mut calls) = (Instant::now(), Vec::new());
    while since.elapsed() < span {
        ticks.tick().await;
        let record = place.records.batch(1);
        let mut sent = HashMap::new();
        sent.insert(code(&record.first().context("a record")?.payload), Instant::now());
        let publish = publisher.publish_batch(&to, record);
        let arrive = async {
            while !sent.is_empty() {
                let delivery = subscriber.next().await?.context("the stream ended")?;
                for record in &delivery.records {
                    calls.extend(sent.remove(&code(&record.payload)).map(|at| at.elapsed()));
                }
                subscriber.ack_all(&delivery).await;
            }
            anyhow::Ok(())
        };
        let (published, arrived) = tokio::join!(publish, arrive);
        published?;
        arrived?;
    }
    let took = since.elapsed();
    calls.sort_unstable();
    Ok(Sample { records: calls.len(), calls, took })
}

/// Returns the record's code; granted in every agreement of the load test.
fn code(payload: &[u8]) -> String {
    let record: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
    record["code"].as_str().unwrap_or_default().to_owned()
}
