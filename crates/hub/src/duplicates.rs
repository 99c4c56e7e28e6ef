//! Which records were taken in the last 24 hours: a retried publish is seen once.
//!
//! A window a dataset, filled from the log when it is first asked for and kept by the calls of this
//! node, so it is exact on one node. What a call is still writing is reserved; after an append of
//! unknown outcome the log itself is asked, before anything else is taken.

use std::{
    collections::{BTreeMap, HashMap, VecDeque, hash_map::Entry},
    sync::{Arc, Mutex as StdMutex, PoisonError},
};

use ndxp_log::{Log, Partition, ReadError, ReadLimits};
use ndxp_model::{DatasetName, Op, Timestamp, Topic};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::headers;

/// How long a record id is remembered: 24 hours.
const WINDOW_MS: i64 = 86_400_000;
const PAGE: ReadLimits = ReadLimits { records: 1_000, bytes: 4 << 20 };

type Hash = [u8; 16];

/// What a retry is recognised by, and what must then be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Hash of publishing system and record id.
    id: Hash,
    /// Hash of operation, key and payload.
    content: Hash,
}

impl Identity {
    pub(crate) fn new(source: &str, record_id: &str, op: Op, key: &[u8], payload: &[u8]) -> Self {
        let id = hash(&[source.as_bytes(), record_id.as_bytes()]);
        Self { id, content: hash(&[op.as_str().as_bytes(), key, payload]) }
    }
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut short = [0; 16];
    short.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    short
}

/// What is known of one record.
#[derive(Debug, Clone, Copy)]
struct Seen {
    content: Hash,
    at: Timestamp,
    /// The audit entry of its publication; `None` while that is being written.
    entry: Option<u64>,
}

/// Why a batch cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clash {
    /// The record has the id of another one with other content.
    Reused(usize),
    /// Another call is writing a record of this id at this moment.
    Busy,
}

/// A batch sorted into new records and repeats. New ones are reserved until it is settled.
#[derive(Debug)]
pub(crate) struct Reserved {
    /// Indices of the records that are new, in order.
    pub fresh: Vec<usize>,
    /// How many are repeats.
    pub duplicates: usize,
    /// The audit entry of a repeat's first time.
    pub first_entry: Option<u64>,
    ids: Vec<Hash>,
}

#[derive(Debug, Default)]
struct Window {
    loaded: bool,
    seen: HashMap<Hash, Seen>,
    order: VecDeque<(Timestamp, Hash)>,
    /// Partitions to be read again from these offsets: an append there has an unknown outcome.
    doubtful: BTreeMap<u32, u64>,
    doubtful_ids: Vec<Hash>,
}

/// One dataset's window. The lock is held while the log is read, which happens at the first call
/// and after an unknown outcome only.
#[derive(Debug)]
pub(crate) struct Dataset {
    name: DatasetName,
    partitions: u32,
    window: Mutex<Window>,
}

/// The windows of all datasets.
#[derive(Debug, Default)]
pub(crate) struct Duplicates(StdMutex<HashMap<DatasetName, Arc<Dataset>>>);

impl Duplicates {
    pub(crate) fn of(&self, name: &DatasetName, partitions: u32) -> Arc<Dataset> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Dataset { name: name.clone(), partitions, window: Mutex::default() };
        Arc::clone(windows.entry(name.clone()).or_insert_with(|| Arc::new(new())))
    }
}

impl Dataset {
    /// Sorts a batch, reserving what is new.
    pub(crate) async fn reserve(
        &self,
        log: &Arc<dyn Log>,
        batch: &[Identity],
        now: Timestamp,
    ) -> Result<Result<Reserved, Clash>, ReadError> {
        let mut window = self.window.lock().await;
        if !window.loaded || !window.doubtful.is_empty() {
            self.read_log(log, &mut window, now).await?;
        }
        window.forget_before(Timestamp::from_millis(now.millis() - WINDOW_MS));
        Ok(window.reserve(batch, now))
    }

    /// The new records are durable.
    pub(crate) async fn written(&self, reserved: &Reserved, entry: u64) {
        let mut window = self.window.lock().await;
        for id in &reserved.ids {
            if let Some(seen) = window.seen.get_mut(id) {
                seen.entry = Some(entry);
            }
        }
    }

