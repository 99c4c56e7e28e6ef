//! One live stream of a subscription.

mod frame;
mod given;
mod hand;
mod health;
mod held;
mod keys;
mod letters;
mod opening;
mod pass;
mod pause;
mod reader;
mod settle;
#[cfg(test)]
mod tests;
mod want;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use thiserror::Error;

use crate::{
    change::Change,
    limits::Room,
    options::{Options, Order},
    place::Place,
    progress::{Applied, Progress, index},
    record::{Cursor, DeliveryRecord, Failure, Settled, Span},
};
use given::Given;
use health::Health;
use held::{Held, Origin, Wait, Work};
use keys::Keys;
use pass::Pass;
use reader::Reader;

pub use frame::{Delivery, Fate, Frame, HandError, HandOut, Item, Refetch};
pub use letters::{MOST_REDRIVEN, Newer, Redriven, TooManyRedriven};
pub use opening::{NotOpened, Opening};
pub use pass::{NoPass, Revisit};
pub use pause::{MOST_LETTERS, Pause};
pub use settle::{Extended, Outcome, SettleResult, Settlement};
pub use want::{Read, Waiting, Want};

/// So many records settled above the cursor are made durable at once, fewer at a checkpoint.
const UNSAVED: u64 = 256;
/// So many keys are forgotten at once, fewer at a checkpoint.
const FORGET: usize = 64;
/// The most keys that one change forgets.
const FORGET_MOST: usize = 1_000;

/// The live half: credit, what is outstanding, what waits, and where to read next.
///
/// It reads each partition in the order of offsets, from the durable cursor on, so a restart reads
/// again whatever lies above it and is not settled. Every offset it is told of is handed out, kept
/// for later or withheld; the cursor is the lowest one that is not settled.
#[derive(Debug)]
pub struct Stream {
    /// The fold of what the log holds and of the records returned since: what the log will hold.
    progress: Progress,
    options: Options,
    /// Granted and not used.
    credit: Room,
    outstanding: Room,
    readers: Vec<Reader>,
    given: Given,
    held: Held,
    /// Empty where any records may be outstanding together.
    keys: Keys,
    /// Failures of unsettled records, those that are not durable yet too.
    failures: BTreeMap<Place, Failure>,
    /// Which of them have pending ones.
    pending: BTreeSet<Place>,
    health: Health,
    pass: Option<Pass>,
    /// Settled above the cursor since that was last made durable.
    unsaved: u64,
    /// Neighbours that were settled one after the other and of which the reader does not know yet:
    /// an offset at a time costs much more.
    settled_run: Option<(u32, Range<u64>)>,
}

/// A partition that the dataset does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there is no partition {0}")]
pub struct UnknownPartition(pub u32);

