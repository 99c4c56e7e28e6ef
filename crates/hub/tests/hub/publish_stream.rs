//! A publisher's stream: order, joins, results, failures, resumption, cuts.

mod frames;
mod resume;
mod state;

use std::time::{Duration, Instant};

use ndxp_audit::Entry;
use ndxp_client::proto::{
    agreement::Operation,
    common::AccessContext,
    exchange::{PublishStreamOpen, PublishStreamResult, Record, RecordOutcome, ResultMode},
};
use ndxp_log::memory::Fault;
use ndxp_testkit::{Chance, Grant, Heard, RawPublish, TestHub, upsert};
use tonic::Status;
use tonic_types::StatusExt;

use crate::{
    contract::{check, paths},
    leaves::{self, citizens},
    setup::{citizen, pair, reason},
};

const CITIZENS: &str = "tax/citizens";

fn batch(from: u32, count: u32) -> Vec<Record> {
    (from..from + count).map(|id| upsert(&format!("r-{id}"), citizen(id))).collect()
}

async fn opened(hub: &TestHub) -> RawPublish {
    hub.publish_stream("tax", CITIZENS).await.unwrap()
}

async fn per_record(hub: &TestHub) -> RawPublish {
    let open = PublishStreamOpen {
        dataset: "agencies/tax/datasets/citizens".to_owned(),
        result_mode: ResultMode::PerRecord.into(),
        ..PublishStreamOpen::default()
    };
    RawPublish::open(hub.channel("agency/tax/system/portal"), open).await.unwrap()
}

/// The results, the last durable batch that `draining` names, and the status at the end.
async fn ending(stream: &mut RawPublish) -> (Vec<PublishStreamResult>, Option<u64>, Status) {
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.end());
    let (frames, status) = ended.await.expect("the stream ends");
    let status = status.expect("the stream ends with a status");
    let (mut results, mut durable) = (Vec::new(), None);
    for frame in frames {
        match frame {
            Heard::Result(result) => results.push(result),
            Heard::Draining(draining) => {
                assert_eq!(draining.reason, reason(&status));
                durable = Some(draining.last_durable_seq);
            }
            Heard::Window(_) | Heard::Heartbeat(_) => {}
            Heard::Ready(_) => panic!("ready comes once"),
        }
    }
    (results, durable, status)
}

/// The number of the batch that a status is about.
fn seq(status: &Status) -> Option<String> {
    let info = status.get_details_error_info();
    info.and_then(|info| info.metadata.get("seq").cloned())
}

fn of_publishing(entry: &Entry) -> Option<u64> {
    match entry {
        Entry::Publish(publish) => Some(publish.n),
        _ => None,
    }
}

async fn ids(hub: &TestHub) -> Vec<String> {
    let mut ids = Vec::new();
    for stored in citizens(&hub.log()).await {
        let id = stored.record.header("ce_id").expect("a record has an id");
        ids.push(String::from_utf8(id.to_vec()).unwrap());
    }
    ids.sort();
    ids
}

#[tokio::test]
async fn batches_are_answered_in_order_and_are_durable() {
    let hub = pair().await;
    let mut stream = opened(&hub).await;
    for from in 0..20 {
        stream.batch(batch(from * 10, 10)).await;
    }
    for seq in 1..=20 {
        let result = stream.result().await.unwrap();
        assert_eq!((result.seq, result.accepted, result.duplicates), (seq, 10, 0));
        assert!(result.receipt.is_some());
    }
    stream.close();
    let (_, status) = stream.end().await;
    assert!(status.is_none(), "{status:?}");
    let hub = hub.kill().await;
    assert_eq!(citizens(&hub.log()).await.len(), 200);
}

#[tokio::test]
async fn publisher_that_ends_its_side_gets_all_answers_then_ok() {
    let hub = pair().await;
    let mut stream = opened(&hub).await;
    hub.faults().hold();
    for from in 0..5 {
        stream.batch(batch(from * 10, 10)).await;
    }
    stream.close();
    hub.faults().release();
    let (frames, status) = stream.end().await;
    assert!(status.is_none(), "{status:?}");
    let results = frames.iter().filter(|frame| matches!(frame, Heard::Result(_)));
    assert_eq!(results.count(), 5);
}

