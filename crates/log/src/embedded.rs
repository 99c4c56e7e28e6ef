//! The embedded engine: fjall in one directory of one machine.
//!
//! One thread writes. It drains a bounded queue into one batch with one sync, then moves each
//! partition's durable end and answers the callers; readers never pass that end. The last records
//! of each partition are also in memory, so whoever follows an end does not touch the store; other
//! reads run on the runtime's blocking threads. The store cuts a damaged journal silently, so the
//! file `ends` says what was acknowledged, and opening compares.
//!
//! ```text
//! <dir>/lock                     held while open
//! <dir>/ends                     durable ends, at most a second behind
//! <dir>/store/                   fjall's own
//! <dir>/journal-before-opening/  the journal's copy, while opening
//! <dir>/journal-damaged-<n>/     that copy, where opening found damage
//! ```

mod baseline;
mod codec;
mod dir;
mod ends;
mod error;
mod expired;
mod keeper;
mod keys;
mod open;
mod partitions;
mod space;
mod store;
mod tail;
#[cfg(test)]
mod tests;
mod threads;
mod tidy;
mod torn;
mod writer;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use ndxp_model::{DatasetName, HubTopic, Keep, Timestamp, Topic};
use tokio::sync::{Mutex as AsyncMutex, Semaphore, mpsc, oneshot, watch};

use crate::{
    AppendError, Appended, Covered, Log, MAX_RECORD_BYTES, Partition, ReadError, ReadLimits,
    Record, Stored,
};

pub use baseline::Baseline;
pub use error::{Damage, OpenError};
pub use space::FreeSpace;
pub use tail::TailLimits;

use codec::{Draft, Undecodable};
use partitions::{Partitions, Slot, lock};
use store::{Store, StoreError};
use threads::Threads;
use tidy::Garbage;
use writer::{Append, Delete, Job};

/// How the engine is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The directory; it is made if it is not there.
    pub dir: PathBuf,
    /// Bytes that must stay free on its disk (`log.min_free`): appends are refused before.
    pub min_free: u64,
    /// How many appends may wait for the writer; further callers wait for a place.
    pub queue: usize,
    /// How much of each partition's end stays in memory.
    pub tail: TailLimits,
    /// How many reads of the store run at once; further ones wait.
    pub readers: usize,
    /// Bytes of the store's cache of blocks.
    pub cache: u64,
    /// How free space is measured.
    pub free_space: FreeSpace,
    /// Bytes of deleted records for which the store rewrites its tables, if they are half of them
    /// or more; below it waits until it compacts them anyway.
    pub rewrite_at: u64,
}

impl Config {
    /// Sets the engine up for a directory, with values for one machine of moderate size.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            min_free: 512 * 1024 * 1024,
            queue: 1024,
            tail: TailLimits { records: 256, bytes: 256 * 1024 },
            readers: 8,
            cache: 64 * 1024 * 1024,
            free_space: FreeSpace::of_file_system(),
            rewrite_at: 64 * 1024 * 1024,
        }
    }
}

/// The embedded engine. Dropping it works like [`Embedded::close`], but blocks.
#[derive(Debug)]
pub struct Embedded {
    partitions: Arc<Partitions>,
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    /// A reader holds a permit as long as it holds the store.
    readers: Arc<Semaphore>,
    most_readers: u32,
    store: Mutex<Option<Arc<Store>>>,
    threads: Mutex<Option<Threads>>,
    fatal: watch::Sender<Option<String>>,
    /// Deleting goes on once at a time.
    garbage: AsyncMutex<Garbage>,
    rewrite_at: u64,
}

