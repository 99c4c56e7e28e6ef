//! What the delivery topic holds, one record a line of a subscription's history.

mod key;
mod kinds;
#[cfg(test)]
mod tests;
pub(crate) mod wire;

use ndxp_model::SubscriptionName;

pub(crate) use key::{RecordKey, Slot};
pub use kinds::{
    Base, Cursor, Failed, Failure, Handed, HandedRange, LetterChanged, Opened, Outage, Settled,
    Sought, Span, Viewed,
};
pub use wire::UnreadableRecord;

/// A record of the delivery topic. New kinds come with what is written by them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryRecord {
    /// A stream was opened.
    Opened(Opened),
    /// All that is still needed of what was written before the stream.
    Base(Base),
    /// Records were handed out.
    Handed(Handed),
    /// The cursor moved.
    Cursor(Cursor),
    /// Records above the cursor were settled.
    Settled(Settled),
    /// Records failed.
    Failed(Failed),
    /// The consumer fails everything, or does so no more.
    Outage(Outage),
    /// A dead letter came to be, is to be handed out again, or ended.
    Letter(LetterChanged),
    /// The positions were set.
    Sought(Sought),
    /// The consumer's copy is all of one view.
    Viewed(Viewed),
}

impl DeliveryRecord {
    /// Returns whose record it is.
    #[must_use]
    pub fn subscription(&self) -> &SubscriptionName {
        self.head().0
    }

    /// Returns the stream that wrote it.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.head().1
    }

    /// Returns the log record's key. Of two records with one key compaction keeps the later, so a
    /// cursor replaces the one before it; the epoch is in it, so that a fenced writer replaces
    /// nothing of its successor's.
    #[must_use]
    pub fn key(&self) -> String {
        self.record_key().text(self.subscription())
    }

    pub(crate) fn record_key(&self) -> RecordKey {
        RecordKey { epoch: self.epoch(), slot: self.slot() }
    }

    /// Returns the log record's value: JSON in a fixed order of members, the same bytes for the
    /// same record.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        wire::encode(self)
    }

    /// Reads a log record's value. An empty one is a tombstone, which is no record: see
    /// [`Progress::forgotten`](crate::Progress::forgotten).
    ///
    /// # Errors
    /// [`UnreadableRecord`] if it is not one that this version knows in full. The reader stops: to
    /// go on without it would be to guess.
    pub fn decode(value: &[u8]) -> Result<Self, UnreadableRecord> {
        wire::decode(value)
    }

    fn head(&self) -> (&SubscriptionName, u64) {
        match self {
            Self::Opened(record) => (&record.sub, record.epoch),
            Self::Base(record) => (&record.sub, record.epoch),
            Self::Handed(record) => (&record.sub, record.epoch),
            Self::Cursor(record) => (&record.sub, record.epoch),
            Self::Settled(record) => (&record.sub, record.epoch),
            Self::Failed(record) => (&record.sub, record.epoch),
            Self::Outage(record) => (&record.sub, record.epoch),
            Self::Letter(record) => (&record.sub, record.epoch),
            Self::Sought(record) => (&record.sub, record.epoch),
            Self::Viewed(record) => (&record.sub, record.epoch),
        }
    }

    fn slot(&self) -> Slot {
        match self {
            Self::Opened(_) => Slot::Opened,
            Self::Base(_) => Slot::Base,
            Self::Handed(record) => Slot::Handed(record.n),
            Self::Cursor(_) => Slot::Cursor,
            Self::Settled(_) => Slot::Settled,
            Self::Failed(record) => Slot::Failed(record.n),
            Self::Outage(_) => Slot::Outage,
            Self::Letter(record) => Slot::Letter(record.n),
            Self::Sought(_) => Slot::Sought,
            Self::Viewed(_) => Slot::Viewed,
        }
    }
}

macro_rules! into_record {
    ($($kind:ident($of:ty)),*) => {$(
        impl From<$of> for DeliveryRecord {
            fn from(record: $of) -> Self {
                Self::$kind(record)
            }
        }
    )*};
}

into_record!(
    Opened(Opened),
    Base(Base),
    Handed(Handed),
    Cursor(Cursor),
    Settled(Settled),
    Failed(Failed),
    Outage(Outage),
    Letter(LetterChanged),
    Sought(Sought),
    Viewed(Viewed)
);
