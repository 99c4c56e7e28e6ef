//! What a consumer says of records, and what the hub makes of it.

use std::time::Duration;

use ndxp_client::proto::{
    duration,
    exchange::{
        DeliveredRecord, PauseCause, SubscribeExtend, SubscribeReject, SubscribeRetry,
        SubscribeSettle, SubscribeSettleResult, subscribe_request::Frame as Ask,
    },
};
use ndxp_testkit::{Frame, Grant, RawStream, Spec, TestHub, citizens, upsert};

use crate::setup::{citizen, pair, status};

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

/// Publishes citizens of these ids.
pub(crate) async fn publish(hub: &TestHub, ids: impl IntoIterator<Item = u32>) {
    let records = ids.into_iter().map(|id| upsert(&format!("r-{id}"), citizen(id))).collect();
    hub.publish("tax", "tax/citizens", records).await.unwrap();
}

fn tokens(records: &[DeliveredRecord]) -> Vec<bytes::Bytes> {
    records.iter().map(|record| record.ack_token.clone()).collect()
}

fn retries(records: &[DeliveredRecord], delay: Option<Duration>) -> SubscribeSettle {
    let delay = delay.and_then(|delay| duration(delay.as_millis() as u64));
    let retry = |ack_token| SubscribeRetry { ack_token, delay };
    SubscribeSettle {
        retries: tokens(records).into_iter().map(retry).collect(),
        ..SubscribeSettle::default()
    }
}

pub(crate) fn rejects(records: &[DeliveredRecord], reason: &str) -> SubscribeSettle {
    let reject = |ack_token| SubscribeReject { ack_token, reason: reason.to_owned() };
    SubscribeSettle {
        rejects: tokens(records).into_iter().map(reject).collect(),
        ..SubscribeSettle::default()
    }
}

/// Says something and returns the answer.
pub(crate) async fn ask(stream: &mut RawStream, ask: Ask) -> SubscribeSettleResult {
    stream.send(ask).await;
    loop {
        if let Frame::SettleResult(result) = stream.next().await.unwrap().unwrap() {
            return result;
        }
    }
}

/// Settles, and returns what came until the hub has answered.
async fn round(stream: &mut RawStream, settle: SubscribeSettle) -> Vec<DeliveredRecord> {
    stream.send(Ask::Settle(settle)).await;
    let mut records = Vec::new();
    loop {
        match stream.next().await.unwrap().unwrap() {
            Frame::Deliver(deliver) => records.extend(deliver.records),
            Frame::SettleResult(_) => return records,
            _ => {}
        }
    }
}

fn acks(records: &[DeliveredRecord]) -> SubscribeSettle {
    SubscribeSettle { ack_tokens: tokens(records), ..SubscribeSettle::default() }
}

#[tokio::test]
async fn record_to_be_retried_comes_after_its_delay_and_not_before() {
    let hub = pair().await;
    publish(&hub, [1]).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let first = stream.records(1).await.unwrap();
    let retry = retries(&first, Some(minutes(10)));
    assert_eq!(ask(&mut stream, Ask::Settle(retry)).await.settled, 1);
    let told = status(&hub, "all").await;
    assert_eq!((told.retrying, told.outstanding, told.lag), (1, 0, Some(1)));
    hub.clock.advance(minutes(9));
    // What is due would be handed out before the answer to this.
    publish(&hub, [2]).await;
    let other = stream.records(1).await.unwrap();
    assert_eq!(other[0].key, "2");
    hub.clock.advance(minutes(1));
    let again = stream.records(1).await.unwrap();
    assert_eq!((again[0].key.as_str(), again[0].attempt), ("1", 2));
    assert_eq!(again[0].record_id, first[0].record_id);
    assert_ne!(again[0].ack_token, first[0].ack_token);
}

