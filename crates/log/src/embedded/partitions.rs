//! The partitions in memory: ends, tails, and where the writer stands.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use ndxp_model::{Timestamp, Topic};
use tokio::sync::watch;

use super::{
    ends::Ends,
    store::PartitionId,
    tail::{Tail, TailLimits},
};
use crate::Partition;

/// One partition.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: PartitionId,
    /// The first offset that retention has left.
    pub(super) earliest: u64,
    /// The durable end. INVARIANT: what lies below is on stable storage and in the store.
    pub(super) end: watch::Sender<u64>,
    pub(super) tail: Mutex<Tail>,
    /// Touched by the writer thread alone.
    pub(super) head: Mutex<Head>,
}

/// What the next record gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) offset: u64,
    /// The last record's: the next one's is not earlier.
    pub(super) time: Timestamp,
}

impl Slot {
    pub(super) fn new(id: PartitionId, earliest: u64, head: Head, tail: TailLimits) -> Self {
        Self {
            id,
            earliest,
            end: watch::Sender::new(head.offset),
            tail: Mutex::new(Tail::new(tail, head.offset)),
            head: Mutex::new(head),
        }
    }
}

/// Every partition by topic.
#[derive(Debug, Default)]
pub(super) struct Partitions(RwLock<HashMap<Topic, Vec<Arc<Slot>>>>);

impl Partitions {
    pub(super) fn get(&self, at: &Partition) -> Option<Arc<Slot>> {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        topics.get(&at.topic)?.get(at.number as usize).map(Arc::clone)
    }

    /// Returns how many partitions a topic has, if it is there.
    pub(super) fn count(&self, topic: &Topic) -> Option<usize> {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        topics.get(topic).map(Vec::len)
    }

    pub(super) fn insert(&self, topic: Topic, slots: Vec<Slot>) {
        let slots = slots.into_iter().map(Arc::new).collect();
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(topic, slots);
    }

    /// Returns the next free number of a topic.
    pub(super) fn next_id(&self, first: u32) -> u32 {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let used = topics.values().flatten().map(|slot| slot.id.topic + 1);
        used.max().unwrap_or(first).max(first)
    }

    pub(super) fn ends(&self) -> Ends {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let slots = topics.iter().flat_map(|(topic, slots)| {
            (0..).zip(slots).map(move |(number, slot)| {
                let at = Partition { topic: topic.clone(), number };
                (at.to_string(), *slot.end.borrow())
            })
        });
        Ends(slots.collect())
    }
}

/// Locks what is left consistent even by a panic: plain values, replaced whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
