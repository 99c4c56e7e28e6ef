//! Frames in orders that no client should send: a clear error, no panic, nothing left behind.

use ndxp_client::proto::exchange::{
    PublishStreamBatch, PublishStreamHeartbeat, PublishStreamRequest,
    publish_stream_request::Frame as Say,
};

use super::*;

fn open() -> Say {
    let dataset = "agencies/tax/datasets/citizens".to_owned();
    Say::Open(PublishStreamOpen { dataset, ..PublishStreamOpen::default() })
}

fn numbered(seq: u64, records: Vec<Record>) -> Say {
    Say::Batch(PublishStreamBatch { seq, records, source_position: String::new() })
}

async fn refused(hub: &TestHub, frames: Vec<Option<Say>>) -> (String, Vec<String>, Option<u64>) {
    let channel = hub.channel("agency/tax/system/portal");
    let mut stream = RawPublish::call(channel).await.unwrap();
    for frame in frames {
        stream.say_raw(PublishStreamRequest { frame }).await;
    }
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.end());
    let (frames, status) = ended.await.expect("the stream ends");
    let status = status.expect("with a status");
    let durable = frames.iter().find_map(|frame| match frame {
        Heard::Draining(draining) => Some(draining.last_durable_seq),
        _ => None,
    });
    (check(&status), paths(&status), durable)
}

/// Frames, the field that the refusal names, and the last durable batch if the stream was open.
type Case = (Vec<Option<Say>>, &'static str, Option<u64>);

#[tokio::test]
async fn frames_out_of_order_are_refused_by_their_place() {
    let hub = pair().await;
    let one = || batch(0, 1);
    let beat = || Say::Heartbeat(PublishStreamHeartbeat {});
    let cases: Vec<Case> = vec![
        (vec![Some(numbered(1, one()))], "open", None),
        (vec![Some(beat())], "open", None),
        (vec![None], "open", None),
        (vec![Some(open()), Some(open())], "open", Some(0)),
        (vec![Some(open()), None], "frame", Some(0)),
        (vec![Some(open()), Some(numbered(0, one()))], "batch.seq", Some(0)),
        (vec![Some(open()), Some(numbered(2, one()))], "batch.seq", Some(0)),
        (vec![Some(open()), Some(numbered(u64::MAX, one()))], "batch.seq", Some(0)),
        (
            vec![Some(open()), Some(numbered(1, one())), Some(beat()), Some(numbered(1, one()))],
            "batch.seq",
            Some(1),
        ),
        (vec![Some(open()), Some(numbered(1, Vec::new()))], "records", Some(0)),
    ];
    for (frames, path, durable) in cases {
        let shown = format!("{frames:?}");
        let refused = refused(&hub, frames).await;
        assert_eq!(
            refused,
            ("INVALID_FIELD".to_owned(), vec![path.to_owned()], durable),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn batches_beyond_the_limits_are_refused() {
    let hub = pair().await;
    let many = (0..501).map(|id| upsert(&format!("r-{id}"), citizen(id))).collect();
    let large = |bytes: usize| {
        let name = "x".repeat(bytes);
        upsert(&format!("l-{bytes}"), format!(r#"{{"id":"1","name":"{name}","province":"01"}}"#))
    };
    let heavy = (0..4).map(|n| large(1_000_000 + n)).collect();
    for (records, expected) in [
        (many, "BATCH_TOO_LARGE"),
        (vec![large(1 << 20)], "RECORD_TOO_LARGE"),
        (heavy, "BATCH_TOO_LARGE"),
        (vec![large(5 << 20)], "BATCH_TOO_LARGE"),
    ] {
        let (reason, _, durable) =
            refused(&hub, vec![Some(open()), Some(numbered(1, records))]).await;
        assert_eq!((reason.as_str(), durable), (expected, Some(0)));
    }
}

/// Frames by chance, so that a seed replays a run.
struct Babble(Chance);

impl Babble {
    fn below(&mut self, end: u64) -> u64 {
        self.0.below(end)
    }

    fn record(&mut self) -> Record {
        let id = u32::try_from(self.below(40)).unwrap();
        let mut record = upsert(&format!("r-{id}"), citizen(id));
        match self.below(12) {
            0 => record.record_id = "x".repeat(usize::try_from(self.below(200)).unwrap()),
            1 => record.op = i32::try_from(self.below(9)).unwrap() - 2,
            2 => record.payload = (0..self.below(40)).map(|_| self.below(256) as u8).collect(),
            3 => record.key = "other".to_owned(),
            4 => record.traceparent = "\u{0}\u{1}".to_owned(),
            5 => record.payload = citizen(id + 1).into(),
            6 => record.record_id = "\u{e9}".to_owned(),
            _ => {}
        }
        record
    }

    fn frame(&mut self, seq: u64) -> Option<Say> {
        match self.below(16) {
            0 => None,
            1 => Some(open()),
            2 | 3 => Some(Say::Heartbeat(PublishStreamHeartbeat {})),
            4 => Some(numbered(self.below(5), vec![self.record()])),
            _ => {
                let count = self.below(6);
                let mut batch = PublishStreamBatch {
                    seq,
                    source_position: "p".repeat(usize::try_from(self.below(300)).unwrap()),
                    records: (0..count).map(|_| self.record()).collect(),
                };
                if self.below(4) > 0 {
                    batch.source_position.clear();
                }
                Some(Say::Batch(batch))
            }
        }
    }
}

#[tokio::test]
async fn random_frames_get_a_clear_error_and_leave_nothing_behind() {
    let hub = pair().await;
    let base = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1_u64);
    for seed in base..base + 150 {
        let mut chance = Babble(Chance::new(seed));
        let mut stream = RawPublish::call(hub.channel("agency/tax/system/portal")).await.unwrap();
        if chance.below(10) > 0 {
            let mode = i32::try_from(chance.below(2)).unwrap();
            let Say::Open(open) = open() else { unreachable!() };
            stream.say(Say::Open(PublishStreamOpen { result_mode: mode, ..open })).await;
        }
        let mut next = 1;
        for _ in 0..chance.below(8) {
            let frame = chance.frame(next);
            next += u64::from(matches!(&frame, Some(Say::Batch(batch)) if batch.seq == next));
            stream.say_raw(PublishStreamRequest { frame }).await;
        }
        if chance.below(8) == 0 {
            continue;
        }
        stream.close();
        let ended = tokio::time::timeout(Duration::from_secs(20), stream.end()).await;
        let (frames, status) = ended.unwrap_or_else(|_| panic!("seed {seed}: no end"));
        if let Some(status) = status {
            assert_ne!(check(&status), "BUG", "seed {seed}: {status:?}");
        }
        let seqs = frames.iter().filter_map(|frame| match frame {
            Heard::Result(result) => Some(result.seq),
            _ => None,
        });
        for (index, seq_) in (1_u64..).zip(seqs) {
            assert_eq!(index, seq_, "seed {seed}: results in order");
        }
    }
    // Nothing is left: no stream, no reserved id, no held byte.
    let closed = r#"ndxp_streams_open{kind="publish"} 0"#;
    let all_closed = async {
        while !hub.metrics().await.contains(closed) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all_closed).await.expect("all streams end");
    let mut ids = ids(&hub).await;
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "a record id was taken twice");
    let all: Vec<Record> = (100..140).map(|id| upsert(&format!("n-{id}"), citizen(id))).collect();
    assert_eq!(hub.publish("tax", CITIZENS, all).await.unwrap().accepted, 40);
}
