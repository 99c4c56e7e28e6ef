//! The publisher of a dataset of events, over a stream: after a failure it sends again from the
//! batch behind the last durable one.

use std::collections::{BTreeSet, VecDeque};

use ndxp_client::proto::exchange::Record;
use ndxp_testkit::{Chance, Heard, RawPublish, TestHub, event};

use crate::world::known;

pub(crate) const MOVES: &str = "tax/moves";

#[derive(Default)]
pub(crate) struct Events {
    /// The numbers that the hub has said yes to.
    pub(crate) accepted: BTreeSet<u64>,
    /// Batches that are not known to be durable, in order.
    pending: VecDeque<Vec<(u64, Record)>>,
    sent: u64,
}

impl Events {
    pub(crate) async fn publish(&mut self, hub: &TestHub, chance: &mut Chance) {
        for _ in 0..=chance.below(3) {
            let batch = (0..=chance.below(3)).map(|_| self.one(chance.below(3))).collect();
            self.pending.push_back(batch);
        }
        self.send(hub).await;
    }

    /// Publishes until nothing is pending.
    pub(crate) async fn finish(&mut self, hub: &TestHub) {
        for _ in 0..10 {
            self.send(hub).await;
            if self.pending.is_empty() {
                return;
            }
        }
        panic!("a stream never takes its batches");
    }

    fn one(&mut self, key: u64) -> (u64, Record) {
        self.sent += 1;
        let number = self.sent;
        let payload = format!(r#"{{"id":"{key}","name":"{number}","province":"01"}}"#);
        (number, event(&format!("m-{number}"), payload))
    }

    async fn send(&mut self, hub: &TestHub) {
        let mut stream = match hub.publish_stream("tax", MOVES).await {
            Ok(stream) => stream,
            Err(status) => return known(&status, &["LOG_UNAVAILABLE", "OUTCOME_UNKNOWN"]),
        };
        for (index, batch) in self.pending.iter().enumerate() {
            let records = batch.iter().map(|(_, record)| record.clone()).collect();
            stream.batch_at(records, &format!("batch {index}")).await;
        }
        stream.close();
        self.answers(&mut stream).await;
    }

    async fn answers(&mut self, stream: &mut RawPublish) {
        let mut next = 1;
        loop {
            match stream.next().await {
                Ok(Some(Heard::Result(result))) => {
                    assert_eq!(result.seq, next, "answers come in order");
                    next += 1;
                    let batch = self.pending.pop_front().unwrap();
                    assert_eq!((result.accepted + result.duplicates) as usize, batch.len());
                    self.accepted.extend(batch.iter().map(|(number, _)| number));
                }
                Ok(Some(Heard::Draining(draining))) => {
                    assert_eq!(draining.last_durable_seq, next - 1);
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    assert!(self.pending.is_empty(), "ended well, and not all is answered");
                    return;
                }
                Err(status) => {
                    return known(&status, &["LOG_UNAVAILABLE", "OUTCOME_UNKNOWN"]);
                }
            }
        }
    }
}
