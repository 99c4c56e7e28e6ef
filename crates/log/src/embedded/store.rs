//! The store: fjall, and everything that knows its keys.
//!
//! Three keyspaces: `data` holds the datasets' records, `state` what the hub keeps for itself,
//! `meta` the topics, what is kept of them, and how far that was put into effect. A record's key is
//! topic number, partition, offset, so a partition is one range in order. All calls block; none is
//! made on an async task.

mod tidy;

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use fjall::{
    CompressionType, Database, Guard, Keyspace, KeyspaceCreateOptions, LsmError, PersistMode,
    compaction::filter::Factory,
    config::{BlockSizePolicy, FilterPolicy},
};
use ndxp_model::Keep;

use super::{
    codec,
    dir::Lock,
    expired::Starts,
    keys::{
        Cleaned, DataTopic, FIRST_DATA_TOPIC, PartitionId, Start, cleaned_key, cleaned_value,
        keep_key, keep_value, key, offset, parse_cleaned, parse_keep, parse_start, parse_topic,
        start_key, start_value, topic_row, topics,
    },
};
use crate::{ReadError, ReadLimits, Stored, budget::Budget};

pub(super) use tidy::Space;

/// Format 2 knows what is kept of a topic. A store of format 1 keeps everything of every dataset
/// and becomes one of format 2 when it is opened.
const FORMAT: &[u8] = b"2";
const FORMAT_BEFORE: &[u8] = b"1";
const META: &str = "meta";
const FORMAT_KEY: &[u8] = b"format";

/// How much journal there may be: it is copied and replayed at every opening.
const MAX_JOURNAL: u64 = 256 * 1024 * 1024;

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
    starts: Starts,
    _lock: Lock,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens or makes the store. It cuts the journal at the first damage without saying so.
    pub(super) fn open(path: &Path, cache: u64, lock: Lock) -> Result<Self, StoreError> {
        let starts = Starts::default();
        let expired: Arc<dyn Factory> = Arc::new(starts.clone());
        let db = Database::builder(path)
            .with_compaction_filter_factories(Arc::new(move |keyspace| {
                (keyspace != META).then(|| Arc::clone(&expired))
            }))
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
        let meta = db.keyspace(META, small)?;
        let store = Self { data, state, meta, db, starts, _lock: lock };
        store.check_format()?;
        Ok(store)
    }

    fn check_format(&self) -> Result<(), StoreError> {
        match self.meta.get(FORMAT_KEY)? {
            Some(format) if &*format == FORMAT => Ok(()),
            Some(other) if &*other != FORMAT_BEFORE => {
                Err(StoreError::Format(String::from_utf8_lossy(&other).into_owned()))
            }
            _ => {
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
        let mut found = Vec::new();
        for guard in self.meta.prefix(topics()) {
            let (key, value) = guard.into_inner()?;
            found.push(parse_topic(&key, &value)?);
        }
        Ok(found)
    }

    /// Returns what is kept of a dataset's topic.
    pub(super) fn keep(&self, topic: u32) -> Result<Keep, StoreError> {
        match self.meta.get(keep_key(topic))? {
            None => Ok(Keep::Everything),
            Some(stored) => parse_keep(&stored),
        }
    }

    /// Returns where a partition begins.
    pub(super) fn start(&self, at: PartitionId) -> Result<Start, StoreError> {
        let Some(stored) = self.meta.get(start_key(at))? else { return Ok(Start::default()) };
        let start = parse_start(&stored)?;
        self.let_go_before(at, start.offset);
        Ok(start)
    }

    /// Lets the store drop what lies before a start that is durable, whenever it meets it.
    pub(super) fn let_go_before(&self, at: PartitionId, start: u64) {
        self.starts.set(at, start);
    }

    /// Returns how far a partition was compacted.
    pub(super) fn cleaned(&self, at: PartitionId) -> Result<Cleaned, StoreError> {
        match self.meta.get(cleaned_key(at))? {
            None => Ok(Cleaned::default()),
            Some(stored) => parse_cleaned(&stored),
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

    /// Reads records of `from..end`. Where one is missing, `is_hole` must say of it and those just
    /// before it that compaction may have removed them; it is asked after the fact, since
    /// compaction goes on meanwhile.
    pub(super) fn read(
        &self,
        at: PartitionId,
        from: u64,
        end: u64,
        limits: ReadLimits,
        is_hole: impl Fn(u64) -> bool,
    ) -> Result<Vec<Stored>, StoreError> {
        let missing = |offset| StoreError::Damaged(format!("the record at {offset} is missing"));
        let mut budget = Budget::new(limits);
        let mut page = Vec::new();
        let mut expected = from;
        for guard in self.records(at).range(key(at, from)..key(at, end)) {
            let (offset, stored) = Self::item(guard)?;
            if offset != expected && !is_hole(offset - 1) {
                return Err(missing(expected));
            }
            let record = codec::decode(&stored)
                .map_err(|error| StoreError::Damaged(format!("at {offset}: {error}")))?;
            if !budget.admit(record.size()) {
                return Ok(page);
            }
            page.push(Stored { offset, record });
            expected = offset + 1;
        }
        if expected < end && !is_hole(end - 1) {
            return Err(missing(expected));
        }
        Ok(page)
    }

    /// Returns the first offset of `start..end` whose record is not earlier than `millis`.
    pub(super) fn offset_at(
        &self,
        at: PartitionId,
        (mut start, end): (u64, u64),
        millis: i64,
    ) -> Result<u64, StoreError> {
        let mut found = end;
        let mut beyond = end;
        // INVARIANT: all records before `start` are earlier; from `beyond` on none is, and `found`
        // is the first of those.
        while start < beyond {
            let middle = start + (beyond - start) / 2;
            match self.records(at).range(key(at, middle)..key(at, beyond)).next() {
                None => beyond = middle,
                Some(guard) => {
                    let (offset, stored) = Self::item(guard)?;
                    let time = codec::timestamp(&stored)
                        .map_err(|error| StoreError::Damaged(format!("at {offset}: {error}")))?;
                    if time.millis() < millis {
                        start = offset + 1;
                    } else {
                        (found, beyond) = (offset, middle);
                    }
                }
            }
        }
        Ok(found)
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

    pub(super) fn remove(&mut self, at: PartitionId, offset: u64) {
        self.inner.remove(self.store.records(at), key(at, offset));
    }

    pub(super) fn put_topic(&mut self, topic: &DataTopic) {
        let (key, value) = topic_row(topic);
        self.inner.insert(&self.store.meta, key, value);
    }

    pub(super) fn put_keep(&mut self, topic: u32, keep: Keep) {
        self.inner.insert(&self.store.meta, keep_key(topic), keep_value(keep));
    }

    pub(super) fn put_start(&mut self, at: PartitionId, start: Start) {
        self.inner.insert(&self.store.meta, start_key(at), start_value(start));
    }

    pub(super) fn put_cleaned(&mut self, at: PartitionId, cleaned: Cleaned) {
        self.inner.insert(&self.store.meta, cleaned_key(at), cleaned_value(cleaned));
    }

    pub(super) fn put_format(&mut self, format: &'static [u8]) {
        self.inner.insert(&self.store.meta, FORMAT_KEY, format);
    }

    pub(super) fn commit(self) -> Result<(), StoreError> {
        Ok(self.inner.commit()?)
    }
}
