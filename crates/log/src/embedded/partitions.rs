//! The partitions in memory: ends, tails, and where the writer stands.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use ndxp_model::{Keep, Timestamp, Topic};
use tokio::sync::watch;

use super::{
    ends::Ends,
    keys::{Cleaned, PartitionId, Start},
    tail::{Tail, TailLimits},
    tidy::Tidied,
};
use crate::Partition;

/// One partition.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: PartitionId,
    /// The first offset that retention has left. It moves once that is durable.
    earliest: AtomicU64,
    /// Below it compaction may have left holes. It moves before they are made.
    holes: AtomicU64,
    /// What may be deleted.
    pub(super) keep: Mutex<Keep>,
    /// How far deleting got; for one run at a time.
    pub(super) tidied: Mutex<Tidied>,
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

/// A partition as it stands in the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loaded {
    pub(super) keep: Keep,
    pub(super) start: Start,
    pub(super) cleaned: Cleaned,
    pub(super) head: Head,
}

impl Loaded {
    /// A new one.
    pub(super) fn empty(keep: Keep) -> Self {
        let start = Start::default();
        let head = Head { offset: 0, time: start.time };
        Self { keep, start, cleaned: Cleaned::default(), head }
    }
}

impl Slot {
    pub(super) fn new(id: PartitionId, loaded: Loaded, tail: TailLimits) -> Self {
        let head = loaded.head;
        Self {
            id,
            earliest: AtomicU64::new(loaded.start.offset),
            holes: AtomicU64::new(loaded.cleaned.holes),
            keep: Mutex::new(loaded.keep),
            tidied: Mutex::new(Tidied::new(loaded.cleaned)),
            end: watch::Sender::new(head.offset),
            tail: Mutex::new(Tail::new(tail, head.offset)),
            head: Mutex::new(head),
        }
    }

    pub(super) fn earliest(&self) -> u64 {
        self.earliest.load(Ordering::Acquire)
    }

    pub(super) fn begin_at(&self, start: u64) {
        self.earliest.store(start, Ordering::Release);
    }

    /// Says whether a record that is not at `offset` may have been compacted away.
    pub(super) fn is_hole(&self, offset: u64) -> bool {
        offset < self.holes.load(Ordering::Acquire) || offset < self.earliest()
    }

    /// Returns below which offset holes are to be expected from now on: what was once said stays.
    pub(super) fn expect_holes_below(&self, holes: u64) -> u64 {
        self.holes.fetch_max(holes, Ordering::AcqRel).max(holes)
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

    pub(super) fn insert(&self, topic: Topic, slots: Vec<Slot>) {
        let slots = slots.into_iter().map(Arc::new).collect();
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(topic, slots);
    }

    /// Returns every partition, topic by topic.
    pub(super) fn all(&self) -> BTreeMap<Topic, Vec<Arc<Slot>>> {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        topics.iter().map(|(topic, slots)| (topic.clone(), slots.clone())).collect()
    }

    /// Returns a topic's partitions; none if it is not there.
    pub(super) fn of(&self, topic: &Topic) -> Vec<Arc<Slot>> {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        topics.get(topic).cloned().unwrap_or_default()
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
