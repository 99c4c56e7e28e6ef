//! What goes into one frame, and what comes back for it.

use std::collections::BTreeMap;

use thiserror::Error;

use super::UnknownPartition;
use crate::{
    place::{KeyHash, Place, Verdict},
    record::{Handed, HandedRange},
    spans::Spans,
    token::AckToken,
};

/// A record that may leave: it was read, decided on and projected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Where it stands.
    pub place: Place,
    /// Bytes that it counts for against the credit.
    pub size: u64,
    /// Its key's hash.
    pub key: KeyHash,
    /// How it is to be shown. For a record that is fetched again the machine knows better.
    pub verdict: Verdict,
}

/// A record that the machine keeps, to be fetched from the log again and given to
/// [`Stream::hand`](crate::Stream::hand), or withdrawn if it may not leave any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refetch {
    /// Where it stands.
    pub place: Place,
    /// Its key's hash, as it was given.
    pub key: KeyHash,
    /// How it is to be shown, as it was judged.
    pub verdict: Verdict,
}

impl Refetch {
    /// Returns it as an item of a frame.
    #[must_use]
    pub fn item(self, size: u64) -> Item {
        let Self { place, key, verdict } = self;
        Item { place, size, key, verdict }
    }
}

/// What to do about items.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "what was handed out counts as sent"]
pub struct HandOut {
    /// What to make durable and to send; nothing if no item went into the frame.
    pub frame: Option<Frame>,
    /// What became of each item, in their order.
    pub fates: Vec<Fate>,
}

/// What leaves together: make the record durable, then send a frame of the deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The record to append behind the release's audit entry. Its number is what
    /// [`Stream::taken`](crate::Stream::taken) wants.
    pub handed: Handed,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes into the frame.
    Given(Delivery),
    /// The machine keeps it and will ask for it again.
    Parked,
    /// There was no room for it. It is as if it had not been offered.
    Left,
    /// It is settled, withheld or a dead letter: it does not go out.
    Passed,
}

/// What a frame says about a record beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// What the consumer settles it by.
    pub token: AckToken,
    /// Which time it is that the record is handed out. Above 1 it may have been received before.
    pub attempt: u32,
    /// It lies below what the subscription had reached before its positions were set, is in the
    /// difference of two views, or comes out of the dead letters.
    pub replayed: bool,
    /// How it is to be shown.
    pub verdict: Verdict,
}

/// Why items cannot be handed out. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HandError {
    /// There is no such partition.
    #[error(transparent)]
    UnknownPartition(#[from] UnknownPartition),
    /// The offset is not the next one: one before it was neither handed out nor withheld and would
    /// be lost, or it comes twice.
    #[error("{place} is out of order, {next} is next")]
    OutOfOrder {
        /// What was to be handed out.
        place: Place,
        /// The lowest offset that has to be handed out or withheld first.
        next: u64,
    },
    /// It is outstanding, or the machine keeps it and does not ask for it now, or it is offered
    /// twice.
    #[error("{place} is not to be fetched now")]
    NotDue {
        /// What was to be handed out.
        place: Place,
    },
}

impl HandedRange {
    fn goes_on(&self, place: Place, attempt: u32) -> bool {
        let Self { partition, last, .. } = *self;
        partition == place.partition && last + 1 == place.offset && self.attempt == attempt
    }
}

/// The most ranges of one frame: all of them stand in one audit entry, which is bounded.
pub(super) const MOST_RANGES: usize = 150;

/// What a frame holds, by partition and offset.
#[derive(Debug, Default)]
pub(super) struct Holding {
    /// How many runs there were: at least as many as there are ranges.
    runs: usize,
    spans: BTreeMap<u32, Spans<u32>>,
    /// Neighbours that came one after the other.
    run: Option<HandedRange>,
}

impl Holding {
    /// Tells whether one more fits, handed out for this time.
    pub(super) fn has_room(&self, place: Place, attempt: u32) -> bool {
        self.runs < MOST_RANGES || self.run.is_some_and(|run| run.goes_on(place, attempt))
    }

    pub(super) fn add(&mut self, place: Place, attempt: u32) {
        if let Some(run) = &mut self.run
            && run.goes_on(place, attempt)
        {
            run.last = place.offset;
            return;
        }
        self.end_run();
        self.runs += 1;
        let Place { partition, offset } = place;
        self.run = Some(HandedRange { partition, first: offset, last: offset, attempt });
    }

    pub(super) fn ranges(mut self) -> Vec<HandedRange> {
        self.end_run();
        let ranges = self.spans.iter().flat_map(|(&partition, spans)| {
            spans.iter().map(move |(span, attempt)| HandedRange {
                partition,
                first: span.start,
                last: span.end - 1,
                attempt,
            })
        });
        ranges.collect()
    }

    fn end_run(&mut self) {
        if let Some(run) = self.run.take() {
            let spans = self.spans.entry(run.partition).or_default();
            spans.set(run.first..run.last + 1, run.attempt);
        }
    }
}
