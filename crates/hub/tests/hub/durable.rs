//! Invariants 1 and 2: what was acknowledged is durable; a call is taken whole or not at all, and
//! when nobody knows, the same call again settles it.

use std::sync::Arc;

use ndxp_log::memory::Fault;
use ndxp_testkit::{Engine, Frame, TestHub, upsert};
use tokio::sync::Mutex;

use crate::{
    contract,
    leaves::{self, citizens},
    setup::{citizen, on, pair, reason},
};

#[tokio::test]
async fn invariant_1_acknowledged_means_durable() {
    let hub = pair().await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let faults = hub.faults();
    let before = leaves::written(&faults).await;
    faults.hold();
    let publishing = hub.publish("tax", "tax/citizens", vec![upsert("r-2", citizen(2))]);
    let lost = {
        let mut publishing = std::pin::pin!(publishing);
        tokio::select! {
            answer = &mut publishing => panic!("answered before it was durable: {answer:?}"),
            () = faults.written(before + 1) => {}
        }
        // The call's answer, if there were one, would come before that of a later call.
        hub.client("agency/tax/system/portal").who_am_i().await.unwrap();
        tokio::select! {
            biased;
            answer = &mut publishing => panic!("answered before it was durable: {answer:?}"),
            () = std::future::ready(()) => {}
        }
        let kept = hub.faults().power_loss();
        (publishing.await.unwrap_err(), kept)
    };
    assert_eq!(reason(&lost.0), "OUTCOME_UNKNOWN");
    assert_eq!(citizens(&(Arc::new(lost.1) as Arc<dyn ndxp_log::Log>)).await.len(), 1);
}

#[tokio::test]
async fn invariant_1_acknowledged_survives_a_crash_on_disk() {
    let hub = on(TestHub::start_on(Engine::embedded()).await).await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let hub = hub.kill().await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    assert_eq!(stream.records(1).await.unwrap()[0].key, "1");
}

