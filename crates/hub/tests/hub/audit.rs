//! Invariant 3: no record without its entry, no release without its entry, and the entry first.

use ndxp_audit::Entry;
use ndxp_log::{ENTRY_HEADER, POSITION_HEADER, Record};
use ndxp_testkit::{Grant, TestHub, upsert};

use crate::{
    leaves::{self, citizens, entries},
    setup::{citizen, pair, reason},
};

fn header(record: &Record, name: &str) -> String {
    String::from_utf8(record.header(name).unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn invariant_3_every_record_names_an_entry_that_covers_it() {
    let hub = pair().await;
    for batch in 0..3_u32 {
        let ids = batch * 10..batch * 10 + 5;
        let records = ids.map(|id| upsert(&format!("r-{id}"), citizen(id))).collect();
        hub.publish("tax", "tax/citizens", records).await.unwrap();
    }
    let entries = entries(&hub.log()).await;
    let mut places = std::collections::BTreeSet::new();
    for stored in citizens(&hub.log()).await {
        let index: usize =
            header(&stored.record, ENTRY_HEADER).strip_prefix("main:").unwrap().parse().unwrap();
        let position: u64 = header(&stored.record, POSITION_HEADER).parse().unwrap();
        match &entries[index] {
            Entry::Publish(publish) => assert!(position < publish.n, "{position} of {publish:?}"),
            other => panic!("entry {index} covers a record: {other:?}"),
        }
        assert!(places.insert((index, position)), "two records at one place");
    }
    assert_eq!(places.len(), 15);
}

#[tokio::test]
async fn invariant_3_every_frame_names_a_release_that_stands_before_it() {
    let hub = pair().await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let mut left = 12;
    let records = (0..left).map(|id| upsert(&format!("r-{id}"), citizen(id))).collect();
    hub.publish("tax", "tax/citizens", records).await.unwrap();
    let mut seen = std::collections::BTreeSet::new();
    while left > 0 {
        let frame = stream.deliver().await.unwrap();
        let index = frame.receipt.unwrap().index;
        assert!(seen.insert(index), "one entry a frame");
        match &entries(&hub.log()).await[usize::try_from(index).unwrap()] {
            Entry::Release(release) => {
                assert_eq!(release.n as usize, frame.records.len());
                assert_eq!(release.sub.to_string(), "land/all");
                assert_eq!(release.by.to_string(), "agency/land/system/portal");
            }
            other => panic!("not a release: {other:?}"),
        }
        left -= u32::try_from(frame.records.len()).unwrap();
    }
}

#[tokio::test]
async fn invariant_3_nothing_is_delivered_before_its_release_is_durable() {
    let hub = pair().await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let channel = hub.channel("agency/land/system/portal");
    let name = "agencies/land/subscriptions/all";
    let mut stream = ndxp_testkit::RawStream::open(channel.clone(), name).await.unwrap();
    let faults = hub.faults();
    let before = leaves::written(&faults).await;
    faults.hold();
    stream.credit(10, 0).await;
    faults.written(before + 1).await;
    // Whatever the stream had sent would arrive before the answer to a later call.
    let mut who =
        ndxp_client::proto::registry::agency_service_client::AgencyServiceClient::new(channel);
    who.who_am_i(ndxp_client::proto::registry::WhoAmIRequest {}).await.unwrap();
    tokio::select! {
        biased;
        frame = stream.next() => panic!("left before its entry was durable: {frame:?}"),
        () = std::future::ready(()) => {}
    }
    assert!(!entries(&hub.log()).await.iter().any(leaves::is_release));
    faults.release();
    stream.records(1).await.unwrap();
    assert!(entries(&hub.log()).await.iter().any(leaves::is_release));
}

/// The denials that stand in the log, with their number.
async fn denials(hub: &TestHub, why: &str) -> u64 {
    let entries = entries(&hub.log()).await;
    let counts = entries.iter().filter_map(|entry| match entry {
        Entry::Deny(deny) if deny.why.as_str() == why => Some(deny.n.get()),
        _ => None,
    });
    counts.sum()
}

#[tokio::test]
async fn invariant_3_refusal_is_audited_before_the_caller_learns_of_it() {
    let hub = pair().await;
    hub.agency("health").await;
    let denied = hub.publish("land", "tax/citizens", vec![upsert("r-1", citizen(1))]).await;
    assert_eq!(reason(&denied.unwrap_err()), "OPERATION_NOT_GRANTED");
    assert_eq!(denials(&hub, "OPERATION_NOT_GRANTED").await, 1);
    let denied = hub.publish("health", "tax/citizens", vec![upsert("r-1", citizen(1))]).await;
    assert_eq!(reason(&denied.unwrap_err()), "AGREEMENT_MISSING");
    assert_eq!(denials(&hub, "AGREEMENT_MISSING").await, 1);
}

#[tokio::test]
async fn equal_refusals_are_counted_and_the_count_survives_a_shutdown() {
    let hub = pair().await;
    for _ in 0..5 {
        let denied = hub.publish("land", "tax/citizens", vec![upsert("r-1", citizen(1))]).await;
        assert_eq!(reason(&denied.unwrap_err()), "OPERATION_NOT_GRANTED");
    }
    let hub = hub.restart().await;
    assert_eq!(denials(&hub, "OPERATION_NOT_GRANTED").await, 5);
}

#[tokio::test]
async fn release_under_a_row_filter_does_not_tell_offsets() {
    let hub = pair().await;
    hub.agency("city").await;
    let grant = Grant::of("agr-9", "tax/citizens", "city", &["/id"]).only("/province", "01");
    hub.agreement(&grant).await;
    hub.subscription("city", "mine", "tax/citizens").await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    hub.subscribe("city", "mine").await.unwrap().records(1).await.unwrap();
    let entries = entries(&hub.log()).await;
    let ranges = entries.iter().filter_map(|entry| match entry {
        Entry::Release(release) => Some(release.rng.is_some()),
        _ => None,
    });
    assert_eq!(ranges.collect::<Vec<_>>(), [false]);
}
