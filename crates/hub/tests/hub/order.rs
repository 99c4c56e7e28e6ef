//! Invariants 6 and 7: a retried publish is seen once, and per key order is kept.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ndxp_client::{
    PublishTo,
    proto::{common::Receipt, exchange::DeliveredRecord},
};
use ndxp_testkit::{Frame, RawStream, TestHub, upsert};

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
    assert!(matches!(stream.next().await.unwrap(), Some(Frame::Idle(_))));
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
    let mut stream = one_at_a_time(&hub).await;
    let mut seen = Vec::new();
    let mut settled = BTreeSet::new();
    // Every third is acknowledged, so that its key goes on; the others wait, and nothing of their
    // keys comes before them.
    for n in 0..8 {
        let record = next_record(&mut stream).await.expect("no key is through");
        if n % 3 == 0 {
            stream.ack([&record]).await;
            settled.extend(versions(std::slice::from_ref(&record)));
        }
        // What was acknowledged is durable before anything else comes.
        stream.credit(1, 0).await;
        seen.push(record);
    }
    in_order(versions(&seen));
    drop(stream);
    let hub = hub.kill().await;
    let mut stream = one_at_a_time(&hub).await;
    let mut again = Vec::new();
    while let Some(record) = next_record(&mut stream).await {
        stream.ack([&record]).await;
        stream.credit(1, 0).await;
        again.push(record);
    }
    stream.close();
    stream.end().await;
    let known =
        |record: &DeliveredRecord| settled.contains(&versions(std::slice::from_ref(record))[0]);
    let twice: Vec<_> = again.iter().filter(|record| known(record)).collect();
    assert!(
        twice.iter().all(|record| record.attempt > 1),
        "a crash may bring back what was settled"
    );
    assert_eq!(again.len() + settled.len() - twice.len(), 60, "and nothing is missing");
    in_order(versions(&again));
    assert!(next_record(&mut one_at_a_time(&hub).await).await.is_none());
}

#[tokio::test]
async fn invariant_7_one_record_of_a_key_is_outstanding_at_a_time() {
    let hub = pair().await;
    for version in 0..3 {
        let payload = format!(r#"{{"id":"1","name":"{version}","province":"01"}}"#);
        let record = upsert(&format!("r-{version}"), payload);
        hub.publish("tax", "tax/citizens", vec![record]).await.unwrap();
    }
    hub.publish("tax", "tax/citizens", vec![upsert("r-x", citizen(2))]).await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let both = stream.records(2).await.unwrap();
    let keys: BTreeSet<_> = both.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, BTreeSet::from(["1", "2"]), "the other key goes on");
    // What the hub hands out next, it would have handed out before it answers this.
    assert_eq!(stream.settle(&[]).await.unwrap(), 0);
    let first = both.into_iter().find(|record| record.key == "1").unwrap();
    stream.ack([&first]).await;
    let second = stream.records(1).await.unwrap();
    assert_eq!(&second[0].payload[..], br#"{"id":"1","name":"1"}"#);
}

async fn one_at_a_time(hub: &TestHub) -> RawStream {
    let portal = hub.channel("agency/land/system/portal");
    let stream = RawStream::open(portal, "agencies/land/subscriptions/all").await.unwrap();
    stream.credit(1, 0).await;
    stream
}

/// The next record of a stream with credit for one; nothing if the hub has none.
async fn next_record(stream: &mut RawStream) -> Option<DeliveredRecord> {
    loop {
        match stream.next().await.unwrap() {
            Some(Frame::Deliver(mut deliver)) => return deliver.records.pop(),
            Some(Frame::Idle(_)) => return None,
            Some(Frame::SettleResult(_)) => {}
            other => panic!("neither records nor idle: {other:?}"),
        }
    }
}