    /// Nothing was written.
    pub(crate) async fn not_written(&self, reserved: &Reserved) {
        let mut window = self.window.lock().await;
        for id in &reserved.ids {
            window.seen.remove(id);
        }
    }

    /// Nobody knows: `ends` are the partitions' durable ends from before the append.
    pub(crate) async fn unknown(&self, reserved: Reserved, ends: BTreeMap<u32, u64>) {
        let mut window = self.window.lock().await;
        for (partition, end) in ends {
            let from = window.doubtful.entry(partition).or_insert(end);
            *from = end.min(*from);
        }
        window.doubtful_ids.extend(reserved.ids);
    }

    async fn read_log(
        &self,
        log: &Arc<dyn Log>,
        window: &mut Window,
        now: Timestamp,
    ) -> Result<(), ReadError> {
        let oldest = Timestamp::from_millis(now.millis() - WINDOW_MS);
        let mut from = window.doubtful.clone();
        for number in (0..self.partitions).filter(|_| !window.loaded) {
            let at = self.partition(number);
            from.insert(number, log.offset_at(&at, oldest).await?);
        }
        let mut found = Vec::new();
        for (number, offset) in from {
            self.read_partition(log, number, offset, &mut found).await?;
        }
        // Only now, so that a read that failed is done again.
        for id in std::mem::take(&mut window.doubtful_ids) {
            if window.seen.get(&id).is_some_and(|seen| seen.entry.is_none()) {
                window.seen.remove(&id);
            }
        }
        for (identity, seen) in found {
            window.insert(identity.id, seen);
        }
        window.doubtful.clear();
        window.loaded = true;
        Ok(())
    }

    async fn read_partition(
        &self,
        log: &Arc<dyn Log>,
        number: u32,
        mut from: u64,
        found: &mut Vec<(Identity, Seen)>,
    ) -> Result<(), ReadError> {
        let at = self.partition(number);
        loop {
            let page = log.read(&at, from, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            from = last.offset + 1;
            found.extend(page.iter().filter_map(|stored| {
                let record = &stored.record;
                let facts = headers::Stored::read(record)?;
                let key = record.key.as_deref().unwrap_or_default();
                let (id, op) = (facts.record_id, facts.op);
                let identity = Identity::new(facts.source, id, op, key, &record.value);
                let entry = Some(facts.entry);
                Some((identity, Seen { content: identity.content, at: record.timestamp, entry }))
            }));
        }
    }

    fn partition(&self, number: u32) -> Partition {
        Partition { topic: Topic::Data(self.name.clone()), number }
    }
}

impl Window {
    fn reserve(&mut self, batch: &[Identity], now: Timestamp) -> Result<Reserved, Clash> {
        let mut reserved =
            Reserved { fresh: Vec::new(), duplicates: 0, first_entry: None, ids: Vec::new() };
        for (index, identity) in batch.iter().enumerate() {
            let clash = match self.seen.entry(identity.id) {
                Entry::Vacant(free) => {
                    free.insert(Seen { content: identity.content, at: now, entry: None });
                    self.order.push_back((now, identity.id));
                    reserved.fresh.push(index);
                    reserved.ids.push(identity.id);
                    continue;
                }
                Entry::Occupied(known) if known.get().content != identity.content => {
                    Clash::Reused(index)
                }
                Entry::Occupied(known) => {
                    let entry = known.get().entry;
                    if entry.is_some() || reserved.ids.contains(&identity.id) {
                        reserved.duplicates += 1;
                        reserved.first_entry = reserved.first_entry.or(entry);
                        continue;
                    }
                    Clash::Busy
                }
            };
            for id in &reserved.ids {
                self.seen.remove(id);
            }
            return Err(clash);
        }
        Ok(reserved)
    }

    fn insert(&mut self, id: Hash, seen: Seen) {
        // The first in the log counts; a later equal one is superseded.
        if let Entry::Vacant(free) = self.seen.entry(id) {
            free.insert(seen);
            self.order.push_back((seen.at, id));
        }
    }

    fn forget_before(&mut self, oldest: Timestamp) {
        while let Some((_, id)) = self.order.pop_front_if(|(at, _)| *at < oldest) {
            if self.seen.get(&id).is_some_and(|seen| seen.at < oldest) {
                self.seen.remove(&id);
            }
        }
    }
}
