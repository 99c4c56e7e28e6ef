//! How far each system has come in publishing into each dataset: the last `source_position` up to
//! which everything is durable. It is written behind the records and before their answer, so who was
//! answered finds it; who was not may find an older one, and what it then sends again is recognised.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use ndxp_log::{AppendError, Log, Partition, ReadError, Record, Stored};
use ndxp_model::{DatasetName, HubTopic, SystemName, Timestamp, Topic};
use ndxp_proto::{
    convert, error::Refusal, exchange::GetPublishStateResponse, exchange::PublishState,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{call::Call, core::Core, fold, refuse::Failed};

/// The longest position that a publisher may give, in bytes.
const MOST_BYTES: usize = 256;

/// Why the states cannot be folded. The node does not start.
#[derive(Debug, Error)]
pub enum StateError {
    /// The log cannot be read.
    #[error("the states of publishers cannot be read")]
    Read(#[from] ReadError),
    /// A record is damaged, or of a later version.
    #[error("record {0} of the publishers' states stops this node")]
    Record(u64),
}

/// Where a publisher stands in its own source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position(Box<str>);

impl Position {
    /// Reads one from the wire; an empty one is none.
    pub(super) fn read(text: String, path: &str) -> Result<Option<Self>, Refusal> {
        if text.len() > MOST_BYTES {
            return Err(Refusal::field(path, format!("at most {MOST_BYTES} bytes")));
        }
        Ok((!text.is_empty()).then(|| Self(text.into())))
    }
}

/// Whose state it is. A record's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Owner {
    dataset: DatasetName,
    system: SystemName,
}

/// A record's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// `pos`: the position, opaque.
    pos: Box<str>,
    /// `at`: when the hub took it, milliseconds since 1970.
    at: i64,
}

/// All states, folded from `ndxp.publishers`.
#[derive(Debug, Default)]
pub(crate) struct PublishStates {
    known: Mutex<BTreeMap<Owner, (u64, State)>>,
    /// How far the topic was read.
    next: tokio::sync::Mutex<u64>,
}

impl PublishStates {
    /// Folds the topic.
    pub(crate) async fn open(log: &Arc<dyn Log>) -> Result<Self, StateError> {
        let states = Self::default();
        *states.next.lock().await = log.earliest(&topic()).await?;
        states.read_on(log).await?;
        Ok(states)
    }

    /// Reads what other nodes have written meanwhile.
    async fn read_on(&self, log: &Arc<dyn Log>) -> Result<(), StateError> {
        let mut next = self.next.lock().await;
        let from = *next;
        fold::each(log, &topic(), from, |stored| {
            let (owner, state) = decode(stored).ok_or(StateError::Record(stored.offset))?;
            self.learn(owner, stored.offset, state);
            *next = stored.offset + 1;
            Ok::<_, StateError>(())
        })
        .await
    }

    /// Makes a position durable.
    pub(super) async fn write(
        &self,
        log: &Arc<dyn Log>,
        (dataset, system): (&DatasetName, &SystemName),
        position: &Position,
        now: Timestamp,
    ) -> Result<(), AppendError> {
        let owner = Owner { dataset: dataset.clone(), system: system.clone() };
        let state = State { pos: position.0.clone(), at: now.millis() };
        let record = encode(&owner, &state, now);
        let offset = log.append(HubTopic::Publishers, 0, vec![record]).await?;
        self.learn(owner, offset, state);
        Ok(())
    }

    /// Calls of one system may end in another order than the log has them in: the log's counts.
    fn learn(&self, owner: Owner, offset: u64, state: State) {
        let mut states = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = states.entry(owner).or_insert((offset, state.clone()));
        if known.0 < offset {
            *known = (offset, state);
        }
    }

    /// Returns what the systems of an agency have said about a dataset, in order of their ids.
    fn of(&self, dataset: &DatasetName, call: &Call) -> Vec<PublishState> {
        let states = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let own = states.iter().filter(|(owner, _)| {
            owner.dataset == *dataset && owner.system.agency == call.principal.agency
        });
        let message = |(owner, (_, state)): (&Owner, &(u64, State))| PublishState {
            system: owner.system.resource(),
            source_position: state.pos.to_string(),
            published_at: convert::timestamp(Timestamp::from_millis(state.at)),
        };
        own.map(message).collect()
    }
}

impl Core {
    /// Says how far the systems of the caller's agency have come.
    pub(crate) async fn publish_state(
        &self,
        call: &Call,
        dataset: &str,
    ) -> Result<GetPublishStateResponse, Failed> {
        let name = convert::dataset_name(dataset, "dataset")?;
        let agency = &call.principal.agency;
        if self.registry.read(|state| state.visible(agency, &name).is_none()) {
            return Err(crate::refuse::not_found(&name.resource()).into());
        }
        if self.log.is_shared() {
            // What was answered by another node counts here too.
            self.log.confirm(&topic()).await?;
            self.publish_states.read_on(&self.log).await?;
        }
        Ok(GetPublishStateResponse { states: self.publish_states.of(&name, call) })
    }
}

fn topic() -> Partition {
    Partition { topic: Topic::Hub(HubTopic::Publishers), number: 0 }
}

fn encode(owner: &Owner, state: &State, now: Timestamp) -> Record {
    let key = format!("{} {}", owner.dataset, owner.system);
    let value = serde_json::to_vec(state).unwrap_or_default();
    Record { key: Some(key.into()), value: value.into(), timestamp: now, headers: Vec::new() }
}

fn decode(stored: &Stored) -> Option<(Owner, State)> {
    let key = std::str::from_utf8(stored.record.key.as_deref()?).ok()?;
    let (dataset, system) = key.split_once(' ')?;
    let owner = Owner { dataset: dataset.parse().ok()?, system: system.parse().ok()? };
    Some((owner, serde_json::from_slice(&stored.record.value).ok()?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn stored_state_stays_readable() {
        let owner = Owner {
            dataset: "tax/citizens".parse().unwrap(),
            system: "tax/portal".parse().unwrap(),
        };
        let state = State { pos: "0/16B3748 \"x\"".into(), at: 1_766_000_000_123 };
        let record = encode(&owner, &state, Timestamp::from_millis(state.at));
        assert_eq!(record.key.as_deref(), Some(b"tax/citizens tax/portal".as_slice()));
        assert_eq!(record.value, r#"{"pos":"0/16B3748 \"x\"","at":1766000000123}"#);
        let stored = Stored { offset: 7, record };
        assert_eq!(decode(&stored), Some((owner, state)));
    }
}
