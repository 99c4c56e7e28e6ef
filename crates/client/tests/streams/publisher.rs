use std::time::Duration;

use ndxp_client::{
    Batch, BatchResult, PublishTo, Publisher, PublisherOptions, Stopped,
    mock::MockHub,
    proto::{
        error::Reason,
        exchange::{Record, ResultMode},
    },
};

const DATASET: &str = "agencies/tax/datasets/returns";

fn to() -> PublishTo {
    PublishTo { dataset: DATASET.to_owned(), ..PublishTo::default() }
}

fn publisher(hub: &MockHub) -> Publisher {
    hub.client().publisher(to(), PublisherOptions::default())
}

/// Batch `number` of ten records, `r-<number>-0` to `r-<number>-9`.
fn batch(number: usize) -> Batch {
    let record = |index: usize| Record {
        record_id: format!("r-{number}-{index}"),
        payload: format!("{{\"n\":{index}}}").into(),
        ..Record::default()
    };
    Batch { records: (0..10).map(record).collect(), source_position: format!("batch {number}") }
}

async fn send(publisher: &mut Publisher, numbers: std::ops::Range<usize>) -> Result<(), Stopped> {
    for number in numbers {
        publisher.send(batch(number)).await?;
    }
    publisher.flush().await
}

fn ids<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<&'a str> {
    records.into_iter().map(|record| record.record_id.as_str()).collect()
}

/// Asserts that the first `count` batches are there, in order and each once.
fn assert_published(hub: &MockHub, count: usize) {
    let sent: Vec<_> = (0..count).flat_map(|number| batch(number).records).collect();
    assert_eq!(ids(&hub.published(DATASET)), ids(&sent));
}

#[tokio::test]
async fn answers_come_in_order_and_each_batch_has_one() {
    let hub = MockHub::start().await.unwrap();
    let mut publisher = publisher(&hub);
    send(&mut publisher, 0..20).await.unwrap();
    let results = publisher.take_results();
    assert_eq!(
        results.iter().map(|result| result.index).collect::<Vec<_>>(),
        Vec::from_iter(0..20)
    );
    assert!(results.iter().all(|result| (result.accepted, result.duplicates) == (10, 0)));
    assert_published(&hub, 20);
    assert_eq!(hub.arrived(), 200, "nothing is sent twice without need");
}

#[tokio::test]
async fn batch_whose_answer_was_lost_is_sent_again_with_the_same_ids() {
    let hub = MockHub::start().await.unwrap();
    let mut publisher = publisher(&hub);
    send(&mut publisher, 0..2).await.unwrap();
    hub.lose_next_answer();
    send(&mut publisher, 2..12).await.unwrap();
    assert_published(&hub, 12);
    let results = publisher.take_results();
    assert_eq!(results.len(), 12);
    assert_eq!(results[2].duplicates, 10, "it was there already");
    assert_eq!(results.iter().map(|result| result.accepted).sum::<u32>(), 110);
}

#[tokio::test]
async fn lost_connection_between_batches_is_not_noticed() {
    let hub = MockHub::start().await.unwrap();
    let mut publisher = publisher(&hub);
    for round in 0..5 {
        send(&mut publisher, round..round + 1).await.unwrap();
        hub.lose_connections();
    }
    assert_published(&hub, 5);
}

#[tokio::test]
async fn refused_batch_comes_back_with_all_that_is_behind_it() {
    let hub = MockHub::start().await.unwrap();
    hub.refuse_record("r-3-7", Reason::SchemaViolation);
    let mut publisher = publisher(&hub);
    let mut sent = 0;
    let stopped = loop {
        if let Err(stopped) = publisher.send(batch(sent)).await {
            break stopped;
        }
        sent += 1;
    };
    assert_eq!(stopped.index, 3);
    assert_eq!(stopped.failure.reason.as_deref(), Some("SCHEMA_VIOLATION"));
    assert_eq!(stopped.failure.violations[0].0, "records[7]");
    let back: Vec<_> = (3..=sent).map(batch).collect();
    assert_eq!(stopped.batches, back, "the batch, what was behind it, and the one just given");
    assert_eq!(publisher.pending(), 0);
    assert_published(&hub, 3);

    let mut mended = stopped.batches.into_iter().skip(1);
    publisher.send(mended.next().unwrap()).await.unwrap();
    publisher.flush().await.unwrap();
    let last: Vec<BatchResult> = publisher.take_results();
    assert_eq!(last.last().map(|result| result.index), Some(3 + sent as u64 - 3 + 1));
    assert_eq!(hub.published(DATASET).len(), 40);
}

