//! Cursors: where they lead, for whom, and what a move of one leaves behind.

use std::time::Duration;

use ndxp_audit::Entry;
use ndxp_client::proto::{
    exchange::{
        SeekSubscriptionRequest, SeekSubscriptionResponse, StartPosition,
        seek_subscription_request::To, subscribe_service_client::SubscribeServiceClient,
    },
    timestamp,
};
use ndxp_testkit::{Frame, TestHub};
use tonic::Status;

use crate::{
    contract::check,
    leaves::entries,
    settle::publish,
    setup::{pair, status},
};

const PORTAL: &str = "agency/land/system/portal";

async fn seek(
    hub: &TestHub,
    by: &str,
    to: To,
    dry_run: bool,
) -> Result<SeekSubscriptionResponse, Status> {
    let mut service = SubscribeServiceClient::new(hub.channel(by));
    let request = SeekSubscriptionRequest {
        request_id: "00000000-0000-7000-8000-000000000001".to_owned(),
        name: "agencies/land/subscriptions/all".to_owned(),
        to: Some(to),
        dry_run,
    };
    service.seek_subscription(request).await.map(tonic::Response::into_inner)
}

fn position(position: StartPosition) -> To {
    To::Position(position.into())
}

/// Receives and acknowledges all there is; returns the keys, in order, and the last cursor.
async fn receive(hub: &TestHub) -> (Vec<String>, bytes::Bytes) {
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let mut keys = Vec::new();
    let cursor = loop {
        match stream.next().await.unwrap().unwrap() {
            Frame::Deliver(deliver) => {
                stream.ack(&deliver.records).await;
                keys.extend(deliver.records.into_iter().map(|record| record.key));
            }
            Frame::Idle(idle) => break idle.cursor,
            _ => {}
        }
    };
    stream.close();
    stream.end().await;
    keys.sort();
    (keys, cursor)
}

#[tokio::test]
async fn cursor_of_a_frame_leads_back_to_it() {
    let hub = pair().await;
    publish(&hub, 0..3).await;
    let (first, cursor) = receive(&hub).await;
    assert_eq!(first, ["0", "1", "2"]);
    publish(&hub, 3..5).await;
    let (second, _) = receive(&hub).await;
    assert_eq!(second, ["3", "4"]);
    let moved = seek(&hub, PORTAL, To::Cursor(cursor), false).await.unwrap();
    assert_eq!((moved.back, moved.forward), (Some(2), Some(0)));
    let index = usize::try_from(moved.receipt.unwrap().index).unwrap();
    match &entries(&hub.log()).await[index] {
        Entry::Delivery(entry) => {
            assert_eq!(entry.op.as_str(), "SeekSubscription");
            assert_eq!(
                (entry.sub.to_string(), entry.by.to_string()),
                ("land/all".into(), PORTAL.into())
            );
        }
        other => panic!("not the seek's entry: {other:?}"),
    }
    let hub = hub.kill().await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let again = stream.records(2).await.unwrap();
    assert!(again.iter().all(|record| record.replayed && (record.key == "3" || record.key == "4")));
    stream.settle(&again).await.unwrap();
    assert_eq!(seek(&hub, PORTAL, To::Cursor(moved.to), true).await.unwrap().back, Some(2));
}

#[tokio::test]
async fn dry_run_moves_nothing_and_ends_no_stream() {
    let hub = pair().await;
    publish(&hub, 0..3).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let records = stream.records(3).await.unwrap();
    stream.settle(&records).await.unwrap();
    let before = entries(&hub.log()).await.len();
    let told = seek(&hub, PORTAL, position(StartPosition::Earliest), true).await.unwrap();
    assert_eq!((told.back, told.forward, told.receipt.is_some()), (Some(3), Some(0), false));
    assert_eq!(entries(&hub.log()).await.len(), before);
    assert_eq!(stream.settle(&[]).await.unwrap(), 0, "the stream goes on");
    assert_eq!(status(&hub, "all").await.lag, Some(0));
}

