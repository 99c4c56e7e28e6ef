//! How far a subscription has come, as the log knows it.

#[cfg(test)]
mod tests;

use ndxp_model::SubscriptionName;
use serde::Serialize;

use crate::{
    record::{Cursor, DeliveryRecord, Handed, Opened, wire},
    spans::Spans,
};

/// The durable half: a fold of one subscription's records, in the order of its lane.
///
/// Its size is bounded by what was handed out above the cursor, hence by
/// [`Limits::window_records`](crate::Limits::window_records), and far smaller where no filter
/// splits the ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    sub: SubscriptionName,
    epoch: u64,
    partitions: Vec<Partition>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Partition {
    /// Everything below is settled.
    position: u64,
    /// How often each offset from `position` on was handed out.
    handed: Spans<u32>,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a frame leaves only if its record was taken"]
pub enum Applied {
    /// It counts.
    Taken,
    /// It is of a stream that a newer one has fenced, and changes nothing.
    Fenced,
    /// It is another subscription's, of the same lane, and changes nothing.
    OtherSubscription,
    /// No correct hub writes it at this place (an epoch that was not opened, a partition that is
    /// not there), and it changes nothing. The shell reports it.
    Impossible,
}

impl Progress {
    /// Returns the progress of a subscription that was never opened.
    #[must_use]
    pub fn new(sub: SubscriptionName) -> Self {
        Self { sub, epoch: 0, partitions: Vec::new() }
    }

    /// Returns whose progress it is.
    #[must_use]
    pub fn subscription(&self) -> &SubscriptionName {
        &self.sub
    }

    /// Returns the number of the latest stream, 0 if none was ever opened.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns the cursor: the lowest offset that is not settled, a partition each. Empty if no
    /// stream was ever opened.
    #[must_use]
    pub fn positions(&self) -> Vec<u64> {
        self.partitions.iter().map(|partition| partition.position).collect()
    }

    /// Returns how often an offset from the cursor on was handed out; 0 is never. Below the cursor
    /// it is 0 too: what is settled is forgotten.
    #[must_use]
    pub fn attempt_of(&self, partition: u32, offset: u64) -> u32 {
        let partition = self.partitions.get(index(partition));
        partition.and_then(|partition| partition.handed.get(offset)).unwrap_or(0)
    }

    /// Returns the record that opens the next stream and fences this one. `start` is where the
    /// subscription starts, an offset a partition; it counts for the first stream only.
    ///
    /// Two openers may race with the same epoch: the record that comes first in the lane is taken.
    #[must_use]
    pub fn opening(&self, start: &[u64]) -> Opened {
        let start = if self.epoch == 0 { start.to_vec() } else { self.positions() };
        Opened { sub: self.sub.clone(), epoch: self.epoch.saturating_add(1), start }
    }

    /// Applies the next record of the lane. It is total and depends on the record alone.
    pub fn apply(&mut self, record: &DeliveryRecord) -> Applied {
        if *record.subscription() != self.sub {
            return Applied::OtherSubscription;
        }
        match record {
            DeliveryRecord::Opened(opened) => self.open(opened),
            _ if record.epoch() < self.epoch => Applied::Fenced,
            _ if record.epoch() > self.epoch || self.epoch == 0 => Applied::Impossible,
            DeliveryRecord::Handed(handed) => self.hand(handed),
            DeliveryRecord::Cursor(cursor) => self.settle(cursor),
        }
    }

    /// Returns the state as bytes: equal if and only if the states are.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let spans = |number: u32, partition: &Partition| {
            let spans = partition.handed.iter();
            spans
                .map(|(span, attempt)| (number, span.start, span.end - 1, attempt))
                .collect::<Vec<_>>()
        };
        wire::to_json(&Snapshot {
            v: 1,
            sub: &self.sub,
            epoch: self.epoch,
            positions: self.positions(),
            handed: (0..).zip(&self.partitions).flat_map(|(n, p)| spans(n, p)).collect(),
        })
    }

    fn open(&mut self, opened: &Opened) -> Applied {
        if opened.epoch <= self.epoch {
            return Applied::Fenced;
        }
        let first = self.epoch == 0;
        let fits = first || opened.start.len() == self.partitions.len();
        if opened.start.is_empty() || !fits {
            return Applied::Impossible;
        }
        self.epoch = opened.epoch;
        if first {
            let at = |&position| Partition { position, ..Partition::default() };
            self.partitions = opened.start.iter().map(at).collect();
        }
        Applied::Taken
    }

    fn hand(&mut self, handed: &Handed) -> Applied {
        let here = |range: &crate::HandedRange| {
            range.is_possible() && index(range.partition) < self.partitions.len()
        };
        if !handed.ranges.iter().all(here) {
            return Applied::Impossible;
        }
        for range in &handed.ranges {
            if let Some(partition) = self.partitions.get_mut(index(range.partition)) {
                let from = range.first.max(partition.position);
                partition.handed.set(from..range.last + 1, range.attempt);
            }
        }
        Applied::Taken
    }

    fn settle(&mut self, cursor: &Cursor) -> Applied {
        if cursor.positions.len() != self.partitions.len() {
            return Applied::Impossible;
        }
        for (partition, &position) in self.partitions.iter_mut().zip(&cursor.positions) {
            // Never back: a cursor that is written twice, as after an unknown outcome, does nothing.
            partition.position = partition.position.max(position);
            partition.handed.clear(0..partition.position);
        }
        Applied::Taken
    }
}

/// The form of [`Progress::to_bytes`].
#[derive(Serialize)]
struct Snapshot<'a> {
    v: u64,
    sub: &'a SubscriptionName,
    epoch: u64,
    positions: Vec<u64>,
    /// Partition, first offset, last offset, attempt.
    handed: Vec<(u32, u64, u64, u32)>,
}

/// A partition's number as an index. A number that no machine could index indexes nothing.
pub(crate) fn index(partition: u32) -> usize {
    usize::try_from(partition).unwrap_or(usize::MAX)
}
