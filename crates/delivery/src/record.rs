//! What the delivery topic holds, one record a line of a subscription's history.

#[cfg(test)]
mod tests;
pub(crate) mod wire;

use ndxp_model::{AgreementRef, SubscriptionName};

pub use wire::UnreadableRecord;

/// A record of the delivery topic. New kinds come with what is written by them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryRecord {
    /// A stream was opened.
    Opened(Opened),
    /// Records were handed out.
    Handed(Handed),
    /// The cursor moved.
    Cursor(Cursor),
}

/// A stream was opened; the older ones are fenced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Whose stream.
    pub sub: SubscriptionName,
    /// The stream's number, from 1, above that of every older one.
    pub epoch: u64,
    /// Where it starts, an offset a partition. In the first one it is the subscription's start; in
    /// a later one the cursor that its opener knew, which a reader needs only if the history before
    /// it is gone.
    pub start: Vec<u64>,
}

/// Records were handed out: they may have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// To whom.
    pub sub: SubscriptionName,
    /// In which stream.
    pub epoch: u64,
    /// The agreement that the release was decided on.
    pub agreement: AgreementRef,
    /// The frame's number in its epoch, from 1.
    pub n: u64,
    /// What the frame holds, by partition and offset. A range holds handed offsets only: a withheld
    /// row splits it.
    pub ranges: Vec<HandedRange>,
}

/// Offsets of one partition that were handed out together, each for the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandedRange {
    /// The partition.
    pub partition: u32,
    /// The first offset.
    pub first: u64,
    /// The last offset, part of the range.
    pub last: u64,
    /// Which time it is that they are handed out, from 1.
    pub attempt: u32,
}

/// Everything below these positions is acknowledged or withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Whose cursor.
    pub sub: SubscriptionName,
    /// The stream that moved it.
    pub epoch: u64,
    /// The lowest offset that is not settled, a partition each.
    pub positions: Vec<u64>,
}

impl DeliveryRecord {
    /// Returns whose record it is.
    #[must_use]
    pub fn subscription(&self) -> &SubscriptionName {
        match self {
            Self::Opened(opened) => &opened.sub,
            Self::Handed(handed) => &handed.sub,
            Self::Cursor(cursor) => &cursor.sub,
        }
    }

    /// Returns the stream that wrote it.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        match self {
            Self::Opened(opened) => opened.epoch,
            Self::Handed(handed) => handed.epoch,
            Self::Cursor(cursor) => cursor.epoch,
        }
    }

    /// Returns the log record's key. Of two records with one key compaction keeps the later, so a
    /// cursor replaces the one before it; the epoch is in it, so that a fenced writer replaces
    /// nothing of its successor's.
    #[must_use]
    pub fn key(&self) -> String {
        let (sub, epoch) = (self.subscription(), self.epoch());
        match self {
            Self::Opened(_) => format!("{sub}/{epoch}/opened"),
            Self::Handed(handed) => format!("{sub}/{epoch}/handed/{}", handed.n),
            Self::Cursor(_) => format!("{sub}/{epoch}/cursor"),
        }
    }

    /// Returns the log record's value: JSON in a fixed order of members, the same bytes for the
    /// same record.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a log record's value.
    ///
    /// # Errors
    /// [`UnreadableRecord`] if it is not one that this version knows in full. The reader stops: to
    /// go on without it would be to guess.
    pub fn decode(value: &[u8]) -> Result<Self, UnreadableRecord> {
        wire::decode(value)
    }
}

impl From<Opened> for DeliveryRecord {
    fn from(opened: Opened) -> Self {
        Self::Opened(opened)
    }
}
impl From<Handed> for DeliveryRecord {
    fn from(handed: Handed) -> Self {
        Self::Handed(handed)
    }
}
impl From<Cursor> for DeliveryRecord {
    fn from(cursor: Cursor) -> Self {
        Self::Cursor(cursor)
    }
}
