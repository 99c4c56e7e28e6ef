//! The publisher of a dataset of state: it sends a batch again until somebody says what became of it.

use std::collections::BTreeMap;

use ndxp_client::proto::exchange::Record;
use ndxp_testkit::{Chance, TestHub, delete, upsert};
use tonic::Status;

use crate::{story::tell, world::known};

pub(crate) const PEOPLE: &str = "tax/people";
pub(crate) const PROVINCES: [&str; 3] = ["01", "02", "03"];

/// Each person's province and version.
pub(crate) type State = BTreeMap<String, (&'static str, u64)>;

#[derive(Default)]
pub(crate) struct People {
    /// What the hub has said yes to.
    pub(crate) state: State,
    /// Sent, and nobody knows: the batch, and the state behind it.
    pending: Option<(Vec<Record>, State)>,
    sent: u64,
}

impl People {
    /// Publishes what is pending, else something new.
    pub(crate) async fn publish(&mut self, hub: &TestHub, chance: &mut Chance) {
        if self.pending.is_none() {
            self.prepare(chance);
        }
        self.send(hub).await;
    }

    /// Begins to publish, for a hub that will not live to answer.
    pub(crate) fn begin(&mut self, hub: &TestHub, chance: &mut Chance) {
        if self.pending.is_none() {
            self.prepare(chance);
        }
        let records = self.pending.as_ref().map(|(records, _)| records.clone()).unwrap_or_default();
        let channel = hub.channel("agency/tax/system/portal");
        tokio::spawn(TestHub::publish_on(channel, PEOPLE, records));
    }

    /// Publishes until nothing is pending.
    pub(crate) async fn finish(&mut self, hub: &TestHub) {
        for _ in 0..10 {
            self.send(hub).await;
            if self.pending.is_none() {
                return;
            }
        }
        panic!("a batch is never taken");
    }

    async fn send(&mut self, hub: &TestHub) {
        let Some((records, state)) = self.pending.take() else { return };
        let count = records.len();
        let answer: Result<_, Status> = hub.publish("tax", PEOPLE, records.clone()).await;
        match answer {
            Ok(answer) => {
                assert_eq!((answer.accepted + answer.duplicates) as usize, count);
                assert!(answer.receipt.is_some());
                tell("published");
                self.state = state;
            }
            Err(status) => {
                tell(format!("publish: {}", status.message()));
                known(&status, &["LOG_UNAVAILABLE", "OUTCOME_UNKNOWN"]);
                self.pending = Some((records, state));
            }
        }
    }

    fn prepare(&mut self, chance: &mut Chance) {
        let (mut records, mut state) = (Vec::new(), self.state.clone());
        for _ in 0..=chance.below(4) {
            self.sent += 1;
            let (id, name) = (chance.below(6).to_string(), format!("p-{}", self.sent));
            if chance.percent(20) {
                tell(format!("prepared: delete {id}"));
                state.remove(&id);
                records.push(delete(&name, format!(r#"{{"id":"{id}"}}"#)));
            } else {
                let (province, version) = (chance.of(&PROVINCES), self.sent);
                let payload =
                    format!(r#"{{"id":"{id}","name":"{version}","province":"{province}"}}"#);
                tell(format!("prepared: {payload}"));
                state.insert(id, (province, version));
                records.push(upsert(&name, payload));
            }
        }
        self.pending = Some((records, state));
    }
}
