//! The partitions in memory: names, ends, windows, and whether they take appends.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use ndxp_model::Topic;
use tokio::sync::watch;

use super::{trial::Trial, window::Window};
use crate::{Partition, Stored, embedded::TailLimits};

/// One partition.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) at: Partition,
    /// The topic's name at the brokers.
    pub(super) topic: String,
    pub(super) number: i32,
    /// A number that spreads the partitions over the producers.
    pub(super) spread: usize,
    /// The durable end as far as this node knows: moved by its own acknowledged appends and by
    /// what it reads. INVARIANT: it never passes the high watermark and never goes back.
    pub(super) end: watch::Sender<u64>,
    /// Whether the tail's consumer has it.
    pub(super) is_followed: AtomicBool,
    pub(super) window: Mutex<Window>,
    /// The offset behind the last record in the window.
    pub(super) arrived: watch::Sender<u64>,
    /// The last time that a record of this node got, where times are the hub's own; `None` until
    /// the first append has asked.
    pub(super) clock: Mutex<Option<i64>>,
    /// Whether it is compacted: then each record needs a key.
    pub(super) is_compacted: AtomicBool,
    pub(super) trial: Trial,
    /// What is wrong with it, by the brokers' own account.
    pub(super) trouble: Mutex<Option<String>>,
}

impl Slot {
    pub(super) fn new(at: Partition, topic: String, end: u64, tail: TailLimits) -> Self {
        Self {
            number: i32::try_from(at.number).unwrap_or(i32::MAX),
            spread: spread(&at),
            at,
            topic,
            end: watch::Sender::new(end),
            is_followed: AtomicBool::new(false),
            window: Mutex::new(Window::new(tail)),
            arrived: watch::Sender::new(end),
            clock: Mutex::new(None),
            is_compacted: AtomicBool::new(false),
            trial: Trial::default(),
            trouble: Mutex::new(None),
        }
    }

    /// Whether its records' times are the hub's, not the brokers'.
    pub(super) fn keeps_times(&self) -> bool {
        matches!(self.at.topic, Topic::Hub(_))
    }

    /// Notes that the durable end is at least this.
    pub(super) fn reach(&self, end: u64) {
        self.end.send_if_modified(|known| {
            let moves = *known < end;
            *known = end.max(*known);
            moves
        });
    }

    /// Takes the next records from the tail's consumer, oldest first.
    pub(super) fn arrive(&self, all: Vec<Stored>) {
        let Some(next) = all.last().map(|last| last.offset + 1) else { return };
        all.iter().for_each(|stored| self.see_time(stored));
        let mut window = lock(&self.window);
        all.into_iter().for_each(|stored| window.push(stored));
        drop(window);
        self.arrived.send_replace(next);
        self.reach(next);
    }

    /// Lets this node's next record be no earlier than one that it has seen, whoever wrote it.
    pub(super) fn see_time(&self, stored: &Stored) {
        if let Some(last) = &mut *lock(&self.clock) {
            *last = (*last).max(stored.record.timestamp.millis());
        }
    }

    pub(super) fn needs_keys(&self) -> bool {
        self.is_compacted.load(Ordering::Relaxed)
    }
}

fn spread(at: &Partition) -> usize {
    let mut hasher = DefaultHasher::new();
    at.hash(&mut hasher);
    usize::try_from(hasher.finish() >> 33).unwrap_or_default()
}

/// Every partition by topic.
#[derive(Debug, Default)]
pub(super) struct Partitions(RwLock<HashMap<Topic, Vec<Arc<Slot>>>>);

impl Partitions {
    pub(super) fn get(&self, at: &Partition) -> Option<Arc<Slot>> {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        topics.get(&at.topic)?.get(at.number as usize).map(Arc::clone)
    }

    /// Returns a topic's partitions; none if it is not known.
    pub(super) fn of(&self, topic: &Topic) -> Vec<Arc<Slot>> {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        topics.get(topic).cloned().unwrap_or_default()
    }

    /// Adds a topic, unless somebody was faster: its slots are shared by then.
    pub(super) fn insert(&self, topic: Topic, slots: Vec<Slot>) {
        let mut topics = self.0.write().unwrap_or_else(PoisonError::into_inner);
        topics.entry(topic).or_insert_with(|| slots.into_iter().map(Arc::new).collect());
    }

    pub(super) fn all(&self) -> Vec<Arc<Slot>> {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        topics.values().flatten().cloned().collect()
    }
}

/// Locks what is left consistent even by a panic: plain values, replaced whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
