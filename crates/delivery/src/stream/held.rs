//! Records that the machine keeps and that are not outstanding: parked, waiting, ready.

use std::collections::{BTreeMap, BTreeSet};

use super::Waiting;
use crate::place::{KeyHash, Place, Verdict};

/// A record that is unsettled, with what has to be known to hand it out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) place: Place,
    pub(super) key: KeyHash,
    pub(super) verdict: Verdict,
    pub(super) origin: Origin,
    /// How often it was handed out.
    pub(super) attempts: u32,
    /// Failures in a row: they make it wait longer.
    pub(super) failures: u32,
}

impl Work {
    /// Returns which time it would be that it is handed out.
    pub(super) fn next_attempt(&self) -> u32 {
        self.attempts.saturating_add(1)
    }
}

/// How a record came to the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It was read from the log, in its order.
    Log,
    /// It is in the difference of two views.
    Revisit,
    /// It is a dead letter that an officer wants to be handed out again.
    Redriven,
}

/// What a held record waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Another record of its key.
    Parked,
    /// A moment.
    Until { ms: u64, by: Timer },
    /// To be fetched again and handed out.
    Ready,
}

/// Who chose the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// The backoff. A probe need not wait for it.
    Backoff,
    /// The consumer.
    Asked,
    /// The pace of a redrive. Only then does the record wait for its key's turn.
    Paced,
}

/// Held records by place.
#[derive(Debug, Default)]
pub(super) struct Held {
    records: BTreeMap<Place, (Work, Wait)>,
    /// Those with the fewest failures go first: where a crash is one record's fault, others get by.
    ready: BTreeSet<(u32, Place)>,
    timers: BTreeSet<(u64, Place)>,
    /// How many were read from the log: those are bounded.
    log_count: u64,
}

impl Held {
    pub(super) fn insert(&mut self, work: Work, wait: Wait) {
        self.remove(work.place);
        match wait {
            Wait::Parked => {}
            Wait::Ready => _ = self.ready.insert((work.failures, work.place)),
            Wait::Until { ms, .. } => _ = self.timers.insert((ms, work.place)),
        }
        self.log_count += u64::from(work.origin == Origin::Log);
        self.records.insert(work.place, (work, wait));
    }

    pub(super) fn remove(&mut self, place: Place) -> Option<Work> {
        let (work, wait) = self.records.remove(&place)?;
        match wait {
            Wait::Parked => {}
            Wait::Ready => _ = self.ready.remove(&(work.failures, place)),
            Wait::Until { ms, .. } => _ = self.timers.remove(&(ms, place)),
        }
        self.log_count -= u64::from(work.origin == Origin::Log);
        Some(work)
    }

    pub(super) fn get(&self, place: Place) -> Option<(Work, Wait)> {
        self.records.get(&place).copied()
    }

    /// A record waits no longer.
    pub(super) fn make_ready(&mut self, place: Place) {
        if let Some(work) = self.remove(place) {
            self.insert(work, Wait::Ready);
        }
    }

    pub(super) fn is_ready(&self, place: Place) -> bool {
        matches!(self.records.get(&place), Some((_, Wait::Ready)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn log_count(&self) -> u64 {
        self.log_count
    }

    pub(super) fn waiting(&self) -> Waiting {
        let (delayed, ready) = (self.timers.len(), self.ready.len());
        let parked = self.records.len() - delayed - ready;
        Waiting { parked: parked as u64, delayed: delayed as u64, ready: ready as u64 }
    }

    /// Takes the next place off whose moment has come; the record stays.
    pub(super) fn due(&mut self, now: u64) -> Option<Place> {
        let &(ms, place) = self.timers.first()?;
        (ms <= now).then_some(place)
    }

    /// Returns when the next wait ends.
    pub(super) fn next_timer(&self) -> Option<u64> {
        self.timers.first().map(|(ms, _)| *ms)
    }

    pub(super) fn ready(&self) -> impl Iterator<Item = &Work> {
        self.ready.iter().filter_map(|(_, place)| self.records.get(place)).map(|(work, _)| work)
    }

    /// Returns the next record behind `last`, in turn, that a probe may try; without one, that
    /// which it would be after `before` probes.
    pub(super) fn next_probe(&self, last: Option<Place>, before: u32) -> Option<Work> {
        use std::ops::Bound::{Excluded, Unbounded};
        let may = |(_, (_, wait)): &(&Place, &(Work, Wait))| match wait {
            Wait::Ready | Wait::Until { by: Timer::Backoff, .. } => true,
            Wait::Parked | Wait::Until { by: Timer::Asked | Timer::Paced, .. } => false,
        };
        let Some(last) = last else {
            let count = self.records.iter().filter(may).count().max(1);
            let nth = usize::try_from(before).unwrap_or(0) % count;
            return self.records.iter().filter(may).nth(nth).map(|(_, (work, _))| *work);
        };
        let behind = self.records.range((Excluded(last), Unbounded));
        let found = behind.chain(self.records.iter()).find(may);
        found.map(|(_, (work, _))| *work)
    }
}