#[tokio::test]
async fn batches_that_queue_behind_an_append_join_the_next_one() {
    let hub = pair().await;
    let faults = hub.faults();
    let mut stream = opened(&hub).await;
    // The window is loaded by the first.
    stream.batch(batch(0, 1)).await;
    stream.result().await.unwrap();
    let before = leaves::written(&faults).await;
    faults.hold();
    for from in 1..=5 {
        stream.batch(batch(from * 100, 100)).await;
    }
    faults.written(before + 1).await;
    // A later call's answer says that the hub has read what came before it.
    hub.client("agency/tax/system/portal").who_am_i().await.unwrap();
    faults.release();
    let mut receipts = Vec::new();
    for seq in 2..=6 {
        let result = stream.result().await.unwrap();
        assert_eq!((result.seq, result.accepted), (seq, 100));
        receipts.push(result.receipt.unwrap().index);
    }
    let entries = leaves::entries(&hub.log()).await;
    let numbers: Vec<u64> = entries.iter().filter_map(of_publishing).collect();
    assert_eq!(numbers.iter().sum::<u64>(), 501);
    assert!(numbers.len() < 6, "nothing was joined: {numbers:?}");
    receipts.dedup();
    assert_eq!(receipts.len(), numbers.len() - 1, "joined batches share a receipt");
}