#[tokio::test]
async fn power_loss_under_load_keeps_every_acknowledged_record_in_order_per_key() {
    let hub = Arc::new(pair().await);
    let acknowledged = Arc::new(Mutex::new([0_u32; 4]));
    let mut publishers = tokio::task::JoinSet::new();
    for key in 0..4_u32 {
        let (hub, acknowledged) = (Arc::clone(&hub), Arc::clone(&acknowledged));
        publishers.spawn(async move {
            for version in 1.. {
                let payload = format!(r#"{{"id":"{key}","province":"01","name":"{version}"}}"#);
                let record = upsert(&format!("k{key}-{version}"), payload);
                if hub.publish("tax", "tax/citizens", vec![record]).await.is_err() {
                    return;
                }
                acknowledged.lock().await[key as usize] = version;
            }
        });
    }
    let publish = |entry: &ndxp_audit::Entry| matches!(entry, ndxp_audit::Entry::Publish(_));
    leaves::until(&hub.log(), 60, publish).await;
    // Some appends are written and not synced when the power goes.
    let faults = hub.faults();
    faults.hold();
    faults.written(leaves::written(&faults).await + 2).await;
    let kept = faults.power_loss();
    while publishers.join_next().await.is_some() {}

    let acknowledged = *acknowledged.lock().await;
    let log: Arc<dyn ndxp_log::Log> = Arc::new(kept);
    for (key, last) in acknowledged.iter().enumerate() {
        let mine = citizens(&log).await;
        let key = key.to_string();
        let mine =
            mine.iter().filter(|stored| stored.record.key.as_deref() == Some(key.as_bytes()));
        let versions: Vec<u32> = mine
            .map(|stored| {
                let text = String::from_utf8(stored.record.value.to_vec()).unwrap();
                text.split('"').nth(11).unwrap().parse().unwrap()
            })
            .collect();
        let expected: Vec<u32> = (1..=u32::try_from(versions.len()).unwrap()).collect();
        assert_eq!(versions, expected, "key {key}");
        assert!(versions.len() >= *last as usize, "key {key}: {last} were acknowledged");
    }
}

#[tokio::test]
async fn hub_serves_on_after_power_loss() {
    let hub = pair().await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let records = stream.records(1).await.unwrap();
    stream.settle(&records).await.unwrap();
    let hub = hub.power_loss().await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-2", citizen(2))]).await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    assert_eq!(stream.records(1).await.unwrap()[0].key, "2", "the cursor was durable");
}

#[tokio::test]
async fn invariant_2_publish_is_taken_whole_or_not_at_all() {
    let hub = pair().await;
    let bad = upsert("r-2", r#"{"id":"2"}"#);
    let batch = vec![upsert("r-1", citizen(1)), bad, upsert("r-3", citizen(3))];
    let refused = hub.publish("tax", "tax/citizens", batch).await.unwrap_err();
    assert_eq!(reason(&refused), "SCHEMA_VIOLATION");
    assert!(citizens(&hub.log()).await.is_empty());
    let batch = vec![upsert("r-1", citizen(1)), upsert("r-3", citizen(3))];
    let published = hub.publish("tax", "tax/citizens", batch).await.unwrap();
    assert_eq!((published.accepted, published.duplicates), (2, 0), "nothing was remembered either");
}

/// Publishes under a fault, checks the reason, sends the same again; returns new and repeated.
async fn settled(fault: Fault, expected: &str) -> (u32, u32) {
    let hub = pair().await;
    let batch = || vec![upsert("r-1", citizen(1)), upsert("r-2", citizen(2))];
    hub.faults().next_append(fault);
    let failed = hub.publish("tax", "tax/citizens", batch()).await.unwrap_err();
    contract::check(&failed);
    assert_eq!(reason(&failed), expected);
    let again = hub.publish("tax", "tax/citizens", batch()).await.unwrap();
    assert_eq!(citizens(&hub.log()).await.len(), 2, "once each");
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    stream.records(2).await.unwrap();
    assert!(matches!(stream.next().await.unwrap(), Some(Frame::Idle(_))));
    (again.accepted, again.duplicates)
}

#[tokio::test]
async fn append_that_failed_and_wrote_nothing_is_taken_at_the_second_try() {
    assert_eq!(settled(Fault::NotWritten, "LOG_UNAVAILABLE").await, (2, 0));
}

#[tokio::test]
async fn invariant_2_append_that_failed_but_was_written_is_not_written_twice() {
    assert_eq!(settled(Fault::Written, "OUTCOME_UNKNOWN").await, (0, 2));
}

#[tokio::test]
async fn invariant_2_append_whose_entry_alone_was_written_is_completed() {
    assert_eq!(settled(Fault::EntryOnly, "OUTCOME_UNKNOWN").await, (2, 0));
}

#[tokio::test]
async fn release_of_unknown_outcome_ends_the_stream_and_the_next_knows_of_it() {
    for (fault, attempt) in [(Fault::Written, 2), (Fault::EntryOnly, 1), (Fault::NotWritten, 1)] {
        let hub = pair().await;
        let mut stream = hub.subscribe("land", "all").await.unwrap();
        assert!(matches!(stream.next().await.unwrap(), Some(Frame::Idle(_))));
        let faults = hub.faults();
        faults.hold();
        let before = leaves::written(&faults).await;
        let publishing = hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]);
        let published = tokio::join!(publishing, async {
            faults.written(before + 1).await;
            faults.next_append(fault);
            faults.release();
        });
        published.0.unwrap();
        let (_, status) = stream.end().await;
        contract::check(&status.unwrap());
        let live = {
            let mut stream = hub.subscribe("land", "all").await.unwrap();
            let records = stream.records(1).await.unwrap();
            assert_eq!(records[0].attempt, attempt, "{fault:?}");
            drop(stream);
            hub.folded().await
        };
        let hub = hub.kill().await;
        assert_eq!(hub.folded().await, live, "what is live equals what a replay gives: {fault:?}");
    }
}