#[tokio::test]
async fn seek_ends_the_open_stream_which_may_come_again_at_once() {
    let hub = pair().await;
    publish(&hub, 0..3).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let records = stream.records(3).await.unwrap();
    stream.settle(&records).await.unwrap();
    seek(&hub, PORTAL, position(StartPosition::Earliest), false).await.unwrap();
    let (_, ended) = stream.end().await;
    assert_eq!(check(&ended.unwrap()), "SUBSCRIPTION_CHANGED");
    assert_eq!(receive(&hub).await.0, ["0", "1", "2"]);
}

#[tokio::test]
async fn seek_to_a_time_and_to_the_latest() {
    let hub = pair().await;
    publish(&hub, 0..2).await;
    hub.clock.advance(Duration::from_secs(3_600));
    let between = timestamp(hub.clock.now());
    publish(&hub, 2..4).await;
    seek(&hub, PORTAL, position(StartPosition::Latest), false).await.unwrap();
    assert!(receive(&hub).await.0.is_empty(), "all of it was left out");
    let moved = seek(&hub, PORTAL, To::Time(between.unwrap()), false).await.unwrap();
    assert_eq!(moved.back, Some(2));
    assert_eq!(receive(&hub).await.0, ["2", "3"]);
}

#[tokio::test]
async fn cursor_of_another_subscription_or_none_at_all_is_invalid() {
    let hub = pair().await;
    hub.subscription("land", "other", "tax/citizens").await;
    publish(&hub, [1]).await;
    let theirs = hub.subscribe("land", "other").await.unwrap().deliver().await.unwrap().cursor;
    for cursor in [theirs, bytes::Bytes::new(), bytes::Bytes::from_static(&[1; 600])] {
        let refused = seek(&hub, PORTAL, To::Cursor(cursor), false).await.unwrap_err();
        assert_eq!(check(&refused), "CURSOR_INVALID");
    }
    let unspecified = seek(&hub, PORTAL, position(StartPosition::Time), false).await.unwrap_err();
    assert_eq!(check(&unspecified), "INVALID_FIELD");
}

#[tokio::test]
async fn who_may_not_steer_moves_nothing() {
    let hub = pair().await;
    publish(&hub, [1]).await;
    let latest = || position(StartPosition::Latest);
    let approver = seek(&hub, "agency/land/officer/approver-1", latest(), false).await;
    assert_eq!(check(&approver.unwrap_err()), "ROLE_REQUIRED");
    let stranger = seek(&hub, "agency/tax/system/portal", latest(), false).await;
    assert_eq!(check(&stranger.unwrap_err()), "RESOURCE_NOT_FOUND");
    assert_eq!(status(&hub, "all").await.lag, Some(1));
    seek(&hub, "agency/land/officer/steward-1", latest(), false).await.unwrap();
    assert_eq!(status(&hub, "all").await.lag, Some(0));
}

#[tokio::test]
async fn invariant_5_under_a_row_filter_no_number_is_told() {
    let hub = pair().await;
    hub.agency("city").await;
    let grant =
        ndxp_testkit::Grant::of("agr-9", "tax/citizens", "city", &["/id"]).only("/province", "02");
    hub.agreement(&grant).await;
    hub.subscription("city", "mine", "tax/citizens").await;
    publish(&hub, 0..5).await;
    let mut service = SubscribeServiceClient::new(hub.channel("agency/city/system/portal"));
    let request = SeekSubscriptionRequest {
        request_id: "00000000-0000-7000-8000-000000000002".to_owned(),
        name: "agencies/city/subscriptions/mine".to_owned(),
        to: Some(position(StartPosition::Latest)),
        dry_run: true,
    };
    let told = service.seek_subscription(request).await.unwrap().into_inner();
    assert_eq!((told.back, told.forward), (None, None));
}
