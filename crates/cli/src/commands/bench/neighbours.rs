//! What subscribers in trouble cost their neighbours: one that reads nothing, one that is slow, one
//! that never acknowledges, beside those that are well.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use ndxp_client::{Ack, Event, PublishTo, Subscription};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{
    crew::Crew,
    fanout,
    figure::{Figure, rounded},
    measure::Sample,
    place::{DATASET, Place},
};

/// Those who are well.
const HEALTHY: usize = 40;
/// Rounds alone and rounds beside the others, in turn: what the machine does meanwhile meets both.
const ROUNDS: usize = 6;
/// Records of a call, and the time between calls: far below what the hub can do, so that times are
/// not those of a queue.
const BATCH: usize = 10;
const PACE: Duration = Duration::from_millis(150);
/// How long the slow one takes for a frame.
const SLOW: Duration = Duration::from_millis(500);

/// When each record was given to the hub, by its code.
type Sent = Arc<Mutex<HashMap<String, Instant>>>;

/// Returns the consumers that it takes.
pub(super) fn crew() -> Crew {
    Crew { equal: HEALTHY + 3, different: 0 }
}

/// Measures both in turn; each half takes `span`.
pub(super) async fn measure(
    place: &Place,
    span: Duration,
    mut progress: impl FnMut(&str),
) -> Result<Vec<Figure>> {
    let calls = (span.as_millis() / PACE.as_millis()) as usize * 2 / ROUNDS;
    round(place, 0, false, calls.div_ceil(2)).await?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for number in 1..=ROUNDS {
        let troubled = number % 2 == 0;
        progress(&format!("measuring neighbours: round {number} of {ROUNDS}"));
        let times = round(place, number, troubled, calls).await?;
        if troubled { beside.extend(times) } else { alone.extend(times) }
    }
    let (alone, beside) = (sample(alone), sample(beside));
    let ratio = beside.percentile(99).as_secs_f64() / alone.percentile(99).as_secs_f64();
    let figure = |name, sample: &Sample, subscribers| Figure {
        batch: Some(BATCH),
        subscribers: Some(subscribers),
        ..Figure::named(name).with_times(sample)
    };
    Ok(vec![
        figure("neighbours_alone", &alone, HEALTHY),
        Figure {
            ratio: Some(rounded(ratio, 1_000.0)),
            ..figure("neighbours_beside", &beside, HEALTHY + 3)
        },
    ])
}

fn sample(mut calls: Vec<Duration>) -> Sample {
    calls.sort_unstable();
    Sample { records: calls.len(), calls, ..Sample::default() }
}

/// Publishes at its pace; returns how long each record took to each of those who are well, from the
/// call that published it. Each round has subscriptions of its own.
async fn round(
    place: &Place,
    number: usize,
    troubled: bool,
    calls: usize,
) -> Result<Vec<Duration>> {
    let streams = (0..HEALTHY).map(|consumer| fanout::open(place, consumer, number));
    let streams = try_join_all(streams).await?;
    let _others = if troubled { Some(others(place, number).await?) } else { None };
    let sent = Sent::default();
    let mut waiting = JoinSet::new();
    for stream in streams {
        waiting.spawn(receive(stream, Arc::clone(&sent), calls * BATCH));
    }
    publish(place, &sent, calls).await?;
    let mut times = Vec::new();
    while let Some(received) = waiting.join_next().await {
        times.extend(received.context("a subscriber panicked")??);
    }
    Ok(times)
}

async fn publish(place: &Place, sent: &Sent, calls: usize) -> Result<()> {
    let client = place.client()?;
    let to = PublishTo { dataset: DATASET.to_owned(), ..PublishTo::default() };
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..calls {
        ticks.tick().await;
        let records = place.records.batch(BATCH);
        let codes = records.iter().map(|record| (code(&record.payload), Instant::now()));
        sent.lock().unwrap_or_else(PoisonError::into_inner).extend(codes);
        client.publish_batch(&to, records).await?;
    }
    Ok(())
}

async fn receive(mut stream: Subscription, sent: Sent, records: usize) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(records);
    while times.len() < records {
        let Event::Deliver(delivery) = stream.next().await?.context("the stream ended")? else {
            continue;
        };
        let acks: Vec<_> = delivery.records.iter().map(Ack::of).collect();
        times.extend(ages(&sent, delivery.records.iter().map(|record| code(&record.payload))));
        stream.ack(&acks).await?;
    }
    Ok(times)
}

/// How long ago these records were given to the hub.
fn ages(sent: &Sent, codes: impl Iterator<Item = String>) -> Vec<Duration> {
    let sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
    codes.filter_map(|code| sent.get(&code).map(Instant::elapsed)).collect()
}

/// Those in trouble. Dropping it ends them.
struct Others {
    /// Open, with much credit, and never read.
    _dead: Subscription,
    _tasks: JoinSet<()>,
}

async fn others(place: &Place, number: usize) -> Result<Others> {
    let _dead = fanout::open(place, HEALTHY, number).await?;
    let mut slow = fanout::open(place, HEALTHY + 1, number).await?;
    let mut never = fanout::open(place, HEALTHY + 2, number).await?;
    let mut _tasks = JoinSet::new();
    _tasks.spawn(async move {
        while let Ok(Some(event)) = slow.next().await {
            if let Event::Deliver(delivery) = event {
                sleep(SLOW).await;
                let acks: Vec<_> = delivery.records.iter().map(Ack::of).collect();
                let _ = slow.ack(&acks).await;
            }
        }
    });
    _tasks.spawn(async move { while let Ok(Some(_)) = never.next().await {} });
    Ok(Others { _dead, _tasks })
}

/// The code stands first in a payload, as the publisher writes it.
fn code(payload: &[u8]) -> String {
    let text = std::str::from_utf8(payload).unwrap_or_default();
    text.split('"').nth(3).unwrap_or_default().to_owned()
}
