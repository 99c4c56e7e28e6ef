//! Frames of a subscription's stream as nobody should send them: a clear error, no panic, no leak.

use bytes::Bytes;
use ndxp_client::proto::exchange::{
    SubscribeCredit, SubscribeExtend, SubscribeHeartbeat, SubscribeOpen, SubscribeReject,
    SubscribeRequest, SubscribeRetry, SubscribeSettle, subscribe_request::Frame as Ask,
};
use ndxp_testkit::{Frame, RawStream, TestHub};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{contract::check, settle::publish, setup::pair};

const ALL: &str = "agencies/land/subscriptions/all";
const PORTAL: &str = "agency/land/system/portal";

/// A token: one that was received, the same with a bit changed, or anything.
#[derive(Debug, Clone)]
enum Token {
    Received(usize),
    Changed(usize, usize),
    Any(Vec<u8>),
}

/// A frame, before tokens are known.
#[derive(Debug, Clone)]
enum Said {
    Nothing,
    Open(String),
    Credit(u32, u64),
    Settle(Vec<Token>, Vec<(Token, i64)>, Vec<(Token, String)>),
    Extend(Vec<Token>, Option<(i64, i32)>),
    Heartbeat,
}

fn token() -> impl Strategy<Value = Token> {
    prop_oneof![
        3 => any::<usize>().prop_map(Token::Received),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(at, bit)| Token::Changed(at, bit)),
        2 => vec(any::<u8>(), 0..80).prop_map(Token::Any),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    let names = prop_oneof![Just(ALL.to_owned()), ".{0,40}"];
    let edge = prop_oneof![Just(0), Just(1), Just(u64::MAX), Just(i64::MIN as u64), any::<u64>()];
    let delay = prop_oneof![Just(0), -5_i64..100_000, any::<i64>()];
    prop_oneof![
        1 => Just(Said::Nothing),
        1 => names.prop_map(Said::Open),
        4 => (edge.clone(), edge).prop_map(|(records, bytes)| Said::Credit(records as u32, bytes)),
        6 => (vec(token(), 0..40), vec((token(), delay.clone()), 0..8), vec((token(), ".{0,300}"), 0..8))
            .prop_map(|(acks, retries, rejects)| Said::Settle(acks, retries, rejects)),
        3 => (vec(token(), 0..40), proptest::option::of((delay, any::<i32>())))
            .prop_map(|(tokens, by)| Said::Extend(tokens, by)),
        1 => Just(Said::Heartbeat),
    ]
}

impl Token {
    fn bytes(self, received: &[Bytes]) -> Bytes {
        let known =
            |at: usize| received.get(at % received.len().max(1)).cloned().unwrap_or_default();
        match self {
            Self::Received(at) => known(at),
            Self::Changed(at, bit) => {
                let mut bytes = known(at).to_vec();
                let length = bytes.len().max(1);
                bytes
                    .get_mut(bit / 8 % length)
                    .into_iter()
                    .for_each(|byte| *byte ^= 1 << (bit % 8));
                bytes.into()
            }
            Self::Any(bytes) => bytes.into(),
        }
    }
}

impl Said {
    fn frame(self, received: &[Bytes]) -> SubscribeRequest {
        let token = |token: Token| token.bytes(received);
        // The type is not named: no crate of ours depends on it for tests alone.
        let lasting = |seconds: i64, nanos: i32| {
            ndxp_client::proto::duration(0).map(|mut duration| {
                (duration.seconds, duration.nanos) = (seconds, nanos);
                duration
            })
        };
        let frame = match self {
            Self::Nothing => None,
            Self::Open(subscription) => {
                Some(Ask::Open(SubscribeOpen { subscription, ..SubscribeOpen::default() }))
            }
            Self::Credit(records, bytes) => Some(Ask::Credit(SubscribeCredit { records, bytes })),
            Self::Settle(acks, retries, rejects) => {
                let retry =
                    |(of, delay)| SubscribeRetry { ack_token: token(of), delay: lasting(delay, 0) };
                let reject = |(of, reason)| SubscribeReject { ack_token: token(of), reason };
                Some(Ask::Settle(SubscribeSettle {
                    ack_tokens: acks.into_iter().map(token).collect(),
                    retries: retries.into_iter().map(retry).collect(),
                    rejects: rejects.into_iter().map(reject).collect(),
                }))
            }
            Self::Extend(tokens, by) => Some(Ask::Extend(SubscribeExtend {
                ack_tokens: tokens.into_iter().map(token).collect(),
                by: by.and_then(|(seconds, nanos)| lasting(seconds, nanos)),
            })),
            Self::Heartbeat => Some(Ask::Heartbeat(SubscribeHeartbeat {})),
        };
        SubscribeRequest { frame }
    }
}

