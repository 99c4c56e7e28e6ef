//! How far a stream has come in one partition.

use std::{collections::BTreeSet, ops::Range};

use crate::spans::Spans;

/// A partition's reading position and what is unsettled below it.
///
/// INVARIANT: below `next_read`, an offset that is not in `unsettled` is settled or was withheld.
#[derive(Debug)]
pub(super) struct Reader {
    next_read: u64,
    unsettled: BTreeSet<u64>,
    /// At and above `next_read`, with an offset before it that is still to come.
    withheld: Spans<()>,
}

impl Reader {
    pub(super) fn at(position: u64) -> Self {
        Self { next_read: position, unsettled: BTreeSet::new(), withheld: Spans::default() }
    }

    pub(super) fn next_read(&self) -> u64 {
        self.next_read
    }

    /// Returns the lowest offset that is not settled.
    pub(super) fn settled_below(&self) -> u64 {
        self.unsettled.first().copied().unwrap_or(self.next_read)
    }

    /// Returns `offset` if everything in `from..offset` is withheld, else the first that is not.
    /// An `offset` below `from` gives `from`.
    pub(super) fn after_withheld(&self, from: u64, offset: u64) -> u64 {
        match self.withheld.end_at(from) {
            // Touching spans are one span, so nothing after its end is withheld.
            Some(end) => end.min(offset).max(from),
            None => from,
        }
    }

    pub(super) fn withhold(&mut self, offsets: Range<u64>) {
        self.withheld.set(offsets.start.max(self.next_read)..offsets.end, ());
        self.pass_withheld();
    }

    /// Notes a hand-out. Withheld offsets behind it are passed only by [`Reader::pass_withheld`],
    /// because a later decision on one of them may have been to hand it out in the same frame.
    pub(super) fn hand(&mut self, offset: u64) {
        self.unsettled.insert(offset);
        self.next_read = offset.saturating_add(1);
        self.withheld.clear(0..self.next_read);
    }

    pub(super) fn pass_withheld(&mut self) {
        if let Some(end) = self.withheld.end_at(self.next_read) {
            self.next_read = end;
            self.withheld.clear(0..end);
        }
    }

    pub(super) fn settle(&mut self, offset: u64) {
        self.unsettled.remove(&offset);
    }
}
