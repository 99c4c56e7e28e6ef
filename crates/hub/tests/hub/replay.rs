//! Invariant 9: replaying the log gives the same state, byte for byte.

use ndxp_testkit::{Grant, upsert};

use crate::setup::{citizen, pair};

#[tokio::test]
async fn invariant_9_registry_and_delivery_state_replay_to_the_same_bytes() {
    let hub = pair().await;
    hub.agreement(&Grant::of("agr-1", "tax/citizens", "land", &["/id"])).await;
    let steward = hub.client("agency/land/officer/steward-1");
    steward.suspend_agreement("agreements/agr-1").await.unwrap();
    steward.resume_agreement("agreements/agr-1").await.unwrap();
    let records = (0..50).map(|id| upsert(&format!("r-{id}"), citizen(id))).collect();
    hub.publish("tax", "tax/citizens", records).await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let records = stream.records(50).await.unwrap();
    let some: Vec<_> = records.into_iter().step_by(2).collect();
    stream.settle(&some).await.unwrap();
    // A stream that is fenced, and one that goes away with records in hand.
    let mut newer = hub.subscribe("land", "all").await.unwrap();
    newer.records(1).await.unwrap();
    stream.end().await;
    drop((stream, newer));

    let live = hub.folded().await;
    assert!(live.len() > 1_000, "there is something to compare");
    let hub = hub.kill().await;
    assert_eq!(hub.folded().await, live);
    let hub = hub.restart().await;
    assert_eq!(hub.folded().await, live);
}
