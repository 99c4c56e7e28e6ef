//! The log: ordered, durable partitions. Everything else that a node keeps is a fold of it.
//!
//! [`Log`] is the trait, [`embedded`] the engine for one machine, `kafka` the one that grows (behind
//! the feature `kafka`), `memory` the engine for tests, which injects faults. `conformance` is the
//! suite that every engine passes. (The last two stand behind the feature `test-util`.) This crate
//! is the only one that knows fjall and rdkafka. It does not know what the records mean.
//!
//! Invariants: offsets rise from 0, without holes where nothing is compacted; readers never see a record that a
//! power loss could take back; a data record is appended only by [`Log::append_after`], behind its
//! audit entry.

mod budget;
#[cfg(feature = "test-util")]
pub mod conformance;
pub mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "test-util")]
pub mod memory;
mod record;

use std::fmt;

use async_trait::async_trait;
use ndxp_model::{DatasetName, HubTopic, Keep, Timestamp, Topic};
use thiserror::Error;
use tokio::sync::watch;

pub use record::{Header, Record, Stored};

/// The header that the engine puts on every covered record: `main:<index of the audit entry>`.
pub const ENTRY_HEADER: &str = "ce_ndxpentry";
/// The header that the engine puts on every covered record: its position in the entry, from 0.
pub const POSITION_HEADER: &str = "ce_ndxpposition";

/// The largest record that an engine takes: bytes of key, value and headers together, before the
/// engine adds its own headers.
pub const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;

/// One partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The topic.
    pub topic: Topic,
    /// Its number, from 0.
    pub number: u32,
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.number)
    }
}

/// What an audit entry covers: the only things that may leave or enter with a decision.
#[derive(Debug, Clone)]
pub enum Covered {
    /// Records of one dataset, each with its partition, in the order of the call.
    Records {
        /// The dataset.
        dataset: DatasetName,
        /// Partition and record.
        records: Vec<(u32, Record)>,
    },
    /// The one record that says what a release hands out.
    Handed {
        /// The subscription's lane.
        lane: u32,
        /// The record.
        record: Record,
    },
}

impl Covered {
    /// Returns the topic that it goes to, and the records with their partitions.
    pub(crate) fn into_records(self) -> (Topic, Vec<(u32, Record)>) {
        match self {
            Self::Records { dataset, records } => (Topic::Data(dataset), records),
            Self::Handed { lane, record } => (Topic::Hub(HubTopic::Delivery), vec![(lane, record)]),
        }
    }
}

/// Where an append put things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The audit entry's offset: its index in the audit log.
    pub entry: u64,
    /// The offsets of what it covers, in the order given.
    pub covered: Vec<u64>,
}

/// Why an append failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AppendError {
    /// There is no such partition; nothing was written.
    #[error("partition {0} does not exist")]
    NoSuchPartition(String),
    /// One record exceeds what the engine takes; nothing was written.
    #[error("record of {bytes} bytes exceeds the log's {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The engine's limit.
        limit: usize,
    },
    /// Too little space is left on the disk (`log.min_free`); nothing was written.
    #[error("log is full: {free} bytes are free, {min_free} must stay free")]
    Full {
        /// Free bytes.
        free: u64,
        /// What must stay free.
        min_free: u64,
    },
    /// The log cannot take it at present; nothing was written and a retry may help.
    #[error("log is unavailable: {0}")]
    Unavailable(String),
    /// It may have been written or not, in part or whole. Never guess: the same append again, or a
    /// reload from durable state, settles it.
    #[error("the outcome of the append is unknown: {0}")]
    Unknown(String),
}

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// There is no such partition.
    #[error("partition {0} does not exist")]
    NoSuchPartition(String),
    /// The offset lies before what retention has left.
    #[error("offset {asked} is no longer kept, the earliest is {earliest}")]
    Expired {
        /// What was asked for.
        asked: u64,
        /// The earliest offset that is kept.
        earliest: u64,
    },
    /// The engine could not read; a retry may help.
    #[error("log is unavailable: {0}")]
    Unavailable(String),
    /// What is stored is damaged.
    #[error("log is damaged: {0}")]
    Corrupt(String),
}

