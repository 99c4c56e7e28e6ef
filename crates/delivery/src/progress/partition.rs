//! One partition in the durable half.

use std::ops::Range;

use super::{Source, books::Books};
use crate::{
    record::{Base, HandedRange, RecordKey, Slot, Span},
    spans::Spans,
};

/// How far a partition has come.
///
/// INVARIANT: `settled` and `handed` lie at and above `position` and do not overlap.
#[derive(Debug, Clone, Default)]
pub(super) struct Partition {
    /// Everything below is settled.
    pub(super) position: u64,
    /// The offset after the highest that was ever handed out or passed.
    pub(super) reached: u64,
    /// Below it what is handed out is a replay.
    pub(super) replayed_below: u64,
    pub(super) settled: Spans<()>,
    handed: Spans<HandedOut>,
}

/// How often offsets were handed out, and which record says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HandedOut {
    attempt: u32,
    from: Source,
    epoch: u64,
}

impl HandedOut {
    fn key(self) -> RecordKey {
        RecordKey { epoch: self.epoch, slot: Slot::Handed(self.from) }
    }
}

impl Partition {
    pub(super) fn at(position: u64) -> Self {
        Self { position, ..Self::default() }
    }

    pub(super) fn attempt_of(&self, offset: u64) -> u32 {
        self.handed.get(offset).map_or(0, |handed| handed.attempt)
    }

    pub(super) fn is_settled(&self, offset: u64) -> bool {
        offset < self.position || self.settled.get(offset).is_some()
    }

    /// Moves the cursor. Never back: one that is written twice, as after an unknown outcome, does
    /// nothing.
    pub(super) fn move_to(&mut self, position: u64, books: &mut Books) {
        if position <= self.position {
            return;
        }
        self.position = position;
        self.reached = self.reached.max(position);
        self.settled.clear(0..position);
        self.handed.take(0..position, |count, handed| books.release(handed.key(), count));
    }

    pub(super) fn settle(&mut self, offsets: Range<u64>, books: &mut Books) {
        let offsets = offsets.start.max(self.position)..offsets.end;
        if offsets.is_empty() {
            return;
        }
        self.reached = self.reached.max(offsets.end);
        self.handed.take(offsets.clone(), |count, handed| books.release(handed.key(), count));
        self.settled.set(offsets, ());
    }

    pub(super) fn hand(&mut self, range: &HandedRange, n: u64, epoch: u64, books: &mut Books) {
        let handed = HandedOut { attempt: range.attempt, from: n, epoch };
        // What is settled may be handed out as well (a dead letter, the difference of two views):
        // that is not kept here.
        for gap in self.settled.gaps(range.first.max(self.position)..range.last + 1) {
            self.reached = self.reached.max(gap.end);
            books.refer(handed.key(), gap.end - gap.start);
            self.handed.take(gap.clone(), |count, handed| books.release(handed.key(), count));
            self.handed.set(gap, handed);
        }
    }

    pub(super) fn seek(&mut self, position: u64, books: &mut Books) {
        self.reached = self.reached.max(self.position);
        self.replayed_below = self.replayed_below.max(self.reached);
        self.settled = Spans::default();
        self.handed.take(0..position, |count, handed| books.release(handed.key(), count));
        self.position = position;
    }

    /// What it knows is of an older epoch from now on.
    pub(super) fn age(&mut self) {
        let mut aged = Spans::default();
        for (span, handed) in self.handed.iter() {
            aged.set(span, HandedOut { from: 0, epoch: 0, ..handed });
        }
        self.handed = aged;
    }
}

/// Returns what is settled above the cursors.
pub(super) fn settled(partitions: &[Partition]) -> Vec<Span> {
    let of = |(partition, state): (u32, &Partition)| {
        let spans = state.settled.iter().map(|(span, ())| span);
        spans
            .map(|span| Span { partition, first: span.start, last: span.end - 1 })
            .collect::<Vec<_>>()
    };
    (0..).zip(partitions).flat_map(of).collect()
}

/// Returns what was handed out and is not settled, whichever records say so.
pub(super) fn handed(partitions: &[Partition]) -> Vec<HandedRange> {
    let of = |(partition, state): (u32, &Partition)| {
        let mut merged = Spans::default();
        for (span, handed) in state.handed.iter() {
            merged.set(span, handed.attempt);
        }
        let range = |(span, attempt): (Range<u64>, u32)| HandedRange {
            partition,
            first: span.start,
            last: span.end - 1,
            attempt,
        };
        merged.iter().map(range).collect::<Vec<_>>()
    };
    (0..).zip(partitions).flat_map(of).collect()
}

/// Reads what a base says of each partition. Its spans name partitions that are there.
pub(super) fn from_base(base: &Base) -> Vec<Partition> {
    let positions = base.positions.iter().zip(&base.reached).zip(&base.replayed_below);
    let each = (0..).zip(positions).map(|(number, ((&position, &reached), &replayed_below))| {
        let mut partition = Partition { position, reached, replayed_below, ..Partition::default() };
        for span in base.settled.iter().filter(|span| span.partition == number) {
            partition.settled.set(span.first..span.last + 1, ());
        }
        for range in base.handed.iter().filter(|range| range.partition == number) {
            let handed = HandedOut { attempt: range.attempt, from: 0, epoch: 0 };
            partition.handed.set(range.first..range.last + 1, handed);
        }
        partition
    });
    each.collect()
}