impl Stream {
    /// Returns the stream's epoch, which its tokens and records carry.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.progress.epoch()
    }

    /// Returns what the log holds once every record that was returned is appended.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Returns the options that the stream was opened with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Returns what is outstanding: handed out, not settled, its lease not lost.
    #[must_use]
    pub fn outstanding(&self) -> Room {
        self.outstanding
    }

    /// Returns the offset to read next, a partition each.
    pub fn next_reads(&self) -> impl Iterator<Item = (u32, u64)> {
        (0..).zip(self.readers.iter().map(Reader::next_read))
    }

    /// Returns the lowest offset that is not settled, a partition each. [`Stream::checkpoint`]
    /// makes it durable.
    #[must_use]
    pub fn cursor(&self) -> Vec<u64> {
        self.readers.iter().map(Reader::settled_below).collect()
    }

    /// Adds to the credit. It stops at the largest number there is; the limits bound what is
    /// outstanding, not what is granted, or a consumer that grants much at once would lose some.
    pub fn credit(&mut self, records: u64, bytes: u64) {
        self.credit = self.credit.plus(Room { records, bytes });
    }

    /// Returns how much may be handed out now, as far as credit and limits go.
    #[must_use]
    pub fn room(&self) -> Room {
        let free = self.options.limits.outstanding().minus(self.outstanding);
        let mut room = self.credit.least(free);
        if let Some(ramp) = self.health.ramp {
            room.records = room.records.min(ramp.saturating_sub(self.outstanding.records));
        }
        room
    }

    /// Says where a partition ends, so that [`Stream::want`] does not ask to read beyond it. Until
    /// it is said the partition has no end.
    ///
    /// # Errors
    /// [`UnknownPartition`].
    pub fn see_end(&mut self, partition: u32, end: u64) -> Result<(), UnknownPartition> {
        let reader = self.readers.get_mut(index(partition));
        reader.ok_or(UnknownPartition(partition))?.see_end(end);
        Ok(())
    }

    /// Notes that offsets will not be handed out: a row filter withholds them, or there is no
    /// record there. They may lie above [`Stream::next_reads`]; they count once everything below
    /// them is handed out, kept or withheld too. Those already passed change nothing: what the
    /// machine keeps is withdrawn by [`Stream::withdraw`].
    ///
    /// # Errors
    /// [`UnknownPartition`].
    pub fn skip(&mut self, partition: u32, offsets: Range<u64>) -> Result<(), UnknownPartition> {
        let reader = self.readers.get_mut(index(partition));
        reader.ok_or(UnknownPartition(partition))?.withhold(offsets);
        Ok(())
    }

    /// Returns what makes the settled state durable, whatever there is. What is withheld moves the
    /// cursor too, so a shell asks now and then even if nobody acknowledges anything.
    pub fn checkpoint(&mut self) -> Change {
        let mut change = Change::default();
        self.save(true, &mut change);
        self.forget(1, &mut change);
        change
    }

    /// Ends the stream for a reason of the hub's: what is outstanding did not fail.
    pub fn retire(mut self) -> Change {
        let mut change = Change::default();
        self.save_pending(&mut change);
        self.save(true, &mut change);
        self.forget(1, &mut change);
        change
    }

    /// Makes the cursor durable, and what is settled above it: all if `fully`, else if it is much.
    fn save(&mut self, fully: bool, change: &mut Change) {
        self.end_settled_run();
        let positions = self.cursor();
        let (sub, epoch) = (self.progress.subscription().clone(), self.epoch());
        if positions != self.progress.positions() {
            self.note(Cursor { sub: sub.clone(), epoch, positions }, change);
        }
        let due = if fully { 1 } else { UNSAVED };
        if self.unsaved < due {
            return;
        }
        self.unsaved = 0;
        let spans = self.settled_above();
        if !spans.iter().all(|span| self.is_durably_settled(span)) {
            self.note(Settled { sub, epoch, spans }, change);
        }
    }

    fn settled_above(&self) -> Vec<Span> {
        let of = |(partition, reader): (u32, &Reader)| {
            let spans = reader.settled_above().into_iter();
            let span =
                move |span: Range<u64>| Span { partition, first: span.start, last: span.end - 1 };
            spans.map(span).collect::<Vec<_>>()
        };
        (0..).zip(&self.readers).flat_map(of).collect()
    }

    fn is_durably_settled(&self, span: &Span) -> bool {
        let durable = self.progress.settled_above(span.partition);
        durable.iter().any(|known| known.start <= span.first && span.last < known.end)
    }

    /// Names keys to forget, if there are at least `least`.
    fn forget(&mut self, least: usize, change: &mut Change) {
        change.forget.extend(self.progress.take_garbage(least, FORGET_MOST));
    }

    fn note(&mut self, record: impl Into<DeliveryRecord>, change: &mut Change) {
        let record = record.into();
        let applied = self.progress.apply(&record);
        debug_assert_eq!(applied, Applied::Taken, "a stream's own record fits: {record:?}");
        change.append.push(record);
    }

    fn is_by_key(&self) -> bool {
        self.options.order == Order::ByKey
    }

    /// Keeps a record until its moment; of its key it may not be the first.
    fn keep(&mut self, work: Work, wait: Wait) {
        let turn = !self.is_by_key() || self.keys.add(work.key, work.place);
        self.held.insert(work, if turn { wait } else { Wait::Parked });
    }

    /// Ends a record's way: it is settled, in whichever manner, and its key's next one has its turn.
    fn finish(&mut self, work: &Work) {
        if self.pending.remove(&work.place) || !self.failures.is_empty() {
            self.failures.remove(&work.place);
        }
        match work.origin {
            Origin::Log => {
                self.unsaved += 1;
                self.settle_place(work.place);
            }
            Origin::Revisit => _ = self.pass.as_mut().map(|pass| pass.settled(work.place)),
            Origin::Redriven => {}
        }
        if self.is_by_key()
            && let Some(next) = self.keys.remove(work.key, work.place)
        {
            self.held.make_ready(next);
        }
    }

    fn settle_place(&mut self, Place { partition, offset }: Place) {
        match &mut self.settled_run {
            Some((number, run)) if *number == partition && run.end == offset => run.end += 1,
            _ => {
                self.end_settled_run();
                self.settled_run = Some((partition, offset..offset + 1));
            }
        }
    }

    /// INVARIANT: every call that settles ends with it, in [`Stream::save`].
    fn end_settled_run(&mut self) {
        if let Some((partition, run)) = self.settled_run.take()
            && let Some(reader) = self.readers.get_mut(index(partition))
        {
            reader.settle(run);
        }
    }
}
