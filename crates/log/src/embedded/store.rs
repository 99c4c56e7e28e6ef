//! The store: fjall, and everything that knows its keys.
//!
//! Three keyspaces: `data` holds the datasets' records, `state` what the hub keeps for itself,
//! `meta` the topics and start offsets. A record's key is topic number, partition, offset, so a
//! partition is one range in order. All calls block; none is made on an async task.

use std::{fs::File, path::Path};

use bytes::Bytes;
use fjall::{
    CompressionType, Database, Guard, Keyspace, KeyspaceCreateOptions, LsmError, PersistMode,
    config::{BlockSizePolicy, FilterPolicy},
};
use ndxp_model::{DatasetName, HubTopic};

use super::codec;
use crate::{ReadError, ReadLimits, Stored, budget::Budget};

const FORMAT: &[u8] = b"1";
const FORMAT_KEY: &[u8] = b"format";
const TOPIC_PREFIX: u8 = b't';
const START_PREFIX: u8 = b's';
/// The first number of a dataset's topic; those below are the hub's.
pub(super) const FIRST_DATA_TOPIC: u32 = 16;

/// How much journal there may be: it is copied and replayed at every opening.
const MAX_JOURNAL: u64 = 256 * 1024 * 1024;

/// A partition by numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartitionId {
    pub(super) topic: u32,
    pub(super) number: u32,
}

/// A dataset's topic as `meta` keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DataTopic {
    pub(super) id: u32,
    pub(super) dataset: DatasetName,
    pub(super) partitions: u32,
}

/// Why the store does not answer.
#[derive(Debug)]
pub(super) enum StoreError {
    /// The file system failed; it may be better later.
    Io(std::io::Error),
    /// Nothing was written: it had failed before.
    Poisoned,
    /// What is stored is damaged.
    Damaged(String),
    /// A batch of the journal is whole in its frame and other inside.
    Journal(String),
    /// The format of `meta` is of another version.
    Format(String),
}

impl From<fjall::Error> for StoreError {
    fn from(error: fjall::Error) -> Self {
        match error {
            fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) => {
                Self::from_io(error)
            }
            fjall::Error::Poisoned => Self::Poisoned,
            fjall::Error::JournalRecovery(error) => Self::Journal(format!("journal: {error:?}")),
            other => Self::Damaged(format!("{other:?}")),
        }
    }
}

impl StoreError {
    /// A file that is missing or ends early is damage; anything else may be the machine.
    fn from_io(error: std::io::Error) -> Self {
        use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
        match error.kind() {
            NotFound | UnexpectedEof | InvalidData => Self::Damaged(error.to_string()),
            _ => Self::Io(error),
        }
    }
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Io(error) => Self::Unavailable(error.to_string()),
            StoreError::Poisoned => Self::Unavailable("the store failed before".into()),
            StoreError::Damaged(what) | StoreError::Journal(what) | StoreError::Format(what) => {
                Self::Corrupt(what)
            }
        }
    }
}

/// An open store. The lock of the directory goes last, when the files are closed.
pub(super) struct Store {
    data: Keyspace,
    state: Keyspace,
    meta: Keyspace,
    db: Database,
    _lock: File,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens or makes the store. It cuts the journal at the first damage without saying so.
    pub(super) fn open(path: &Path, cache: u64, lock: File) -> Result<Self, StoreError> {
        let db = Database::builder(path)
            .cache_size(cache)
            .max_journaling_size(MAX_JOURNAL)
            // Replay compresses again to compare checksums, so another version of the compressor
            // would find an intact journal damaged.
            .journal_compression(CompressionType::None)
            .open()?;
        let records = || {
            KeyspaceCreateOptions::default()
                // Records are read in ranges: larger blocks, and no filters for absent keys.
                .data_block_size_policy(BlockSizePolicy::all(16 * 1024))
                .filter_policy(FilterPolicy::disabled())
        };
        let small = || KeyspaceCreateOptions::default().max_memtable_size(4 * 1024 * 1024);
        let data = db.keyspace("data", records)?;
        let state = db.keyspace("state", records)?;
        let meta = db.keyspace("meta", small)?;
        let store = Self { data, state, meta, db, _lock: lock };
        store.check_format()?;
        Ok(store)
    }

