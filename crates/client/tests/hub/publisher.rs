use std::collections::BTreeMap;

use ndxp_client::{Batch, Client, Event, News, PublishTo, PublisherOptions, Stopped};
use tokio::sync::mpsc;

use super::{Again, DATASET, TAX, pair, record, road::Road, subscriber};

const BATCH: usize = 7;

fn to() -> PublishTo {
    PublishTo { dataset: DATASET.to_owned(), ..PublishTo::default() }
}

fn batch(number: usize) -> Batch {
    let records = (0..BATCH).map(|index| record(number * BATCH + index)).collect();
    Batch { records, source_position: format!("batch {number}") }
}

/// Publishes batches in this range over one publisher and says each that is durable; returns how
/// many records counted as new.
async fn publish(
    client: Client,
    numbers: std::ops::Range<usize>,
    durable: mpsc::UnboundedSender<u64>,
) -> Result<u32, Stopped> {
    let mut publisher = client.publisher(to(), PublisherOptions::default());
    let mut accepted = 0;
    for number in numbers {
        publisher.send(batch(number)).await?;
        for result in publisher.take_results() {
            accepted += result.accepted;
            durable.send(result.index).unwrap_or_default();
        }
    }
    publisher.flush().await?;
    accepted += publisher.take_results().iter().map(|result| result.accepted).sum::<u32>();
    Ok(accepted)
}

#[tokio::test]
async fn publisher_outlives_hubs_that_restart_and_are_killed() {
    const BATCHES: usize = 120;
    let mut hub = pair().await;
    let road = Road::to(&hub).await;
    let (said, mut durable) = mpsc::unbounded_channel();
    let publishing = tokio::spawn(publish(road.client(&hub, TAX), 0..BATCHES, said));
    for (after, again) in [(20, Again::Kill), (50, Again::Restart), (80, Again::Kill)] {
        while durable.recv().await.expect("publishing goes on") < after {}
        hub = again.start(hub, &road).await;
    }
    publishing.await.unwrap().unwrap();
    let client = road.client(&hub, TAX);
    let position = client.resume_from(DATASET).await.unwrap();
    assert_eq!(position.as_deref(), Some("batch 119"));

    // Each state once, and in order: ten citizens take turns.
    let mut subscriber = subscriber(&hub, &road);
    let mut states: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut count = 0;
    while count < BATCHES * BATCH {
        let Some(News::Event(Event::Deliver(delivery))) = subscriber.news().await.unwrap() else {
            continue;
        };
        for record in &delivery.records {
            let text = std::str::from_utf8(&record.payload).unwrap();
            let (_, rest) = text.split_once("\"state ").unwrap();
            let number = rest.split('"').next().unwrap().parse().unwrap();
            states.entry(record.key.clone()).or_default().push(number);
            count += 1;
        }
        subscriber.ack_all(&delivery).await;
    }
    for (key, numbers) in states {
        let first = numbers[0];
        let expected: Vec<_> = (first..BATCHES * BATCH).step_by(10).collect();
        assert_eq!(numbers, expected, "{key}");
    }
}

#[tokio::test]
async fn refused_batch_comes_back_with_its_places_and_what_was_behind_it() {
    let hub = pair().await;
    let road = Road::to(&hub).await;
    let mut publisher = road.client(&hub, TAX).publisher(to(), PublisherOptions::default());
    publisher.send(batch(0)).await.unwrap();
    let mut bad = batch(1);
    bad.records[3].payload = r#"{"id":"3"}"#.into();
    let behind = batch(2);
    let mut outcome = publisher.send(bad.clone()).await;
    if outcome.is_ok() {
        outcome = publisher.send(behind.clone()).await;
    }
    if outcome.is_ok() {
        outcome = publisher.flush().await;
    }
    let stopped = outcome.unwrap_err();
    assert_eq!(stopped.failure.reason.as_deref(), Some("SCHEMA_VIOLATION"));
    assert!(stopped.failure.violations[0].0.starts_with("records[3]"), "{stopped:?}");
    assert_eq!((stopped.index, &stopped.batches[0]), (1, &bad));
    assert!(stopped.batches[1..].iter().all(|batch| *batch == behind));
    let done: Vec<_> = publisher.take_results().iter().map(|result| result.accepted).collect();
    assert_eq!(done, [7]);
}

#[tokio::test]
async fn each_system_goes_on_where_it_was() {
    let hub = pair().await;
    hub.system("tax", "books").await;
    let road = Road::to(&hub).await;
    let (portal, books) = (road.client(&hub, TAX), road.client(&hub, "agency/tax/system/books"));
    assert_eq!(portal.resume_from(DATASET).await.unwrap(), None);
    let (said, _durable) = mpsc::unbounded_channel();
    publish(portal.clone(), 0..3, said.clone()).await.unwrap();
    publish(books.clone(), 3..4, said).await.unwrap();
    assert_eq!(portal.resume_from(DATASET).await.unwrap().as_deref(), Some("batch 2"));
    assert_eq!(books.resume_from(DATASET).await.unwrap().as_deref(), Some("batch 3"));
}
