//! Invariant 10, in its simple form: one subscriber that does not read costs the others nothing.

use std::time::{Duration, Instant};

use ndxp_testkit::{Grant, RawStream, upsert};

use crate::setup::{citizen, pair};

#[tokio::test]
async fn invariant_10_slow_subscriber_does_not_stop_others() {
    let hub = pair().await;
    hub.agency("city").await;
    hub.agreement(&Grant::of("agr-2", "tax/citizens", "city", &["/id"])).await;
    hub.subscription("city", "all", "tax/citizens").await;
    let issued = hub.certificate("agency/land/system/portal");
    let channel = hub.endpoint_as(Some(&issued)).initial_stream_window_size(100).connect_lazy();
    let unread = RawStream::open(channel, "agencies/land/subscriptions/all").await.unwrap();
    unread.credit(10_000, 0).await;
    let mut read = hub.subscribe("city", "all").await.unwrap();
    let start = Instant::now();
    for batch in 0..10 {
        let ids = batch * 100..(batch + 1) * 100;
        let records = ids.map(|id| upsert(&format!("r-{id}"), citizen(id))).collect();
        hub.publish("tax", "tax/citizens", records).await.unwrap();
    }
    assert_eq!(read.records(1_000).await.unwrap().len(), 1_000);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
