//! How far a stream has come in one partition.

use std::ops::Range;

use crate::spans::Spans;

/// A partition's reading position and what is unsettled below it.
///
/// INVARIANT: below `next_read`, an offset that is not in `unsettled` is settled or was withheld.
#[derive(Debug)]
pub(super) struct Reader {
    next_read: u64,
    /// The partition's end, as far as the shell has told it.
    end: u64,
    unsettled: Spans<()>,
    /// At and above `next_read`: settled by an earlier stream, or a dead letter.
    settled: Spans<()>,
    /// At and above `next_read`, with an offset before it that is still to come.
    withheld: Spans<()>,
}

impl Reader {
    /// Starts at the cursor, above which some is settled already.
    pub(super) fn new(position: u64, settled: Vec<Range<u64>>) -> Self {
        let mut reader = Self {
            next_read: position,
            end: u64::MAX,
            unsettled: Spans::default(),
            settled: Spans::default(),
            withheld: Spans::default(),
        };
        settled.into_iter().for_each(|span| reader.settled.set(span, ()));
        reader.pass();
        reader
    }

    pub(super) fn next_read(&self) -> u64 {
        self.next_read
    }

    pub(super) fn see_end(&mut self, end: u64) {
        self.end = end;
    }

    pub(super) fn has_more(&self) -> bool {
        self.next_read < self.end
    }

    /// Returns the lowest offset that is not settled.
    pub(super) fn settled_below(&self) -> u64 {
        self.unsettled.first().unwrap_or(self.next_read)
    }

    /// Returns what is settled above that.
    pub(super) fn settled_above(&self) -> Vec<Range<u64>> {
        let Some(first) = self.unsettled.first() else { return Vec::new() };
        let mut settled = self.unsettled.gaps(first..self.next_read);
        settled.extend(self.settled.iter().map(|(span, ())| span));
        settled
    }

    /// Tells whether an earlier stream settled an offset that is still to be read.
    pub(super) fn was_settled(&self, offset: u64) -> bool {
        self.settled.get(offset).is_some()
    }

    /// Tells whether an offset was read and is settled.
    pub(super) fn is_settled(&self, offset: u64) -> bool {
        let read = offset < self.next_read && self.unsettled.get(offset).is_none();
        read || self.was_settled(offset)
    }

    /// Returns `offset` if everything in `from..offset` is withheld or settled, else the first that
    /// is neither. An `offset` below `from` gives `from`.
    pub(super) fn after_passed(&self, from: u64, offset: u64) -> u64 {
        let mut next = from;
        while next < offset {
            let ends = [self.withheld.end_at(next), self.settled.end_at(next)];
            match ends.into_iter().flatten().max() {
                Some(end) => next = end,
                None => return next,
            }
        }
        next.min(offset).max(from)
    }

    pub(super) fn withhold(&mut self, offsets: Range<u64>) {
        self.withheld.set(offsets.start.max(self.next_read)..offsets.end, ());
        self.pass();
    }

    /// Notes that a run of offsets is the machine's now. Withheld offsets behind it are passed only
    /// by [`Reader::pass`], because a later decision on one of them may have been to hand it out in
    /// the same frame.
    pub(super) fn take(&mut self, run: Range<u64>) {
        self.next_read = self.next_read.max(run.end);
        self.withheld.clear(0..run.end);
        self.settled.clear(0..run.end);
        self.unsettled.set(run, ());
    }

    /// Passes what is withheld or settled.
    pub(super) fn pass(&mut self) {
        let next = self.after_passed(self.next_read, u64::MAX);
        if next > self.next_read {
            self.next_read = next;
            self.withheld.clear(0..next);
            self.settled.clear(0..next);
        }
    }

    pub(super) fn settle(&mut self, run: Range<u64>) {
        self.unsettled.clear(run);
    }
}