impl Embedded {
    /// Opens a directory, or makes it. Blocks while the journal is copied and replayed (at most
    /// 256 MiB of it).
    ///
    /// # Errors
    /// [`OpenError`]: in use by another process, damaged, of another format, or not usable.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let opened = open::open(&config)?;
        let (queue, jobs) = mpsc::channel(config.queue.max(1));
        let fatal = watch::Sender::new(None);
        let readers = config.readers.clamp(1, 1024);
        let partitions = Arc::new(opened.partitions);
        let store = Arc::new(opened.store);
        let threads = Threads::start(
            &config,
            opened.dir,
            (Arc::clone(&store), Arc::clone(&partitions), fatal.clone()),
            jobs,
        );
        let threads = threads.map_err(|source| OpenError::Io {
            dir: config.dir.clone(),
            doing: "starting its threads",
            source,
        })?;
        Ok(Self {
            partitions,
            queue: Mutex::new(Some(queue)),
            readers: Arc::new(Semaphore::new(readers)),
            most_readers: u32::try_from(readers).unwrap_or(1024),
            store: Mutex::new(Some(store)),
            threads: Mutex::new(Some(threads)),
            fatal,
            garbage: AsyncMutex::new(Garbage::default()),
            rewrite_at: config.rewrite_at,
        })
    }

    /// Follows what ends the engine: once it is `Some`, every append is refused with this cause
    /// behind it, and the process should end with that line and be started again.
    #[must_use]
    pub fn fatal(&self) -> watch::Receiver<Option<String>> {
        self.fatal.subscribe()
    }

    /// Finishes what is queued, closes the store and releases the directory. Later calls are
    /// answered `Unavailable`. A second close does nothing.
    pub async fn close(&self) {
        drop(lock(&self.queue).take());
        let threads = lock(&self.threads).take();
        let has_failed = self.has_failed();
        // Readers let go of the store before they give their permit back.
        let all = self.readers.acquire_many(self.most_readers).await;
        let store = lock(&self.store).take();
        let closing = tokio::task::spawn_blocking(move || {
            if let Some(threads) = threads {
                threads.join(has_failed);
            }
            drop(store);
        });
        if closing.await.is_err() {
            tracing::error!("closing the log panicked");
        }
        drop(all);
        self.readers.close();
    }

    fn has_failed(&self) -> bool {
        self.fatal.borrow().is_some()
    }

    fn slot(&self, at: &Partition) -> Option<Arc<Slot>> {
        self.partitions.get(at)
    }

    /// Encodes a record for its partition, or refuses it.
    fn row(
        &self,
        at: &Partition,
        record: &Record,
        position: Option<u32>,
    ) -> Result<(Arc<Slot>, Draft), AppendError> {
        let slot = self.slot(at).ok_or_else(|| AppendError::NoSuchPartition(at.to_string()))?;
        let bytes = record.size();
        if bytes > MAX_RECORD_BYTES {
            return Err(AppendError::TooLarge { bytes, limit: MAX_RECORD_BYTES });
        }
        Ok((slot, codec::encode(record, position)))
    }

    async fn write(&self, rows: Vec<(Arc<Slot>, Draft)>) -> Result<Vec<u64>, AppendError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Append(Append { rows, reply }), answer).await
    }

    async fn send<T>(
        &self,
        job: Job,
        answer: oneshot::Receiver<Result<T, AppendError>>,
    ) -> Result<T, AppendError> {
        let queue = lock(&self.queue).clone();
        let closed = || AppendError::Unavailable("the log is closed".into());
        queue.ok_or_else(closed)?.send(job).await.map_err(|_| closed())?;
        answer.await.map_err(|_| AppendError::Unknown("the writer ended".into()))?
    }

    /// Runs a read of the store on a blocking thread.
    async fn in_store<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let closed = || ReadError::Unavailable("the log is closed".into());
        let permit = Arc::clone(&self.readers).acquire_owned().await.map_err(|_| closed())?;
        let store = lock(&self.store).clone().ok_or_else(closed)?;
        let reading = tokio::task::spawn_blocking(move || {
            let answer = read(&store);
            drop(store);
            drop(permit);
            answer
        });
        match reading.await {
            Ok(answer) => Ok(answer?),
            Err(error) if error.is_panic() => {
                Err(ReadError::Corrupt("reading the store panicked".into()))
            }
            Err(_) => Err(ReadError::Unavailable("the runtime is shutting down".into())),
        }
    }

    async fn read_below(
        &self,
        slot: &Arc<Slot>,
        from: u64,
        end: u64,
        limits: ReadLimits,
    ) -> Result<Vec<Stored>, ReadError> {
        if from < slot.earliest() || from >= end {
            return Ok(Vec::new());
        }
        let cached = lock(&slot.tail).read(from, end, limits);
        if let Some(page) = cached {
            return page.map_err(|error: Undecodable| ReadError::Corrupt(error.to_string()));
        }
        let (id, slot) = (slot.id, Arc::clone(slot));
        let is_hole = move |offset| slot.is_hole(offset);
        self.in_store(move |store| store.read(id, from, end, limits, is_hole)).await
    }

    async fn delete(&self, slot: &Arc<Slot>, what: Delete) -> Result<(), AppendError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Delete { slot: Arc::clone(slot), what, reply }, answer).await
    }

    fn readable(&self, at: &Partition) -> Result<Arc<Slot>, ReadError> {
        self.slot(at).ok_or_else(|| ReadError::NoSuchPartition(at.to_string()))
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(lock(&self.queue).take());
        if let Some(threads) = lock(&self.threads).take() {
            threads.join(self.has_failed());
        }
    }
}

