//! What a stream costs that has nothing to say: memory of a hub in a process of its own.

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use ndxp_client::{Client, Event, Subscription, proto::exchange::StartPosition};

use super::{
    crew::{self, Crew},
    figure::{Figure, rounded},
    place::Place,
    receive,
};

/// Streams that one system may have.
const PER_SYSTEM: usize = 64;

/// Returns the consumers that so many streams need.
pub(super) fn crew(streams: usize) -> Crew {
    Crew { equal: streams.div_ceil(PER_SYSTEM), different: 0 }
}

/// Opens so many streams, waits until each is idle, and weighs the hub.
pub(super) async fn measure(place: &Place, streams: usize) -> Result<Figure> {
    let consumers = 0..crew(streams).equal;
    let clients = consumers.clone().map(|number| place.consumer(number));
    let clients: Vec<Client> = clients.collect::<Result<_>>()?;
    let part = |number: usize| streams.saturating_sub(number * PER_SYSTEM).min(PER_SYSTEM);
    // What belongs to connections and subscriptions is there before.
    try_join_all(consumers.map(|number| create(&clients, number, part(number)))).await?;
    let hub = place.host.process()?;
    let before = hub.resident()?;
    let opening = (0..clients.len()).map(|number| open(&clients, number, part(number)));
    let open: Vec<Subscription> = try_join_all(opening).await?.into_iter().flatten().collect();
    let grown = hub.resident()?.saturating_sub(before);
    Ok(Figure {
        subscribers: Some(open.len()),
        stream_kib: Some(rounded(grown as f64 / 1_024.0 / open.len().max(1) as f64, 10.0)),
        ..Figure::named("idle_streams")
    })
}

async fn create(clients: &[Client], number: usize, count: usize) -> Result<()> {
    let client = clients.get(number).context("a client")?;
    for stream in 0..count {
        let name = crew::subscription(number, stream);
        receive::subscribe(client, &name, StartPosition::Latest).await?;
    }
    Ok(())
}

async fn open(clients: &[Client], number: usize, count: usize) -> Result<Vec<Subscription>> {
    let client = clients.get(number).context("a client")?;
    let mut open = Vec::new();
    for stream in 0..count {
        let name = crew::subscription(number, stream);
        let mut stream = client.subscribe(&name, &receive::stream_options()).await?;
        while !is_idle(&stream.next().await?.context("the stream ended")?) {}
        open.push(stream);
    }
    Ok(open)
}

fn is_idle(event: &Event) -> bool {
    matches!(event, Event::Idle { .. })
}
