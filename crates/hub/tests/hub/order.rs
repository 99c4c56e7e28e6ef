//! Invariants 6 and 7: a retried publish is seen once, and per key order is kept.

use std::{sync::Arc, time::Duration};

use ndxp_client::{
    PublishTo,
    proto::{common::Receipt, exchange::DeliveredRecord},
};
use ndxp_testkit::{Frame, RawStream, upsert};

use crate::{
    leaves::citizens,
    setup::{citizen, pair, reason},
};

#[tokio::test]
async fn invariant_6_retried_publish_is_seen_once() {
    let hub = pair().await;
    let batch = || (0..5).map(|id| upsert(&format!("r-{id}"), citizen(id))).collect();
    let first = hub.publish("tax", "tax/citizens", batch()).await.unwrap();
    let again = hub.publish("tax", "tax/citizens", batch()).await.unwrap();
    assert_eq!((again.accepted, again.duplicates), (0, 5));
    let index = |receipt: Option<Receipt>| receipt.unwrap().index;
    assert_eq!(index(again.receipt), index(first.receipt), "the first time's receipt");
    let hub = hub.kill().await;
    let again = hub.publish("tax", "tax/citizens", batch()).await.unwrap();
    assert_eq!((again.accepted, again.duplicates), (0, 5), "a crash forgets nothing");
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    stream.records(5).await.unwrap();
    assert_eq!(stream.next().await.unwrap(), Some(Frame::Idle(Default::default())));
}

#[tokio::test]
async fn invariant_6_same_record_from_many_calls_at_once_is_seen_once() {
    let hub = Arc::new(pair().await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = hub.client("agency/tax/system/portal");
        calls.spawn(async move {
            let dataset = "agencies/tax/datasets/citizens".to_owned();
            let to = PublishTo { dataset, ..PublishTo::default() };
            client.publish_batch(&to, vec![upsert("r-1", citizen(1))]).await.unwrap().accepted
        });
    }
    let mut accepted = 0;
    while let Some(call) = calls.join_next().await {
        accepted += call.unwrap();
    }
    assert_eq!((accepted, citizens(&hub.log()).await.len()), (1, 1));
}

#[tokio::test]
async fn invariant_6_record_id_with_other_content_is_refused_by_its_place() {
    let hub = pair().await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let batch = vec![upsert("r-0", citizen(0)), upsert("r-1", citizen(2))];
    let refused = hub.publish("tax", "tax/citizens", batch).await.unwrap_err();
    assert_eq!(reason(&refused), "RECORD_ID_REUSED");
    assert!(refused.message().contains("records[1].record_id"), "{refused:?}");
    let batch = vec![upsert("r-5", citizen(5)), upsert("r-5", citizen(6))];
    let refused = hub.publish("tax", "tax/citizens", batch).await.unwrap_err();
    assert_eq!(reason(&refused), "RECORD_ID_REUSED", "within one call too");
    let again = hub.publish("tax", "tax/citizens", vec![upsert("r-0", citizen(0))]).await.unwrap();
    assert_eq!(again.accepted, 1, "nothing of the refused call was kept");
}

#[tokio::test]
async fn record_id_is_forgotten_after_its_window() {
    let hub = pair().await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    hub.clock.advance(Duration::from_secs(86_400 + 1));
    let again = hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(2))]).await.unwrap();
    assert_eq!(again.accepted, 1);
}

#[tokio::test]
async fn two_systems_may_use_the_same_record_id() {
    let hub = pair().await;
    hub.system("tax", "batch").await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let batch = hub.client("agency/tax/system/batch");
    let to =
        PublishTo { dataset: "agencies/tax/datasets/citizens".to_owned(), ..PublishTo::default() };
    let other = batch.publish_batch(&to, vec![upsert("r-1", citizen(2))]).await.unwrap();
    assert_eq!(other.accepted, 1);
}

/// Key and version of each record, in the order in which they came.
fn versions(records: &[DeliveredRecord]) -> Vec<(String, u32)> {
    let version = |payload: &[u8]| {
        String::from_utf8_lossy(payload).split('"').nth(7).unwrap().parse().unwrap()
    };
    records.iter().map(|record| (record.key.clone(), version(&record.payload))).collect()
}

fn in_order(mut seen: Vec<(String, u32)>) {
    // Stable: within a key the order of arrival stays.
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    for pair in seen.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[0].1 < pair[1].1, "{pair:?}");
    }
}

#[tokio::test]
async fn invariant_7_order_of_a_key_is_kept_through_redelivery_and_restart() {
    let hub = pair().await;
    for version in 0..10 {
        let record = |key: u32| {
            let payload = format!(r#"{{"id":"{key}","name":"{version}","province":"01"}}"#);
            upsert(&format!("r-{key}-{version}"), payload)
        };
        hub.publish("tax", "tax/citizens", (0..6).map(record).collect()).await.unwrap();
    }
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let first = stream.records(60).await.unwrap();
    in_order(versions(&first));
    // Every third is acknowledged: the rest comes again, in order.
    let some: Vec<_> = first.iter().step_by(3).cloned().collect();
    stream.settle(&some).await.unwrap();
    drop(stream);
    let hub = hub.kill().await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let again = until_idle(&mut stream).await;
    assert!((40..60).contains(&again.len()), "{} came again", again.len());
    in_order(versions(&again));
    stream.settle(&again).await.unwrap();
    drop(stream);
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    assert!(until_idle(&mut stream).await.is_empty());
}

async fn until_idle(stream: &mut RawStream) -> Vec<DeliveredRecord> {
    let mut records = Vec::new();
    loop {
        match stream.next().await.unwrap() {
            Some(Frame::Deliver(deliver)) => records.extend(deliver.records),
            Some(Frame::Idle(_)) => return records,
            other => panic!("neither records nor idle: {other:?}"),
        }
    }
}