#[async_trait]
impl Log for Embedded {
    fn engine(&self) -> &'static str {
        "embedded"
    }

    async fn create(
        &self,
        dataset: &DatasetName,
        partitions: u32,
        keep: Keep,
    ) -> Result<(), AppendError> {
        let (reply, answer) = oneshot::channel();
        let dataset = dataset.clone();
        self.send(Job::Create { dataset, partitions, keep, reply }, answer).await
    }

    async fn append(
        &self,
        topic: HubTopic,
        partition: u32,
        records: Vec<Record>,
    ) -> Result<u64, AppendError> {
        let at = Partition { topic: Topic::Hub(topic), number: partition };
        if records.is_empty() {
            let slot =
                self.slot(&at).ok_or_else(|| AppendError::NoSuchPartition(at.to_string()))?;
            return Ok(*slot.end.borrow());
        }
        let rows = records.iter().map(|record| self.row(&at, record, None));
        let offsets = self.write(rows.collect::<Result<_, _>>()?).await?;
        Ok(offsets.last().copied().unwrap_or_default())
    }

    async fn append_after(&self, entry: Record, covered: Covered) -> Result<Appended, AppendError> {
        let (topic, covered) = covered.into_records();
        let audit = Partition { topic: Topic::Hub(HubTopic::Audit), number: 0 };
        let mut rows = Vec::with_capacity(covered.len() + 1);
        rows.push(self.row(&audit, &entry, None)?);
        let mut at = Partition { topic, number: 0 };
        for ((number, record), position) in covered.iter().zip(0..) {
            at.number = *number;
            rows.push(self.row(&at, record, Some(position))?);
        }
        let mut offsets = self.write(rows).await?;
        let entry = offsets.remove(0);
        Ok(Appended { entry, covered: offsets })
    }

    async fn read(
        &self,
        at: &Partition,
        from: u64,
        limits: ReadLimits,
    ) -> Result<Vec<Stored>, ReadError> {
        let slot = self.readable(at)?;
        loop {
            let end = *slot.end.borrow();
            let page = self.read_below(&slot, from, end, limits).await;
            // Retention may have passed by meanwhile.
            let earliest = slot.earliest();
            if from < earliest {
                return Err(ReadError::Expired { asked: from, earliest });
            }
            let page = page?;
            // Compaction leaves the last record, but the last one then may not be the last one now.
            if from >= end || !page.is_empty() {
                return Ok(page);
            }
            if *slot.end.borrow() == end {
                return Err(ReadError::Corrupt(format!("no record at {from} or later of {at}")));
            }
        }
    }

    fn follow(&self, at: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        Ok(self.readable(at)?.end.subscribe())
    }

    async fn offset_at(&self, at: &Partition, time: Timestamp) -> Result<u64, ReadError> {
        let slot = self.readable(at)?;
        let range = (slot.earliest(), *slot.end.borrow());
        let id = slot.id;
        self.in_store(move |store| store.offset_at(id, range, time.millis())).await
    }

    async fn earliest(&self, at: &Partition) -> Result<u64, ReadError> {
        Ok(self.readable(at)?.earliest())
    }

    async fn tidy(&self, now: Timestamp) -> Result<(), AppendError> {
        tidy::tidy(self, now).await
    }
}
