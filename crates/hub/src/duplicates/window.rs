//! The part of a dataset's window that is still in memory.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque, hash_map::Entry};

use ndxp_model::Timestamp;

use super::identity::{Hash, Identity, Seen};

/// What was found out about one record of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// New, and reserved until the batch is settled.
    Fresh,
    /// A repeat: of the audit entry of its first time, or of an earlier record of this batch.
    Duplicate(Option<u64>),
    /// It has the id of another record with other content.
    Reused,
    /// Another call is writing a record of this id at this moment.
    Busy,
}

/// A batch sorted, in its order.
#[derive(Debug, Default)]
pub(crate) struct Reserved {
    /// One a record.
    pub findings: Vec<Finding>,
    /// The ids of the fresh ones, in order.
    ids: Vec<Hash>,
    /// Where several nodes write: how far each partition was read before.
    pub(super) known: BTreeMap<u32, u64>,
}

impl Reserved {
    /// Returns the offset of a partition below which the fresh ones are known to be new.
    pub(crate) fn known(&self, partition: u32) -> Option<u64> {
        self.known.get(&partition).copied()
    }

    pub(super) fn ids(&self) -> &[Hash] {
        &self.ids
    }

    /// Forgets the records from an index on, and returns the ids that were reserved for them.
    pub(super) fn cut(&mut self, from: usize) -> Vec<Hash> {
        self.findings.truncate(from);
        let fresh = self.findings.iter().filter(|finding| **finding == Finding::Fresh).count();
        self.ids.split_off(fresh)
    }
}

#[derive(Debug, Default)]
pub(super) struct Window {
    pub seen: HashMap<Hash, Seen>,
    order: VecDeque<(Timestamp, Hash)>,
    /// Partitions to be read again from these offsets: of what was reserved meanwhile it is not known
    /// who wrote it, if anybody.
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
    ) -> Reserved {
        let mut reserved = Reserved::default();
        let mut own = HashSet::new();
        for identity in batch {
            let known = match self.seen.entry(identity.id) {
                Entry::Occupied(known) => Some(*known.get()),
                Entry::Vacant(free) => older.get(&identity.id).copied().or_else(|| {
                    free.insert(Seen { content: identity.content, at: now, entry: None });
                    None
                }),
            };
            let finding = match known {
                None => {
                    self.order.push_back((now, identity.id));
                    reserved.ids.push(identity.id);
                    own.insert(identity.id);
                    Finding::Fresh
                }
                Some(known) if known.content != identity.content => Finding::Reused,
                Some(Seen { entry: None, .. }) if !own.contains(&identity.id) => Finding::Busy,
                Some(known) => Finding::Duplicate(known.entry),
            };
            reserved.findings.push(finding);
        }
        reserved
    }

    /// The records are durable.
    pub(super) fn settle(&mut self, ids: &[Hash], entry: u64) {
        for id in ids {
            if let Some(seen) = self.seen.get_mut(id) {
                seen.entry = Some(entry);
            }
        }
    }

    /// Nothing was written, by anybody.
    pub(super) fn release(&mut self, ids: &[Hash]) {
        for id in ids {
            self.seen.remove(id);
        }
    }

    /// Nobody knows: whatever was written stands in these partitions, from these offsets on.
    pub(super) fn doubt(&mut self, ids: &[Hash], since: BTreeMap<u32, u64>) {
        for (partition, offset) in since {
            let from = self.doubtful.entry(partition).or_insert(offset);
            *from = offset.min(*from);
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
        self.note(found);
        self.doubtful.clear();
    }

    /// Takes what the log holds beside what this node writes.
    pub(super) fn note(&mut self, found: impl IntoIterator<Item = (Hash, Seen)>) {
        for (id, seen) in found {
            // The first in the log counts; a later equal one is superseded.
            if let Entry::Vacant(free) = self.seen.entry(id) {
                free.insert(seen);
                self.order.push_back((seen.at, id));
            }
        }
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