#[tokio::test]
async fn batch_of_unknown_outcome_is_sent_again() {
    let hub = MockHub::start().await.unwrap();
    let mut publisher = publisher(&hub);
    send(&mut publisher, 0..1).await.unwrap();
    hub.refuse_next(Reason::OutcomeUnknown);
    hub.refuse_next(Reason::LogUnavailable);
    send(&mut publisher, 1..4).await.unwrap();
    assert_published(&hub, 4);
}

#[tokio::test]
async fn refusal_without_retry_info_is_not_repeated() {
    let hub = MockHub::start().await.unwrap();
    hub.refuse_next(Reason::AgreementSuspended);
    let mut publisher = publisher(&hub);
    let stopped = send(&mut publisher, 0..1).await.unwrap_err();
    assert_eq!(stopped.failure.reason.as_deref(), Some("AGREEMENT_SUSPENDED"));
    assert_eq!((stopped.index, stopped.batches), (0, vec![batch(0)]));
    assert_eq!(hub.arrived(), 0);
}

#[tokio::test]
async fn publisher_without_state_goes_on_where_it_was() {
    let hub = MockHub::start().await.unwrap();
    let client = hub.client();
    assert_eq!(client.resume_from(DATASET).await.unwrap(), None);
    send(&mut publisher(&hub), 0..3).await.unwrap();
    assert_eq!(client.resume_from(DATASET).await.unwrap().as_deref(), Some("batch 2"));
}

#[tokio::test]
async fn each_record_has_its_result_where_that_is_asked_for() {
    let hub = MockHub::start().await.unwrap();
    hub.refuse_record("r-0-4", Reason::SchemaViolation);
    let options =
        PublisherOptions { result_mode: ResultMode::PerRecord, ..PublisherOptions::default() };
    let mut publisher = hub.client().publisher(to(), options);
    send(&mut publisher, 0..2).await.unwrap();
    let results = publisher.take_results();
    assert_eq!((results[0].accepted, results[1].accepted), (9, 10));
    let refused: Vec<_> = results[0].refused().collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].0, 4);
    assert_eq!(refused[0].1.problem.as_ref().unwrap().reason, "SCHEMA_VIOLATION");
    assert_eq!(results[1].refused().count(), 0);
}

#[tokio::test]
async fn hub_that_was_never_there_is_not_waited_for() {
    let hub = MockHub::start().await.unwrap();
    let client = hub.client();
    drop(hub);
    let mut publisher = client.publisher(to(), PublisherOptions::default());
    let stopped = publisher.send(batch(0)).await.unwrap_err();
    assert_eq!(stopped.failure.reason, None);
}

#[tokio::test]
async fn streams_are_spread_over_connections() {
    let hub = MockHub::start().await.unwrap();
    let client = hub.client().with_connections(3);
    let mut publishers: Vec<_> =
        (0..6).map(|_| client.publisher(to(), PublisherOptions::default())).collect();
    for (number, publisher) in publishers.iter_mut().enumerate() {
        send(publisher, number..number + 1).await.unwrap();
    }
    assert_eq!(hub.connections(), 3);
    assert_published(&hub, 6);
}

#[tokio::test]
async fn patience_ends_and_everything_comes_back() {
    let hub = MockHub::start().await.unwrap();
    let options = PublisherOptions { patience: Duration::ZERO, ..PublisherOptions::default() };
    let mut publisher = hub.client().publisher(to(), options);
    send(&mut publisher, 0..1).await.unwrap();
    drop(hub);
    let stopped = send(&mut publisher, 1..3).await.unwrap_err();
    assert_eq!((stopped.index, &stopped.batches[0]), (1, &batch(1)));
    assert_eq!(stopped.failure.reason, None, "nobody refused: {}", stopped.failure);
    assert_eq!(publisher.pending(), 0);
}