/// Says it all on one stream, and returns the reason with which that ended, if it was not well.
async fn say(hub: &TestHub, opens: bool, all: Vec<Said>) -> Option<String> {
    let mut stream = RawStream::call(hub.channel(PORTAL)).await.unwrap();
    let mut received = Vec::new();
    if opens {
        stream.send_raw(Said::Open(ALL.to_owned()).frame(&[])).await;
        assert!(matches!(stream.next().await.unwrap(), Some(Frame::Ready(_))));
        stream.credit(5, 0).await;
        stream.send(Ask::Settle(SubscribeSettle::default())).await;
        loop {
            match stream.next().await.unwrap().unwrap() {
                Frame::Deliver(deliver) => {
                    received.extend(deliver.records.into_iter().map(|record| record.ack_token));
                }
                Frame::SettleResult(_) => break,
                _ => {}
            }
        }
    }
    for said in all {
        stream.send_raw(said.frame(&received)).await;
    }
    stream.close();
    let (_, status) = stream.end().await;
    status.map(|status| check(&status))
}

/// Waits until no stream is counted any more.
async fn no_stream_is_left(hub: &TestHub) {
    loop {
        let metrics = hub.metrics().await;
        let streams = metrics
            .lines()
            .find(|line| line.starts_with("ndxp_streams_open{") && line.contains("\"subscribe\""));
        if streams.unwrap().ends_with(" 0") {
            let left = metrics
                .lines()
                .find(|line| line.starts_with("ndxp_subscription_outstanding_records{"));
            assert_eq!(left, None);
            return;
        }
    }
}

#[test]
fn whatever_is_sent_ends_in_a_clear_error_and_leaves_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let hub = runtime.block_on(async {
        let hub = pair().await;
        publish(&hub, 0..60).await;
        hub
    });
    let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
    let frames = (prop::bool::weighted(0.9), vec(said(), 0..12));
    let outcome = TestRunner::new(config).run(&frames, |(opens, all)| {
        let reason = runtime.block_on(say(&hub, opens, all));
        let is_clear = matches!(
            reason.as_deref(),
            None | Some("INVALID_FIELD" | "RESOURCE_NOT_FOUND" | "STREAM_FENCED")
        );
        prop_assert!(is_clear, "{reason:?}");
        Ok(())
    });
    outcome.unwrap();
    runtime.block_on(async {
        no_stream_is_left(&hub).await;
        publish(&hub, [1_000]).await;
        let mut stream = hub.subscribe("land", "all").await.unwrap();
        loop {
            let records = stream.deliver().await.unwrap().records;
            if records.iter().any(|record| record.key == "1000") {
                break;
            }
            stream.ack(&records).await;
        }
    });
}

#[tokio::test]
async fn tokens_without_end_are_lost_or_too_many_for_one_frame() {
    let hub = pair().await;
    let tokens = |count: u64| {
        let token = |n: u64| Bytes::copy_from_slice(&[n.to_be_bytes(); 8].concat());
        let ack_tokens = (0..count).map(token).collect();
        Ask::Settle(SubscribeSettle { ack_tokens, ..SubscribeSettle::default() })
    };
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let result = crate::settle::ask(&mut stream, tokens(20_000)).await;
    assert_eq!((result.settled, result.lost.len()), (0, 20_000));
    stream.send(tokens(200_000)).await;
    assert_eq!(check(&stream.end().await.1.unwrap()), "INVALID_FIELD");
}