    fn check_format(&self) -> Result<(), StoreError> {
        match self.meta.get(FORMAT_KEY)? {
            Some(format) if &*format == FORMAT => Ok(()),
            Some(other) => Err(StoreError::Format(String::from_utf8_lossy(&other).into_owned())),
            None => {
                let mut batch = self.batch();
                batch.put_format(FORMAT);
                batch.commit()
            }
        }
    }

    /// Starts a batch: all of it becomes visible once it is on stable storage, or none.
    pub(super) fn batch(&self) -> Batch<'_> {
        // Never a commit and then a sync: readers would see what a power loss undoes.
        Batch { store: self, inner: self.db.batch().durability(Some(PersistMode::SyncAll)) }
    }

    /// Returns every dataset's topic.
    pub(super) fn topics(&self) -> Result<Vec<DataTopic>, StoreError> {
        let mut topics = Vec::new();
        for guard in self.meta.prefix([TOPIC_PREFIX]) {
            let (key, value) = guard.into_inner()?;
            let topic = parse_topic(&key, &value);
            topics.push(topic.ok_or_else(|| StoreError::Damaged("a topic's name".into()))?);
        }
        Ok(topics)
    }

    /// Returns the first offset that retention has left.
    pub(super) fn start(&self, at: PartitionId) -> Result<u64, StoreError> {
        match self.meta.get(start_key(at))? {
            None => Ok(0),
            Some(stored) => {
                let bytes: Result<[u8; 8], _> = stored.as_ref().try_into();
                bytes.map(u64::from_be_bytes).map_err(|_| StoreError::Damaged("a start".into()))
            }
        }
    }

    /// Returns a partition's last record.
    pub(super) fn last(&self, at: PartitionId) -> Result<Option<(u64, Bytes)>, StoreError> {
        let range = key(at, 0)..=key(at, u64::MAX);
        self.records(at).range(range).next_back().map(Self::item).transpose()
    }

    /// Returns the first offset at or after `from` where a record is missing before `end`.
    pub(super) fn gap(
        &self,
        at: PartitionId,
        from: u64,
        end: u64,
    ) -> Result<Option<u64>, StoreError> {
        let mut expected = from;
        for guard in self.records(at).range(key(at, from)..key(at, end)) {
            if offset(&guard.key()?)? != expected {
                break;
            }
            expected += 1;
        }
        Ok((expected < end).then_some(expected))
    }

    /// Reads records of `from..end`, all of which must be there.
    pub(super) fn read(
        &self,
        at: PartitionId,
        from: u64,
        end: u64,
        limits: ReadLimits,
    ) -> Result<Vec<Stored>, StoreError> {
        let mut budget = Budget::new(limits);
        let mut page = Vec::new();
        let mut guards = self.records(at).range(key(at, from)..key(at, end));
        for expected in from..end {
            let found = guards.next().map(Self::item).transpose()?;
            let Some((_, stored)) = found.filter(|(offset, _)| *offset == expected) else {
                return Err(StoreError::Damaged(format!("the record at {expected} is missing")));
            };
            let record = codec::decode(&stored)
                .map_err(|error| StoreError::Damaged(format!("at {expected}: {error}")))?;
            if !budget.admit(record.size()) {
                break;
            }
            page.push(Stored { offset: expected, record });
        }
        Ok(page)
    }

    /// Returns the first offset of `start..end` whose record is not earlier than `millis`.
    pub(super) fn offset_at(
        &self,
        at: PartitionId,
        (mut start, mut end): (u64, u64),
        millis: i64,
    ) -> Result<u64, StoreError> {
        // INVARIANT: all before `start` are earlier, none from `end` on is.
        while start < end {
            let middle = start + (end - start) / 2;
            let stored = self.records(at).get(key(at, middle))?;
            let stored = stored.ok_or_else(|| StoreError::Damaged(format!("no {middle}")))?;
            let time = codec::timestamp(&Bytes::from(stored))
                .map_err(|error| StoreError::Damaged(format!("at {middle}: {error}")))?;
            if time.millis() < millis {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        Ok(start)
    }

    /// Says whether the store still takes writes: its own threads, too, fail for good.
    pub(super) fn probe(&self) -> Result<(), StoreError> {
        // Each batch syncs itself, so there is nothing to flush: this only asks.
        Ok(self.db.persist(PersistMode::Buffer)?)
    }

    fn item(guard: Guard) -> Result<(u64, Bytes), StoreError> {
        let (key, value) = guard.into_inner()?;
        Ok((offset(&key)?, Bytes::from(value)))
    }

    fn records(&self, at: PartitionId) -> &Keyspace {
        if at.topic < FIRST_DATA_TOPIC { &self.state } else { &self.data }
    }

    /// Moves everything from memory into tables, for tests that damage tables.
    #[cfg(test)]
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        for keyspace in [&self.data, &self.state, &self.meta] {
            keyspace.rotate_memtable_and_wait()?;
        }
        Ok(())
    }

    /// Lets the store's threads flush one keyspace, for tests in which they fail.
    #[cfg(test)]
    pub(super) fn start_flush(&self) -> Result<(), StoreError> {
        self.state.rotate_memtable()?;
        Ok(())
    }
}