#[tokio::test]
async fn lease_that_ends_hands_the_record_out_again_and_its_token_is_lost() {
    let hub = pair().await;
    publish(&hub, [1]).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let first = stream.records(1).await.unwrap();
    hub.clock.advance(Duration::from_secs(59));
    let extend = SubscribeExtend { ack_tokens: tokens(&first), by: duration(300_000) };
    assert_eq!(ask(&mut stream, Ask::Extend(extend)).await.settled, 1);
    hub.clock.advance(Duration::from_secs(299));
    assert_eq!(status(&hub, "all").await.outstanding, 1, "it was prolonged");
    // The lease's end, and the delay before the second attempt.
    hub.clock.advance(Duration::from_secs(1));
    let nothing = Ask::Settle(SubscribeSettle::default());
    assert!(ask(&mut stream, nothing).await.lost.is_empty());
    hub.clock.advance(minutes(5));
    let again = stream.records(1).await.unwrap();
    assert_eq!(again[0].attempt, 2);
    let late = SubscribeSettle { ack_tokens: tokens(&first), ..SubscribeSettle::default() };
    let late = ask(&mut stream, Ask::Settle(late)).await;
    assert_eq!((late.settled, late.lost), (0, tokens(&first)));
    assert_eq!(stream.settle(&again).await.unwrap(), 1);
}

#[tokio::test]
async fn rejected_record_is_a_dead_letter_and_comes_no_more() {
    let hub = pair().await;
    publish(&hub, [1]).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let first = stream.records(1).await.unwrap();
    let result = ask(&mut stream, Ask::Settle(rejects(&first, "no such street"))).await;
    assert_eq!((result.settled, result.lost.len()), (1, 0));
    assert_eq!(status(&hub, "all").await.dead_letters, 1);
    drop(stream);
    let hub = hub.kill().await;
    assert_eq!(status(&hub, "all").await.dead_letters, 1, "it is durable");
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    assert!(matches!(stream.next().await.unwrap(), Some(Frame::Idle(_))));
}

#[tokio::test]
async fn consumer_that_fails_everything_is_paused_and_loses_nothing() {
    let hub = pair().await;
    publish(&hub, 0..6).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let first = stream.records(6).await.unwrap();
    hub.clock.advance(Duration::from_secs(59));
    stream.send(Ask::Settle(retries(&first[..5], Some(Duration::ZERO)))).await;
    hub.clock.advance(Duration::from_secs(1));
    stream.send(Ask::Settle(retries(&first[5..], Some(Duration::ZERO)))).await;
    let paused = loop {
        match stream.next().await.unwrap().unwrap() {
            Frame::Paused(paused) => break paused,
            Frame::Deliver(deliver) => {
                stream.send(Ask::Settle(retries(&deliver.records, None))).await;
            }
            _ => {}
        }
    };
    assert_eq!(paused.cause(), PauseCause::ConsumerFailing);
    let told = status(&hub, "all").await;
    assert_eq!(told.paused(), PauseCause::ConsumerFailing);
    assert!(told.paused_since.is_some() && told.dead_letters == 0);
    // One at a time is tried; the first that succeeds brings the others.
    hub.clock.advance(minutes(10));
    let mut left: std::collections::BTreeSet<u32> = (0..6).collect();
    let probe = stream.deliver().await.unwrap().records;
    assert_eq!(probe.len(), 1, "a probe");
    let mut records = probe;
    while !left.is_empty() {
        records.iter().for_each(|record| _ = left.remove(&record.key.parse().unwrap()));
        if records.is_empty() && status(&hub, "all").await.outstanding == 0 {
            hub.clock.advance(minutes(10));
        }
        records = round(&mut stream, acks(&records)).await;
    }
    let told = status(&hub, "all").await;
    assert_eq!((told.paused(), told.dead_letters), (PauseCause::Unspecified, 0));
}

#[tokio::test]
async fn scattered_records_go_out_in_frames_that_their_entries_can_hold() {
    let hub = TestHub::start().await;
    hub.agency("tax").await;
    hub.agency("land").await;
    hub.dataset(&Spec { partitions: 1, ..citizens("tax/citizens") }).await;
    hub.agreement(&Grant::of("agr-1", "tax/citizens", "land", &["/id"])).await;
    hub.subscription("land", "all", "tax/citizens").await;
    publish(&hub, 0..400).await;
    publish(&hub, 400..800).await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let all = stream.records(800).await.unwrap();
    let some: Vec<_> = all.iter().step_by(2).cloned().collect();
    assert_eq!(stream.settle(&some).await.unwrap(), 400);
    drop(stream);
    let hub = hub.kill().await;
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let again = stream.records(400).await.unwrap();
    assert!(again.iter().all(|record| record.attempt == 2));
}
