//! One live stream of a subscription.

mod frame;
mod reader;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ops::Range};

use ndxp_model::AgreementRef;
use thiserror::Error;

use crate::{
    limits::{Limits, Room},
    progress::{Applied, Progress, index},
    record::{Cursor, DeliveryRecord, Handed},
    spans::Spans,
    token::AckToken,
};
use reader::Reader;

pub use frame::{Delivery, HandError, HandOut, Item};

/// The live half: credit, what is outstanding, and where to read next.
///
/// It reads each partition in the order of offsets, from the durable cursor on, so a restart reads
/// again whatever lies above it. Every offset it is told of is handed out or withheld; the cursor
/// is the lowest one that was handed out and is not acknowledged.
#[derive(Debug)]
pub struct Stream {
    /// The fold of what the log holds and of the records returned since: what the log will hold.
    progress: Progress,
    limits: Limits,
    /// Granted and not used.
    credit: Room,
    outstanding: Room,
    /// Outstanding records by the sequence of their token.
    given: BTreeMap<u64, Item>,
    readers: Vec<Reader>,
    /// The sequence of the next token; those below were given.
    next_sequence: u64,
    next_frame: u64,
}

/// What became of acknowledgements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// How many records they settled. An acknowledgement that is repeated settles nothing again.
    pub acked: u64,
    /// Tokens of another epoch and tokens that were never given. Their records, if they exist, will
    /// be handed out again.
    pub lost: Vec<AckToken>,
    /// The record to append, if the cursor moved.
    pub cursor: Option<Cursor>,
}

/// A stream cannot live on a progress that no opening was applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no stream of the subscription was opened")]
pub struct NotOpened;

/// A partition that the dataset does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there is no partition {0}")]
pub struct UnknownPartition(pub u32);

impl Stream {
    /// Starts at the durable cursor, with no credit. `progress` is the fold after this stream's own
    /// [`Opened`](crate::Opened) was taken: only then is every earlier hand-out in it.
    ///
    /// # Errors
    /// [`NotOpened`] if no opening was applied to it.
    pub fn open(progress: &Progress, limits: Limits) -> Result<Self, NotOpened> {
        if progress.epoch() == 0 {
            return Err(NotOpened);
        }
        Ok(Self {
            progress: progress.clone(),
            limits,
            credit: Room::NONE,
            outstanding: Room::NONE,
            given: BTreeMap::new(),
            readers: progress.positions().into_iter().map(Reader::at).collect(),
            next_sequence: 1,
            next_frame: 1,
        })
    }

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

    /// Returns what is outstanding.
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

    /// Returns how much may be handed out now.
    #[must_use]
    pub fn room(&self) -> Room {
        let oldest = self.given.first_key_value().map_or(self.next_sequence, |(first, _)| *first);
        let ahead = self.next_sequence.saturating_sub(oldest);
        let window = Room {
            records: self.limits.window_records().saturating_sub(ahead),
            bytes: self.credit.bytes,
        };
        let free = self.limits.outstanding().minus(self.outstanding);
        self.credit.least(free).least(window)
    }

    /// Notes that offsets will not be handed out: a row filter withholds them, or there is no
    /// record there. They may lie above [`Stream::next_reads`]; they count once everything below
    /// them is handed out or withheld too. Those already passed change nothing.
    ///
    /// # Errors
    /// [`UnknownPartition`].
    pub fn skip(&mut self, partition: u32, offsets: Range<u64>) -> Result<(), UnknownPartition> {
        let reader = self.readers.get_mut(index(partition));
        reader.ok_or(UnknownPartition(partition))?.withhold(offsets);
        Ok(())
    }