/// Writes that become durable and visible together.
pub(super) struct Batch<'a> {
    store: &'a Store,
    inner: fjall::OwnedWriteBatch,
}

impl Batch<'_> {
    pub(super) fn put(&mut self, at: PartitionId, offset: u64, stored: Bytes) {
        self.inner.insert(self.store.records(at), key(at, offset), stored);
    }

    pub(super) fn put_topic(&mut self, topic: &DataTopic) {
        let mut value = topic.partitions.to_be_bytes().to_vec();
        value.extend_from_slice(topic.dataset.to_string().as_bytes());
        let mut key = vec![TOPIC_PREFIX];
        key.extend_from_slice(&topic.id.to_be_bytes());
        self.inner.insert(&self.store.meta, key, value);
    }

    #[cfg(test)]
    pub(super) fn put_start(&mut self, at: PartitionId, start: u64) {
        self.inner.insert(&self.store.meta, start_key(at), start.to_be_bytes());
    }

    pub(super) fn put_format(&mut self, format: &'static [u8]) {
        self.inner.insert(&self.store.meta, FORMAT_KEY, format);
    }

    pub(super) fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit()?)
    }
}

/// Returns the number of one of the hub's own topics, fixed for ever.
pub(super) fn hub_topic(topic: HubTopic) -> u32 {
    match topic {
        HubTopic::Registry => 1,
        HubTopic::Audit => 2,
        HubTopic::Delivery => 3,
    }
}

fn key(at: PartitionId, offset: u64) -> [u8; 16] {
    let mut key = [0; 16];
    let (head, tail) = key.split_at_mut(8);
    head.copy_from_slice(&(u64::from(at.topic) << 32 | u64::from(at.number)).to_be_bytes());
    tail.copy_from_slice(&offset.to_be_bytes());
    key
}

fn offset(key: &[u8]) -> Result<u64, StoreError> {
    let tail = key.get(8..).and_then(|tail| tail.try_into().ok());
    tail.map(u64::from_be_bytes).ok_or_else(|| StoreError::Damaged("a record's key".into()))
}

fn start_key(at: PartitionId) -> Vec<u8> {
    let mut start = vec![START_PREFIX];
    start.extend_from_slice(&at.topic.to_be_bytes());
    start.extend_from_slice(&at.number.to_be_bytes());
    start
}

fn parse_topic(key: &[u8], value: &[u8]) -> Option<DataTopic> {
    let id = u32::from_be_bytes(key.get(1..)?.try_into().ok()?);
    let (partitions, name) = value.split_first_chunk()?;
    let dataset = std::str::from_utf8(name).ok()?.parse().ok()?;
    Some(DataTopic { id, dataset, partitions: u32::from_be_bytes(*partitions) })
}
