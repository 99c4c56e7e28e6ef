//! Which of the lane's records still say something, so that the others can be forgotten.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    place::Place,
    record::{RecordKey, Slot},
};

/// The keys that the lane holds for one subscription.
///
/// It is no part of the state: after compaction there are fewer keys, and the state is the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Books {
    /// The latest epoch has its base.
    based: bool,
    /// Keys that say something, with how much: offsets handed out, failures, a letter; else 1.
    live: BTreeMap<RecordKey, u64>,
    /// Keys of older epochs, which the next base makes unnecessary.
    old: BTreeSet<RecordKey>,
    /// Openings of older epochs with live letters: without its opening a letter would count as one
    /// that nobody can have written.
    pinned: BTreeSet<RecordKey>,
    /// Keys that say nothing any more.
    garbage: BTreeSet<RecordKey>,
    /// Letters that were closed above the cursor: until it passes, their records say that these
    /// places are settled.
    closed: BTreeMap<Place, RecordKey>,
    /// The highest number of failures or letter in this epoch.
    last_number: u64,
}

impl Books {
    pub(super) fn is_based(&self) -> bool {
        self.based
    }

    pub(super) fn next_number(&self) -> u64 {
        self.last_number.saturating_add(1)
    }

    /// A record was taken.
    pub(super) fn enter(&mut self, key: RecordKey) {
        match key.slot {
            Slot::Handed(_) => {}
            Slot::Failed(n) | Slot::Letter(n) => self.last_number = self.last_number.max(n),
            _ => {
                self.garbage.remove(&key);
                self.live.insert(key, 1);
                return;
            }
        }
        // A record that says something was entered by what it says.
        if !self.live.contains_key(&key) {
            self.garbage.insert(key);
        }
    }

    /// A record was not taken. Its key may be that of one that was, as after a repeated append.
    pub(super) fn discard(&mut self, key: RecordKey, epoch: u64) {
        let known = self.live.contains_key(&key) || self.old.contains(&key);
        if key.epoch == epoch || known || self.pinned.contains(&key) {
            return;
        }
        match self.based && key.epoch < epoch {
            true => self.garbage.insert(key),
            false => self.old.insert(key),
        };
    }

    /// Notes a tombstone.
    pub(super) fn forgotten(&mut self, key: RecordKey) {
        self.old.remove(&key);
        self.pinned.remove(&key);
        self.garbage.remove(&key);
        self.live.remove(&key);
        self.unpin(key.epoch);
    }

    /// A letter's record that was superseded says something again.
    pub(super) fn revive(&mut self, key: RecordKey, epoch: u64) {
        self.old.remove(&key);
        self.garbage.remove(&key);
        self.live.insert(key, 1);
        let opened = RecordKey { epoch: key.epoch, slot: Slot::Opened };
        if key.epoch < epoch && self.garbage.remove(&opened) {
            self.pinned.insert(opened);
        }
    }

    /// A new epoch began.
    pub(super) fn age(&mut self) {
        (self.based, self.last_number) = (false, 0);
        let closed: BTreeSet<RecordKey> = std::mem::take(&mut self.closed).into_values().collect();
        let letter = |key: &RecordKey| matches!(key.slot, Slot::Letter(_)) && !closed.contains(key);
        let (letters, old): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.live).into_iter().partition(|(key, _)| letter(key));
        self.live = letters;
        self.old.extend(old.into_keys());
        self.old.append(&mut self.garbage);
    }

    /// The epoch has its base: nothing needs what older ones wrote, but for the letters.
    pub(super) fn rebase(&mut self) {
        self.based = true;
        for key in std::mem::take(&mut self.old) {
            match key.slot == Slot::Opened && self.has_letters(key.epoch) {
                true => self.pinned.insert(key),
                false => self.garbage.insert(key),
            };
        }
    }

    fn has_letters(&self, epoch: u64) -> bool {
        let key = |n| RecordKey { epoch, slot: Slot::Letter(n) };
        self.live.range(key(0)..=key(u64::MAX)).next().is_some()
    }

    /// A record says `count` things more.
    pub(super) fn refer(&mut self, key: RecordKey, count: u64) {
        if count > 0 {
            self.garbage.remove(&key);
            *self.live.entry(key).or_default() += count;
        }
    }

    /// Of what a record says, `count` things do not matter any more.
    pub(super) fn release(&mut self, key: RecordKey, count: u64) {
        let Some(left) = self.live.get_mut(&key) else { return };
        *left = left.saturating_sub(count);
        if *left == 0 {
            self.live.remove(&key);
            self.garbage.insert(key);
            self.unpin(key.epoch);
        }
    }

    fn unpin(&mut self, epoch: u64) {
        let opened = RecordKey { epoch, slot: Slot::Opened };
        if self.pinned.contains(&opened) && !self.has_letters(epoch) {
            self.pinned.remove(&opened);
            self.garbage.insert(opened);
        }
    }

    /// A letter was closed by a record.
    pub(super) fn close(&mut self, place: Place, key: RecordKey, below_cursor: bool) {
        match below_cursor {
            true => self.release(key, 1),
            false => _ = self.closed.insert(place, key),
        }
    }

    /// A letter at a place is told of again, so that what closed an earlier one does not matter.
    pub(super) fn reopen(&mut self, place: Place) {
        if let Some(key) = self.closed.remove(&place) {
            self.release(key, 1);
        }
    }

    pub(super) fn drop_closed(&mut self, passed: impl Fn(&Place) -> bool) {
        let over: Vec<Place> = self.closed.keys().filter(|place| passed(place)).copied().collect();
        over.iter().for_each(|place| self.reopen(*place));
    }

    pub(super) fn take_garbage(&mut self, least: usize, most: usize) -> Vec<RecordKey> {
        if self.garbage.len() < least.max(1) {
            return Vec::new();
        }
        let keys: Vec<RecordKey> = self.garbage.iter().take(most).copied().collect();
        keys.iter().for_each(|key| _ = self.garbage.remove(key));
        keys
    }
}
