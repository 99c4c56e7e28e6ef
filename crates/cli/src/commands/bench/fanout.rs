//! What delivery to many costs the hub, which runs in a process of its own.

use std::{ops::Range, time::Instant};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use ndxp_client::{Ack, Event, Subscription, proto::exchange::StartPosition};

use super::{
    cpu,
    crew::{self, Crew},
    figure::{Figure, rounded},
    place::Place,
    receive, stream,
};

/// What a load cost, for one published record, in seconds; and how large its frames were.
#[derive(Debug, Clone, Copy)]
struct Cost {
    /// Records of one frame, the mean; without a subscriber, of one published batch.
    frame: usize,
    hub: f64,
    callers: f64,
    wall: f64,
    brokers: f64,
    /// Bytes that the brokers sent to readers.
    out: Option<f64>,
}

/// Nobody and one get so many times as much: all others are compared with them, and the clock is
/// coarse.
const LONGER: usize = 4;

/// Publishes to nobody, to one, to those with equal agreements, and to those with different ones.
pub(super) async fn measure(
    place: &Place,
    crew: Crew,
    records: usize,
    mut progress: impl FnMut(&str),
) -> Result<Vec<Figure>> {
    // The log's files, the allocator and the caches are as they will be.
    load(place, 0, 0..1, records / 4).await?;
    let loads = [
        ("fanout_none", 0..0),
        ("fanout_1", 0..1),
        ("fanout_equal", crew.equal()),
        ("fanout_different", crew.different()),
    ];
    let mut figures: Vec<Figure> = Vec::new();
    let (mut none, mut one) = (0.0, f64::NAN);
    for (number, (name, consumers)) in (1..).zip(loads) {
        let count = consumers.len();
        progress(&format!("measuring {name}: {count} subscribers"));
        if count == 0 && number > 1 {
            continue; // none of these are wanted
        }
        let records = if count <= 1 { records * LONGER } else { records };
        let cost = load(place, number, consumers, records).await?;
        match count {
            0 => none = cost.hub,
            1 => one = cost.hub - none,
            _ => {}
        }
        figures.push(figure(name, count, cost, none, one));
    }
    Ok(figures)
}

fn figure(name: &str, subscribers: usize, cost: Cost, none: f64, one: f64) -> Figure {
    let micros = |seconds: f64| Some(rounded(seconds * 1e6, 10.0));
    let delivery = cost.hub - none;
    Figure {
        subscribers: Some(subscribers),
        batch: Some(cost.frame),
        hub_cpu_us: micros(cost.hub),
        delivery_cpu_us: (subscribers > 0).then(|| rounded(delivery * 1e6, 10.0)),
        client_cpu_us: micros(cost.callers),
        wall_us: micros(cost.wall),
        broker_cpu_us: cost.out.and_then(|_| micros(cost.brokers)),
        broker_bytes_out: cost.out.map(|bytes| rounded(bytes, 1.0)),
        ratio: (subscribers > 0)
            .then(|| rounded(delivery / one, 1_000.0))
            .filter(|r| r.is_finite()),
        ..Figure::named(name)
    }
}

/// Publishes to these consumers and waits until each has all of it. Each load has a number, and
/// subscriptions of its own: nothing is left of the one before.
async fn load(place: &Place, load: usize, consumers: Range<usize>, records: usize) -> Result<Cost> {
    let subscribers = consumers.len();
    let opening = consumers.map(|number| open(place, number, load));
    let streams = try_join_all(opening).await?;
    let publisher = place.client()?;
    let out = bytes_out(place).await?;
    let (since, before) = (Instant::now(), cpu::read(place)?);
    let draining: Vec<_> =
        streams.into_iter().map(|stream| tokio::spawn(drain(stream, records))).collect();
    stream::publish_all(&publisher, &place.records, records).await?;
    let mut frames = 0;
    for drained in draining {
        frames += drained.await.context("a subscriber panicked")??;
    }
    let (took, used) = (since.elapsed(), cpu::read(place)?.since(before));
    let sent = bytes_out(place).await?.zip(out).map(|(after, before)| after.saturating_sub(before));
    let count = records as f64;
    let frame = (records * subscribers).checked_div(frames);
    Ok(Cost {
        frame: frame.unwrap_or(ndxp_client::MAX_BATCH_RECORDS),
        hub: used.hub / count,
        callers: used.callers / count,
        brokers: used.brokers / count,
        wall: took.as_secs_f64() / count,
        out: sent.map(|bytes| bytes as f64 / count),
    })
}

/// Opens a stream of a new subscription of a consumer.
pub(super) async fn open(place: &Place, number: usize, stream: usize) -> Result<Subscription> {
    let (client, name) = (place.consumer(number)?, crew::subscription(number, stream));
    receive::subscribe(&client, &name, StartPosition::Latest).await?;
    Ok(client.subscribe(&name, &receive::stream_options()).await?)
}

/// Receives as cheaply as it goes: records are acknowledged, not looked into. Returns the number
/// of frames.
async fn drain(mut stream: Subscription, records: usize) -> Result<usize> {
    let (mut got, mut frames) = (0, 0);
    while got < records {
        if let Event::Deliver(delivery) = stream.next().await?.context("the stream ended")? {
            (got, frames) = (got + delivery.records.len(), frames + 1);
            let acks: Vec<_> = delivery.records.iter().map(Ack::of).collect();
            stream.ack(&acks).await?;
        }
    }
    stream.settled().await?;
    Ok(frames)
}

/// Returns the bytes that the brokers have sent to readers, if there are brokers.
#[cfg(feature = "kafka")]
async fn bytes_out(place: &Place) -> Result<Option<u64>> {
    super::brokers::bytes_out(place).await
}

#[cfg(not(feature = "kafka"))]
async fn bytes_out(_place: &Place) -> Result<Option<u64>> {
    Ok(None)
}