#[tokio::test]
async fn refused_batch_ends_the_stream_and_nothing_behind_it_is_taken() {
    let hub = pair().await;
    let mut stream = opened(&hub).await;
    stream.batch(batch(0, 3)).await;
    stream.batch(batch(3, 3)).await;
    stream.batch(vec![upsert("bad", r#"{"id":"9"}"#)]).await;
    stream.batch(batch(6, 3)).await;
    let (results, durable, status) = ending(&mut stream).await;
    assert_eq!(check(&status), "SCHEMA_VIOLATION");
    assert_eq!((seq(&status).as_deref(), durable, results.len()), (Some("3"), Some(2), 2));
    assert_eq!(citizens(&hub.log()).await.len(), 6);
}

#[tokio::test]
async fn reused_record_id_ends_the_stream_behind_the_batches_before_it() {
    let hub = pair().await;
    let faults = hub.faults();
    let mut stream = opened(&hub).await;
    stream.batch(batch(0, 3)).await;
    stream.result().await.unwrap();
    faults.hold();
    let before = leaves::written(&faults).await;
    stream.batch(batch(3, 3)).await;
    faults.written(before + 1).await;
    // These three wait, and are joined.
    stream.batch(batch(6, 3)).await;
    stream.batch(vec![upsert("r-9", citizen(9)), upsert("r-1", citizen(70))]).await;
    stream.batch(batch(20, 3)).await;
    hub.client("agency/tax/system/portal").who_am_i().await.unwrap();
    faults.release();
    let (results, durable, status) = ending(&mut stream).await;
    assert_eq!(check(&status), "RECORD_ID_REUSED");
    assert!(status.message().contains("records[1].record_id"), "{status:?}");
    assert_eq!((seq(&status).as_deref(), durable, results.len()), (Some("4"), Some(3), 2));
    assert_eq!(citizens(&hub.log()).await.len(), 9);
    let again = hub.publish("tax", CITIZENS, vec![upsert("r-9", citizen(9))]).await.unwrap();
    assert_eq!(again.accepted, 1, "nothing of the refused batch was kept");
}

#[tokio::test]
async fn order_of_a_key_is_kept_over_many_batches() {
    let hub = pair().await;
    let mut stream = opened(&hub).await;
    for version in 0..60_u32 {
        let record = |key: u32| {
            let payload = format!(r#"{{"id":"{key}","name":"{version}","province":"01"}}"#);
            upsert(&format!("r-{key}-{version}"), payload)
        };
        stream.batch((0..7).map(record).collect()).await;
    }
    for _ in 0..60 {
        stream.result().await.unwrap();
    }
    for key in 0..7_u32 {
        let mine: Vec<u32> = citizens(&hub.log())
            .await
            .iter()
            .filter(|stored| stored.record.key.as_deref() == Some(key.to_string().as_bytes()))
            .map(|stored| {
                let text = String::from_utf8(stored.record.value.to_vec()).unwrap();
                text.split('"').nth(7).unwrap().parse().unwrap()
            })
            .collect();
        assert_eq!(mine, (0..60).collect::<Vec<_>>(), "key {key}");
    }
}

#[tokio::test]
async fn per_record_results_name_each_record_and_the_stream_goes_on() {
    let hub = pair().await;
    hub.publish("tax", CITIZENS, batch(0, 2)).await.unwrap();
    let mut stream = per_record(&hub).await;
    let mixed = vec![
        upsert("r-0", citizen(0)),
        upsert("bad", r#"{"id":"9"}"#),
        upsert("r-1", citizen(77)),
        upsert("r-5", citizen(5)),
    ];
    stream.batch(mixed).await;
    stream.batch(vec![upsert("worse", "no json")]).await;
    stream.batch(batch(10, 1)).await;
    let first = stream.result().await.unwrap();
    let outcomes: Vec<_> = first.results.iter().map(|result| result.outcome()).collect();
    assert_eq!(
        outcomes,
        [
            RecordOutcome::Duplicate,
            RecordOutcome::Rejected,
            RecordOutcome::Rejected,
            RecordOutcome::Accepted,
        ]
    );
    let reasons: Vec<_> = first
        .results
        .iter()
        .map(|result| {
            result.problem.as_ref().map(|problem| problem.reason.clone()).unwrap_or_default()
        })
        .collect();
    assert_eq!(reasons, ["", "SCHEMA_VIOLATION", "RECORD_ID_REUSED", ""]);
    let place = &first.results[1].problem.as_ref().unwrap().places[0];
    assert!(place.path.starts_with("records[1]"), "{place:?}");
    assert_eq!((first.accepted, first.duplicates), (1, 1));
    let second = stream.result().await.unwrap();
    assert_eq!((second.accepted, second.receipt), (0, None));
    assert_eq!(second.results[0].outcome(), RecordOutcome::Rejected);
    assert_eq!(stream.result().await.unwrap().accepted, 1);
    assert_eq!(citizens(&hub.log()).await.len(), 4);
    let hub = hub.restart().await;
    let denials = leaves::count(&hub.log(), |entry| matches!(entry, Entry::Deny(_))).await;
    assert!(denials >= 2, "a refused record is audited: {denials}");
}

#[tokio::test]
async fn unary_call_may_ask_for_a_result_each() {
    let hub = pair().await;
    let records = vec![upsert("r-1", citizen(1)), upsert("bad", r#"{"id":"9"}"#)];
    let reply = hub.publish_per_record("tax", CITIZENS, records).await.unwrap();
    let outcomes: Vec<_> = reply.results.iter().map(|result| result.outcome()).collect();
    assert_eq!(outcomes, [RecordOutcome::Accepted, RecordOutcome::Rejected]);
    assert_eq!((reply.accepted, citizens(&hub.log()).await.len()), (1, 1));
}

#[tokio::test]
async fn window_narrows_while_the_log_is_slow_and_widens_again() {
    let hub = pair().await;
    let faults = hub.faults();
    let big = |id: u32| {
        let name = "x".repeat(1_000_000);
        upsert(&format!("r-{id}"), format!(r#"{{"id":"{id}","name":"{name}","province":"01"}}"#))
    };
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(opened(&hub).await);
    }
    streams[0].batch(batch(900_000, 1)).await;
    streams[0].result().await.unwrap();
    faults.hold();
    let mut id = 0;
    for stream in &mut streams {
        for _ in 0..8 {
            stream.batch(vec![big(id), big(id + 1), big(id + 2)]).await;
            id += 3;
        }
    }
    let narrowed = loop {
        if let Some(Heard::Window(window)) = streams[2].next().await.unwrap() {
            break window.window;
        }
    };
    assert!((1..8).contains(&narrowed), "{narrowed}");
    faults.release();
    let (mut answered, mut window) = (0, narrowed);
    while answered < 8 || window < 8 {
        match streams[2].next().await.unwrap() {
            Some(Heard::Result(_)) => answered += 1,
            Some(Heard::Window(now)) => window = now.window,
            other => panic!("{other:?}"),
        }
    }
}

/// `land` may publish into `tax/citizens`.
async fn reporting() -> (TestHub, PublishStreamOpen) {
    let hub = pair().await;
    let grant =
        Grant { operations: vec![Operation::Publish], ..Grant::of("agr-2", CITIZENS, "land", &[]) };
    hub.agreement(&grant).await;
    let access = AccessContext { purpose: "service".to_owned(), agreement: String::new() };
    let open = PublishStreamOpen {
        dataset: "agencies/tax/datasets/citizens".to_owned(),
        access: Some(access),
        ..PublishStreamOpen::default()
    };
    (hub, open)
}

#[tokio::test]
async fn suspended_agreement_cuts_an_idle_publishers_stream() {
    let (hub, open) = reporting().await;
    let channel = hub.channel("agency/land/system/portal");
    let mut stream = RawPublish::open(channel.clone(), open.clone()).await.unwrap();
    stream.batch(batch(0, 1)).await;
    assert_eq!(stream.result().await.unwrap().accepted, 1);
    let steward = hub.client("agency/tax/officer/steward-1");
    let start = Instant::now();
    steward.suspend_agreement("agreements/agr-2").await.unwrap();
    let (_, durable, status) = ending(&mut stream).await;
    assert!(start.elapsed() < Duration::from_secs(1), "cut after {:?}", start.elapsed());
    assert_eq!((check(&status).as_str(), durable), ("AGREEMENT_SUSPENDED", Some(1)));
    let mut again = open;
    again.access.as_mut().unwrap().agreement = "agr-2".to_owned();
    let again = RawPublish::open(channel, again).await.unwrap_err();
    assert_eq!(check(&again), "AGREEMENT_SUSPENDED");
}

#[tokio::test]
async fn agreement_that_ends_by_the_clock_cuts_a_publishers_stream() {
    let (hub, open) = reporting().await;
    let channel = hub.channel("agency/land/system/portal");
    let mut stream = RawPublish::open(channel, open).await.unwrap();
    hub.clock.advance(Duration::from_secs(366 * 86_400));
    let (_, durable, status) = ending(&mut stream).await;
    assert_eq!(durable, Some(0));
    assert!(["AGREEMENT_EXPIRED", "CERTIFICATE_EXPIRED"].contains(&reason(&status).as_str()));
}

#[tokio::test]
async fn shutdown_ends_a_publishers_stream_in_good_order() {
    let hub = pair().await;
    let mut stream = opened(&hub).await;
    stream.batch(batch(0, 1)).await;
    stream.result().await.unwrap();
    let reading = tokio::spawn(async move { ending(&mut stream).await });
    let hub = hub.restart().await;
    let (_, durable, status) = reading.await.unwrap();
    assert_eq!((check(&status).as_str(), durable), ("NODE_DRAINING", Some(1)));
    opened(&hub).await;
}

#[tokio::test]
async fn streams_of_a_system_are_bounded_and_counted() {
    let hub = pair().await;
    let mut streams = Vec::new();
    for _ in 0..64 {
        streams.push(opened(&hub).await);
    }
    assert!(hub.metrics().await.contains(r#"ndxp_streams_open{kind="publish"} 64"#));
    let refused = hub.publish_stream("tax", CITIZENS).await.unwrap_err();
    assert_eq!(check(&refused), "TOO_MANY_STREAMS");
    for mut stream in streams {
        stream.close();
        assert!(stream.end().await.1.is_none());
    }
    opened(&hub).await;
}
