//! Frames of a subscription's stream in orders that no client should send, and streams of others.

use ndxp_client::proto::exchange::{
    SubscribeCredit, SubscribeOpen, SubscribeRequest, SubscribeSettle, Subscription,
    subscribe_request::Frame as Ask,
};
use ndxp_testkit::{Frame, RawStream, TestHub, upsert};
use tonic::Status;

use crate::{
    contract::{check, paths},
    setup::{citizen, pair},
};

const ALL: &str = "agencies/land/subscriptions/all";

fn open() -> Ask {
    Ask::Open(SubscribeOpen { subscription: ALL.to_owned(), ..SubscribeOpen::default() })
}

async fn called(hub: &TestHub) -> RawStream {
    RawStream::call(hub.channel("agency/land/system/portal")).await.unwrap()
}

async fn ending(stream: &mut RawStream) -> Status {
    stream.end().await.1.expect("the stream ends with a status")
}

#[tokio::test]
async fn frame_before_open_is_refused() {
    let hub = pair().await;
    let credit = || Ask::Credit(SubscribeCredit { records: 1, bytes: 0 });
    for frame in [Some(credit()), None] {
        let mut stream = called(&hub).await;
        stream.send_raw(SubscribeRequest { frame }).await;
        stream.send(open()).await;
        let status = ending(&mut stream).await;
        assert_eq!(check(&status), "INVALID_FIELD");
        assert_eq!(paths(&status), ["open"]);
    }
}

#[tokio::test]
async fn second_open_and_unknown_frame_end_the_stream() {
    let hub = pair().await;
    for frame in [Some(open()), None] {
        let mut stream = hub.subscribe("land", "all").await.unwrap();
        stream.send_raw(SubscribeRequest { frame }).await;
        assert_eq!(check(&ending(&mut stream).await), "INVALID_FIELD");
    }
}

#[tokio::test]
async fn foreign_ack_tokens_are_lost_and_settle_nothing() {
    let hub = pair().await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let mut older = hub.subscribe("land", "all").await.unwrap();
    let old = older.records(1).await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    assert_eq!(check(&ending(&mut older).await), "STREAM_FENCED");
    let records = stream.records(1).await.unwrap();
    assert_eq!(records[0].attempt, 2);

    let garbage = vec!["garbage".into(), vec![0xff; 16].into(), old[0].ack_token.clone()];
    let settle = SubscribeSettle { ack_tokens: garbage.clone(), ..Default::default() };
    stream.send(Ask::Settle(settle)).await;
    let result = loop {
        if let Some(Frame::SettleResult(result)) = stream.next().await.unwrap() {
            break result;
        }
    };
    assert_eq!(result.settled, 0);
    let lost: std::collections::BTreeSet<_> = result.lost.into_iter().collect();
    assert_eq!(lost, garbage.into_iter().collect());
    assert_eq!(stream.settle(&records).await.unwrap(), 1);
    assert_eq!(stream.settle(&records).await.unwrap(), 0, "an acknowledgement repeated");
}

#[tokio::test]
async fn subscription_of_another_agency_is_not_found() {
    let hub = pair().await;
    hub.agency("health").await;
    let spy = hub.channel("agency/health/system/portal");
    let theirs = RawStream::open(spy.clone(), ALL).await.unwrap_err();
    assert_eq!(check(&theirs), "RESOURCE_NOT_FOUND");
    let nothing = "agencies/land/subscriptions/no";
    let nothing = RawStream::open(spy, nothing).await.unwrap_err();
    assert_eq!(check(&nothing), "RESOURCE_NOT_FOUND");
    let officer = hub.channel("agency/land/officer/steward-1");
    assert_eq!(check(&RawStream::open(officer, ALL).await.unwrap_err()), "ROLE_REQUIRED");
    let own = hub.channel("agency/land/system/portal");
    let malformed = RawStream::open(own, "subscriptions/all").await.unwrap_err();
    assert_eq!(check(&malformed), "INVALID_FIELD");
}

#[tokio::test]
async fn subscription_needs_an_agreement_from_the_start() {
    let hub = pair().await;
    hub.agency("health").await;
    let portal = hub.client("agency/health/system/portal");
    let subscription = Subscription {
        name: "agencies/health/subscriptions/all".to_owned(),
        dataset: "agencies/tax/datasets/citizens".to_owned(),
        access: Some(ndxp_client::proto::common::AccessContext {
            purpose: "service".to_owned(),
            agreement: String::new(),
        }),
        ..Subscription::default()
    };
    let refused = portal.create_subscription(subscription.clone()).await.unwrap_err();
    assert_eq!(refused.reason.as_deref(), Some("AGREEMENT_MISSING"));
    let land = hub.client("agency/land/system/portal");
    let access = ndxp_client::proto::common::AccessContext {
        purpose: "curiosity".to_owned(),
        agreement: String::new(),
    };
    let name = "agencies/land/subscriptions/more".to_owned();
    let other = Subscription { name, access: Some(access), ..subscription };
    let refused = land.create_subscription(other).await.unwrap_err();
    assert_eq!(refused.reason.as_deref(), Some("PURPOSE_NOT_ALLOWED"));
}

#[tokio::test]
async fn credit_bounds_what_is_outstanding() {
    let hub = pair().await;
    let records = (0..20).map(|id| upsert(&format!("r-{id}"), citizen(id))).collect();
    hub.publish("tax", "tax/citizens", records).await.unwrap();
    let mut stream = called(&hub).await;
    stream.send(open()).await;
    assert!(matches!(stream.next().await.unwrap(), Some(Frame::Ready(_))));
    // Too few bytes for any record: nothing comes, and nothing spins.
    stream.credit(5, 10).await;
    stream.send(Ask::Settle(SubscribeSettle::default())).await;
    assert!(matches!(stream.next().await.unwrap(), Some(Frame::SettleResult(_))));
    stream.credit(0, 1_000).await;
    let records = stream.records(5).await.unwrap();
    assert_eq!(records.len(), 5, "the records' credit is used up");
    stream.settle(&records).await.unwrap();
    stream.credit(15, 0).await;
    assert_eq!(stream.records(15).await.unwrap().len(), 15);
}

#[tokio::test]
async fn credit_of_nothing_is_refused() {
    let hub = pair().await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    stream.credit(0, 0).await;
    let (_, status) = stream.end().await;
    assert_eq!(check(&status.unwrap()), "INVALID_FIELD");
}

#[tokio::test]
async fn stream_that_its_client_closes_ends_well() {
    let hub = pair().await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    stream.close();
    let (_, status) = stream.end().await;
    assert!(status.is_none(), "{status:?}");
}

#[tokio::test]
async fn shutdown_ends_streams_in_good_order_and_at_once() {
    let hub = pair().await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let start = std::time::Instant::now();
    let reading = tokio::spawn(async move { stream.end().await });
    let hub = hub.restart().await;
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());
    let (frames, status) = reading.await.unwrap();
    assert!(frames.iter().any(|frame| matches!(frame, Frame::Draining(_))), "{frames:?}");
    assert_eq!(check(&status.unwrap()), "NODE_DRAINING");
    hub.subscribe("land", "all").await.unwrap();
}
