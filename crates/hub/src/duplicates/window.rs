//! The part of a dataset's window that is still in memory.

use std::collections::{BTreeMap, HashMap, VecDeque, hash_map::Entry};

use ndxp_model::Timestamp;

use super::identity::{Hash, Identity, Seen};

/// Why a batch cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clash {
    /// The record has the id of another one with other content.
    Reused(usize),
    /// Another call is writing a record of this id at this moment.
    Busy,
}

/// A batch sorted into new records and repeats. New ones are reserved until it is settled.
#[derive(Debug)]
pub(crate) struct Reserved {
    /// Indices of the records that are new, in order.
    pub fresh: Vec<usize>,
    /// How many are repeats.
    pub duplicates: usize,
    /// The audit entry of a repeat's first time.
    pub first_entry: Option<u64>,
    pub(super) ids: Vec<Hash>,
}

#[derive(Debug, Default)]
pub(super) struct Window {
    pub seen: HashMap<Hash, Seen>,
    order: VecDeque<(Timestamp, Hash)>,
    /// Partitions to be read again from these offsets: an append there has an unknown outcome.
    pub doubtful: BTreeMap<u32, u64>,
    doubtful_ids: Vec<Hash>,
}

impl Window {
    /// Sorts a batch; `older` is what the segments know of its ids.
    pub(super) fn reserve(
        &mut self,
        batch: &[Identity],
        now: Timestamp,
        older: &HashMap<Hash, Seen>,
    ) -> Result<Reserved, Clash> {
        let mut reserved =
            Reserved { fresh: Vec::new(), duplicates: 0, first_entry: None, ids: Vec::new() };
        for (index, identity) in batch.iter().enumerate() {
            let known = match (self.seen.entry(identity.id), older.get(&identity.id)) {
                (Entry::Occupied(known), _) => *known.get(),
                (Entry::Vacant(_), Some(known)) => *known,
                (Entry::Vacant(free), None) => {
                    free.insert(Seen { content: identity.content, at: now, entry: None });
                    self.order.push_back((now, identity.id));
                    reserved.fresh.push(index);
                    reserved.ids.push(identity.id);
                    continue;
                }
            };
            let clash = if known.content != identity.content {
                Clash::Reused(index)
            } else if known.entry.is_some() || reserved.ids.contains(&identity.id) {
                reserved.duplicates += 1;
                reserved.first_entry = reserved.first_entry.or(known.entry);
                continue;
            } else {
                Clash::Busy
            };
            self.release(&reserved.ids);
            return Err(clash);
        }
        Ok(reserved)
    }

    /// The records are durable.
    pub(super) fn settle(&mut self, ids: &[Hash], entry: u64) {
        for id in ids {
            if let Some(seen) = self.seen.get_mut(id) {
                seen.entry = Some(entry);
            }
        }
    }

    /// Nothing was written.
    pub(super) fn release(&mut self, ids: &[Hash]) {
        for id in ids {
            self.seen.remove(id);
        }
    }

    /// Nobody knows: `ends` are the partitions' durable ends from before the append.
    pub(super) fn doubt(&mut self, ids: Vec<Hash>, ends: BTreeMap<u32, u64>) {
        for (partition, end) in ends {
            let from = self.doubtful.entry(partition).or_insert(end);
            *from = end.min(*from);
        }
        self.doubtful_ids.extend(ids);
    }

    /// Takes what the log holds, which settles every doubt.
    pub(super) fn learn(&mut self, found: Vec<(Hash, Seen)>) {
        for id in std::mem::take(&mut self.doubtful_ids) {
            if self.seen.get(&id).is_some_and(|seen| seen.entry.is_none()) {
                self.seen.remove(&id);
            }
        }
        for (id, seen) in found {
            // The first in the log counts; a later equal one is superseded.
            if let Entry::Vacant(free) = self.seen.entry(id) {
                free.insert(seen);
                self.order.push_back((seen.at, id));
            }
        }
        self.doubtful.clear();
    }

    pub(super) fn forget_before(&mut self, oldest: Timestamp) {
        while let Some((_, id)) = self.order.pop_front_if(|(at, _)| *at < oldest) {
            if self.seen.get(&id).is_some_and(|seen| seen.at < oldest) {
                self.seen.remove(&id);
            }
        }
    }

    /// Forgets what stands in a segment now.
    pub(super) fn hand_over(&mut self, ids: &[Hash]) {
        self.release(ids);
        let seen = &self.seen;
        while self.order.pop_front_if(|(_, id)| !seen.contains_key(id)).is_some() {}
    }

    /// Returns the instant of the oldest record, if the order knows it.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.order.front().map(|(at, _)| *at)
    }

    /// Returns what is older than `end`, unless something of it is still being written.
    pub(super) fn settled_before(&self, end: Timestamp) -> Option<Vec<(Hash, Seen)>> {
        let old = self.seen.iter().filter(|(_, seen)| seen.at < end);
        old.map(|(id, seen)| seen.entry.is_some().then_some((*id, *seen))).collect()
    }
}