/// How much one read returns at most. At least one record comes back if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Records.
    pub records: usize,
    /// Bytes of keys, values and headers.
    pub bytes: usize,
}

/// An ordered, durable log of partitioned topics.
///
/// Durability: whatever `Ok` reports survives `kill -9` and power loss. Order: within a partition,
/// records are in the order of the calls that were answered in turn; calls in flight together may
/// be ordered either way and interleave, but each call's records stay in their order. A reader goes
/// on at the offset behind the last record it got, and never counts records: a compacted topic has
/// holes. Cancelling a call's future does not undo it: its outcome is then unknown.
#[async_trait]
pub trait Log: Send + Sync + fmt::Debug {
    /// Returns the engine's name, for metrics: `embedded`, `kafka`, `memory`.
    fn engine(&self) -> &'static str;

    /// Creates a dataset's topic. Repeating it with the same number of partitions changes at most
    /// what is kept. (What is kept of the hub's own topics is [`HubTopic::keep`].)
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] also if the topic exists with another number of partitions.
    async fn create(
        &self,
        dataset: &DatasetName,
        partitions: u32,
        keep: Keep,
    ) -> Result<(), AppendError>;

    /// Appends what the hub itself keeps and returns the last record's offset (of no records the
    /// end). Never a dataset's record: the type of `topic` has none.
    ///
    /// # Errors
    /// [`AppendError`]; only `Unknown` leaves it open whether something was written.
    async fn append(
        &self,
        topic: HubTopic,
        partition: u32,
        records: Vec<Record>,
    ) -> Result<u64, AppendError>;

    /// Makes the audit entry durable, then what it covers, and reports where each is. The covered
    /// records get [`ENTRY_HEADER`] and [`POSITION_HEADER`]. A crash in between leaves an entry
    /// that covers nothing; the reverse cannot happen.
    ///
    /// # Errors
    /// [`AppendError`]; only `Unknown` leaves it open whether something was written.
    async fn append_after(&self, entry: Record, covered: Covered) -> Result<Appended, AppendError>;

    /// Reads records from `from` on, up to the durable end. At the end it returns none.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn read(
        &self,
        at: &Partition,
        from: u64,
        limits: ReadLimits,
    ) -> Result<Vec<Stored>, ReadError>;

    /// Follows the durable end: the offset that the next record will get. The value moves only
    /// forward, and what lies below it can be read.
    ///
    /// # Errors
    /// [`ReadError::NoSuchPartition`].
    fn follow(&self, at: &Partition) -> Result<watch::Receiver<u64>, ReadError>;

    /// Returns the first offset whose record's timestamp is `time` or later, or the end. The
    /// engine lets timestamps never decrease within a partition (a record that claims an earlier
    /// one gets its predecessor's, as with Kafka's log append time), so there is one such offset.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn offset_at(&self, at: &Partition, time: Timestamp) -> Result<u64, ReadError>;

    /// Returns the earliest offset that may still be read: 0, or what retention has left. Compaction
    /// does not move it; it leaves holes above.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn earliest(&self, at: &Partition) -> Result<u64, ReadError>;

    /// Deletes what may be deleted at `now`, in steps that do not hold up appends; a node calls it
    /// every few minutes. Brokers do it by themselves: there it does nothing. Cancel-safe.
    ///
    /// # Errors
    /// [`AppendError`]; what was not deleted is tried again by the next call.
    async fn tidy(&self, now: Timestamp) -> Result<(), AppendError>;

    /// Asks who leads a partition for its durable end as it is now. [`Log::follow`] tells what this
    /// node has heard of, which is older while it is cut off.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn confirm(&self, at: &Partition) -> Result<u64, ReadError> {
        Ok(*self.follow(at)?.borrow())
    }

    /// Says whether other nodes write this log too. Then what this node has folded may be behind,
    /// and a lane is its own only as long as the lane says so.
    fn is_shared(&self) -> bool {
        false
    }

    /// Tells why appends are refused at present, if that is known without trying one: for operators,
    /// the cause and what helps. Nothing here does not mean that they are taken. Cheap: it asks nobody.
    fn trouble(&self) -> Option<String> {
        None
    }
}
