//! Why nothing new is read or handed out.

use ndxp_model::Timestamp;

use super::{Stream, want::Turn};
use crate::{
    change::Change,
    now::Now,
    place::Place,
    record::{Failed, Failure, Outage},
};

/// So many dead letters stop a subscription: a consumer that rejects everything would fill the
/// memory of the node.
pub const MOST_LETTERS: usize = 100_000;

/// Why a subscription is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// `CONSUMER_FAILING`: it fails everything. One record at a time is tried; the first that is
    /// acknowledged ends it.
    ConsumerFailing {
        /// Since when.
        since: Timestamp,
    },
    /// `PARKED_KEYS_FULL`: so many records are parked or wait for their retry that nothing new is
    /// read.
    ParkedKeysFull,
    /// `DEAD_LETTERS_FULL`: there are [`MOST_LETTERS`] dead letters. Redrive or purge some.
    DeadLettersFull,
}

impl Stream {
    /// Returns why the subscription is paused, if it is.
    #[must_use]
    pub fn paused(&self) -> Option<Pause> {
        if let Some(failing) = &self.health.failing {
            return Some(Pause::ConsumerFailing { since: failing.since });
        }
        if self.progress.letter_count() >= MOST_LETTERS {
            return Some(Pause::DeadLettersFull);
        }
        (self.parking_room() == 0).then_some(Pause::ParkedKeysFull)
    }

    pub(super) fn parking_room(&self) -> u64 {
        self.options.parking.records().saturating_sub(self.held.log_count())
    }

    /// Tells whether records that were not read yet may be.
    pub(super) fn reads_on(&self) -> bool {
        self.pass.is_none() && self.progress.letter_count() < MOST_LETTERS
    }

    /// Tells whether the next record that is read is kept and not tried, because an earlier stream
    /// may have ended on it.
    pub(super) fn sets_aside(&self, now: Now) -> bool {
        let failing = self.health.failing.as_ref();
        failing.is_some_and(|failing| failing.is_due(now.monotonic_ms) && failing.set_aside > 0)
    }

    pub(super) fn set_one_aside(&mut self) {
        if let Some(failing) = &mut self.health.failing {
            failing.set_aside -= 1;
        }
    }

    /// Notes that a record that is handed out during an outage is its probe.
    pub(super) fn probe(&mut self, place: Place, unread: bool) {
        if let Some(failing) = &mut self.health.failing {
            failing.probed(place, unread);
        }
    }

    /// Returns what the next probe tries.
    pub(super) fn probe_turn(&self) -> Turn {
        let Some(failing) = &self.health.failing else { return Turn::All };
        let readable = self.reads_on()
            && self.parking_room() > 0
            && self.readers.iter().any(super::Reader::has_more);
        let unread = readable && (failing.unread_next || failing.set_aside > 0);
        match (unread, self.held.next_probe(failing.last, failing.before)) {
            (false, Some(work)) => Turn::Again(work.place),
            (true, _) | (false, None) => Turn::Unread,
        }
    }

    /// Pauses if what failed is everything.
    pub(super) fn pause_if_failing(&mut self, now: Now, change: &mut Change) {
        if self.health.is_outage(now) {
            self.health.pause(now.wall, 0, now);
            self.note_outage(0, change);
            self.drop_pending(change);
        }
    }

    pub(super) fn note_outage(&mut self, probes: u32, change: &mut Change) {
        let outage = Outage {
            sub: self.progress.subscription().clone(),
            epoch: self.epoch(),
            streak: self.health.streak,
            failing_since: self.health.failing.as_ref().map(|failing| failing.since),
            probes,
        };
        self.note(outage, change);
    }

    /// Drops failures that are the consumer's, not the records'.
    pub(super) fn drop_pending(&mut self, change: &mut Change) {
        let mut dropped = Vec::new();
        for place in std::mem::take(&mut self.pending) {
            let Some(failure) = self.failures.get_mut(&place) else { continue };
            failure.pending = 0;
            if self.progress.failure(place).is_some_and(|durable| durable.pending > 0) {
                dropped.push(*failure);
            }
            if failure.counted == 0 {
                self.failures.remove(&place);
            }
        }
        self.note_failures(&dropped, change);
    }

    /// Makes pending failures durable, so that the next stream knows them.
    pub(super) fn save_pending(&mut self, change: &mut Change) {
        let known = self.pending.iter().filter_map(|place| self.failures.get(place));
        let news: Vec<Failure> =
            known.filter(|f| self.progress.failure(f.place) != Some(**f)).copied().collect();
        self.note_failures(&news, change);
        if self.health.streak != self.progress.streak() && self.health.failing.is_none() {
            self.note_outage(0, change);
        }
    }

    pub(super) fn note_failures(&mut self, failures: &[Failure], change: &mut Change) {
        for chunk in failures.chunks(500) {
            let failed = Failed {
                sub: self.progress.subscription().clone(),
                epoch: self.epoch(),
                n: self.progress.next_number(),
                failures: chunk.to_vec(),
            };
            self.note(failed, change);
        }
    }
}