    /// Hands out the records of one frame, in the order given, and uses credit for them. Each
    /// partition's come in the order of offsets, and every offset between was withheld.
    ///
    /// The frame leaves only once the record is durable and taken (see the crate's first page).
    ///
    /// # Errors
    /// [`HandError`]; nothing has changed then.
    pub fn hand(&mut self, agreement: &AgreementRef, items: &[Item]) -> Result<HandOut, HandError> {
        let asked = self.check(items)?;
        let mut spans: BTreeMap<u32, Spans<u32>> = BTreeMap::new();
        let mut deliveries = Vec::with_capacity(items.len());
        for item in items {
            let attempt = self.progress.attempt_of(item.partition, item.offset).saturating_add(1);
            let span = item.offset..item.offset.saturating_add(1);
            spans.entry(item.partition).or_default().set(span, attempt);
            deliveries.push(Delivery { token: self.give(*item), attempt });
        }
        self.readers.iter_mut().for_each(Reader::pass_withheld);
        self.credit = self.credit.minus(asked);
        self.outstanding = self.outstanding.plus(asked);
        let handed = Handed {
            sub: self.progress.subscription().clone(),
            epoch: self.epoch(),
            agreement: agreement.clone(),
            n: self.next_frame,
            ranges: frame::ranges(&spans),
        };
        self.next_frame += 1;
        self.note(&handed.clone().into());
        Ok(HandOut { handed, deliveries })
    }

    /// Settles records, in any order.
    pub fn ack(&mut self, tokens: &[AckToken]) -> Settled {
        let mut acked = 0;
        let mut lost = Vec::new();
        for token in tokens {
            if token.epoch != self.epoch() || !(1..self.next_sequence).contains(&token.sequence) {
                lost.push(*token);
            } else if let Some(item) = self.given.remove(&token.sequence) {
                acked += 1;
                self.outstanding = self.outstanding.minus(Room { records: 1, bytes: item.size });
                if let Some(reader) = self.readers.get_mut(index(item.partition)) {
                    reader.settle(item.offset);
                }
            }
        }
        Settled { acked, lost, cursor: self.checkpoint() }
    }

    /// Returns the record to append if the cursor moved since the last such record. What is
    /// withheld moves it too, so a shell asks now and then even if nobody acknowledges anything.
    pub fn checkpoint(&mut self) -> Option<Cursor> {
        let positions = self.cursor();
        if positions == self.progress.positions() {
            return None;
        }
        let sub = self.progress.subscription().clone();
        let cursor = Cursor { sub, epoch: self.epoch(), positions };
        self.note(&cursor.clone().into());
        Some(cursor)
    }

    /// Checks a whole hand-out before anything changes, and returns what it needs.
    fn check(&self, items: &[Item]) -> Result<Room, HandError> {
        if items.is_empty() {
            return Err(HandError::Empty);
        }
        let one = |item: &Item| Room { records: 1, bytes: item.size };
        let asked = items.iter().map(one).fold(Room::NONE, Room::plus);
        let room = self.room();
        if !room.holds(asked) {
            return Err(HandError::NoRoom { asked, room });
        }
        let mut nexts: BTreeMap<u32, u64> = BTreeMap::new();
        for &Item { partition, offset, .. } in items {
            let reader = self.readers.get(index(partition)).ok_or(UnknownPartition(partition))?;
            let from = nexts.get(&partition).copied().unwrap_or_else(|| reader.next_read());
            let next = reader.after_withheld(from, offset);
            // The largest offset is never given: the one after it could not be named.
            if next != offset || offset == u64::MAX {
                return Err(HandError::OutOfOrder { partition, offset, next });
            }
            nexts.insert(partition, offset + 1);
        }
        Ok(asked)
    }

    fn give(&mut self, item: Item) -> AckToken {
        if let Some(reader) = self.readers.get_mut(index(item.partition)) {
            reader.hand(item.offset);
        }
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.given.insert(sequence, item);
        AckToken { epoch: self.epoch(), sequence }
    }

    fn note(&mut self, record: &DeliveryRecord) {
        let applied = self.progress.apply(record);
        debug_assert_eq!(applied, Applied::Taken, "a stream's own record fits: {record:?}");
    }
}
