//! The engine that grows: partitions on Kafka's brokers.
//!
//! Appends go through a few idempotent producers and are acknowledged once every broker in sync has
//! them. A followed partition is read once by the tail's consumer into a window in memory, which
//! answers whoever reads near its end; other reads go to a pool of consumers, those far behind to a
//! pool of their own. No transaction, no consumer group, no loop that polls: what is new comes by
//! delivery reports and long fetches.
//!
//! What can be said of a failed append is what is known for sure. "Nothing was written" is said only
//! of what was never handed to librdkafka; of anything else the outcome is unknown.

mod admin;
mod baseline;
mod call;
mod cluster;
mod commit;
mod config;
mod context;
mod error;
mod message;
mod names;
mod open;
mod partitions;
mod producer;
mod questions;
mod readers;
mod tail;
mod trial;
mod window;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use ndxp_model::{DatasetName, HubTopic, Keep, Timestamp, Topic};
use rdkafka::error::KafkaResult;
use tokio::{
    sync::{Semaphore, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    AppendError, Appended, Covered, Log, Partition, ReadError, ReadLimits, Record, Stored,
};

pub use crate::embedded::TailLimits;
pub use baseline::Baseline;
pub use config::{Compression, Config, Scram, Secret, Security, Timeouts, Tls};
pub use error::OpenError;

use admin::Admin;
use call::{Outcome, Reply, Room, Written};
use cluster::Cluster;
use commit::{Commit, Commits};
use partitions::{Slot, lock};
use producer::{Item, Producers};
use questions::Questions;
use readers::{Readers, Wanted};
use tail::Tail;
use trial::Leave;
use window::Look;

/// The most partitions of a dataset, as with the embedded engine.
const MAX_PARTITIONS: u32 = 64;
/// A read that begins further from the end is a lagging one.
const LAG: u64 = 10_000;
/// A place in the queue is this many bytes.
const PLACE: usize = 1024;

/// The Kafka engine. Dropping it lets go of what is on its way; [`Kafka::close`] waits for it.
#[derive(Debug)]
pub struct Kafka {
    config: Config,
    cluster: Arc<Cluster>,
    questions: Arc<Questions>,
    admin: Admin,
    producers: Arc<Producers>,
    commits: Commits,
    tail: Tail,
    near: Readers,
    lagging: Readers,
    queue: Arc<Semaphore>,
    places: u32,
    watching: JoinHandle<()>,
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

impl Kafka {
    /// Waits for the appends that are on their way, at most as long as an append may take, and
    /// refuses every later call.
    pub async fn close(&self) {
        let all = self.queue.acquire_many(self.places);
        // Whatever is left then has timed out.
        drop(tokio::time::timeout(self.config.timeouts.append, all).await);
        self.queue.close();
        self.near.close();
        self.lagging.close();
        self.tail.end();
        self.watching.abort();
    }

    fn slot(&self, at: &Partition) -> Result<Arc<Slot>, AppendError> {
        let slot = self.cluster.partitions.get(at);
        slot.ok_or_else(|| AppendError::NoSuchPartition(at.to_string()))
    }

    fn readable(&self, at: &Partition) -> Result<Arc<Slot>, ReadError> {
        let slot = self.cluster.partitions.get(at);
        slot.ok_or_else(|| ReadError::NoSuchPartition(at.to_string()))
    }

    /// Checks whether a record without an entry may go to a partition, and returns the bytes it
    /// takes on the way. (Covered ones get a key where they need one.)
    fn admit(slot: &Slot, record: &Record) -> Result<usize, AppendError> {
        let bytes = message::admit(record)?;
        if slot.needs_keys() && record.key.is_none() {
            let text = format!("{} is compacted and takes no record without a key", slot.at);
            return Err(AppendError::Unavailable(text));
        }
        Ok(bytes)
    }

    /// Waits for room in the queue to the brokers; nothing was written if there is none.
    async fn room(&self, bytes: usize) -> Result<Room, AppendError> {
        let places = u32::try_from(bytes / PLACE + 1).unwrap_or(u32::MAX).min(self.places);
        let room = Arc::clone(&self.queue).acquire_many_owned(places);
        match tokio::time::timeout(self.config.timeouts.append, room).await {
            Ok(room) => room.map(Arc::new).map_err(|_| closed()),
            Err(_) => Err(AppendError::Unavailable("the queue to the brokers is full".into())),
        }
    }

    /// Asks whether the partitions of a call take appends at present.
    async fn leave(&self, slots: &[Arc<Slot>]) -> Result<Leave, AppendError> {
        self.cluster.check().map_err(AppendError::Unavailable)?;
        for slot in slots {
            self.cluster.check_slot(slot)?;
            self.set_clock(slot).await?;
        }
        let mut leave = Leave::default();
        for slot in slots {
            let text = || format!("{} does not answer; another append is trying it", slot.at);
            leave.ask(slot).ok_or_else(|| AppendError::Unavailable(text()))?;
        }
        Ok(leave)
    }

    /// Learns the time of a partition's last record, once: the next one's is not earlier.
    async fn set_clock(&self, slot: &Arc<Slot>) -> Result<(), AppendError> {
        if !slot.keeps_times() || lock(&slot.clock).is_some() {
            return Ok(());
        }
        let end = *slot.end.borrow();
        let last = match end.checked_sub(1) {
            None => 0,
            Some(last) => self.time_of(slot, last, end).await?,
        };
        let mut clock = lock(&slot.clock);
        *clock = Some(clock.unwrap_or_default().max(last));
        Ok(())
    }

    async fn time_of(&self, slot: &Arc<Slot>, from: u64, end: u64) -> Result<i64, AppendError> {
        let limits = ReadLimits { records: 1, bytes: 0 };
        let wanted = Wanted { slot: Arc::clone(slot), from, end, limits };
        match self.near.read(wanted).await {
            Ok(page) => Ok(page.last().map_or(0, |stored| stored.record.timestamp.millis())),
            Err(ReadError::Expired { .. }) => Ok(0),
            Err(error) => {
                let text =
                    format!("the time of the last record of {} is not known: {error}", slot.at);
                Err(AppendError::Unavailable(text))
            }
        }
    }

    async fn outcome(&self, answer: oneshot::Receiver<Outcome>) -> Outcome {
        // Entry and records, one after the other, and a group of others before them.
        match tokio::time::timeout(patience(&self.config) * 3, answer).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(AppendError::Unknown("the producer ended".into())),
            Err(_) => Err(AppendError::Unknown("no delivery report came".into())),
        }
    }

    async fn write(&self, items: Vec<Item>) -> Result<Vec<u64>, AppendError> {
        let bytes =
            items.iter().map(|(slot, record)| Self::admit(slot, record)).sum::<Result<_, _>>()?;
        let slots = distinct(&items);
        let mut leave = self.leave(&slots).await?;
        let room = self.room(bytes).await?;
        let (done, answer) = oneshot::channel();
        if self.producers.send(items, Reply { entry: None, room: Some(room), done }) {
            leave.used(&slots);
        }
        Ok(self.outcome(answer).await?.offsets)
    }

    /// Asks the brokers on a blocking thread.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Questions) -> KafkaResult<T> + Send + 'static,
    ) -> Result<T, ReadError> {
        self.cluster.check().map_err(ReadError::Unavailable)?;
        let questions = Arc::clone(&self.questions);
        match tokio::task::spawn_blocking(move || question(&questions)).await {
            Ok(answer) => answer.map_err(readers::unavailable),
            Err(error) => Err(ReadError::Unavailable(error.to_string())),
        }
    }

    /// Returns a partition's end: the known one where the tail keeps it up to date.
    async fn end_of(&self, slot: &Arc<Slot>, from: u64) -> Result<u64, ReadError> {
        let known = *slot.end.borrow();
        let is_followed = slot.is_followed.load(std::sync::atomic::Ordering::Acquire);
        if from < known || is_followed {
            return Ok(known);
        }
        let asked = Arc::clone(slot);
        let ends = self.ask(move |q| q.ends(&[(asked.topic.as_str(), asked.number)])).await?;
        slot.reach(ends.first().copied().unwrap_or_default());
        Ok(*slot.end.borrow())
    }

    /// Reads from the window what it has or is about to get.
    async fn read_window(
        &self,
        slot: &Slot,
        from: u64,
        limits: ReadLimits,
    ) -> Result<Option<Vec<Stored>>, ReadError> {
        let look = || lock(&slot.window).look(from, limits);
        match look() {
            Look::Page(page) => return Ok(Some(page)),
            Look::Elsewhere => return Ok(None),
            Look::Coming => {}
        }
        let mut arrived = slot.arrived.subscribe();
        let coming = arrived.wait_for(|next| *next > from);
        match tokio::time::timeout(self.config.timeouts.read, coming).await {
            Ok(_) => {}
            Err(_) => {
                return Err(ReadError::Unavailable("the brokers sent nothing in time".into()));
            }
        }
        match look() {
            Look::Page(page) => Ok(Some(page)),
            Look::Coming | Look::Elsewhere => Ok(None),
        }
    }
}

#[async_trait]
impl Log for Kafka {
    fn engine(&self) -> &'static str {
        "kafka"
    }

    async fn create(
        &self,
        dataset: &DatasetName,
        partitions: u32,
        keep: Keep,
    ) -> Result<(), AppendError> {
        if !(1..=MAX_PARTITIONS).contains(&partitions) {
            let text = format!("a topic has 1 to {MAX_PARTITIONS} partitions, not {partitions}");
            return Err(AppendError::Unavailable(text));
        }
        self.cluster.check().map_err(AppendError::Unavailable)?;
        let topic = Topic::Data(dataset.clone());
        self.settle_topic(&topic, partitions, keep).await.map_err(AppendError::Unavailable)
    }

    async fn append(
        &self,
        topic: HubTopic,
        partition: u32,
        records: Vec<Record>,
    ) -> Result<u64, AppendError> {
        let slot = self.slot(&Partition { topic: Topic::Hub(topic), number: partition })?;
        if records.is_empty() {
            let end = *slot.end.borrow();
            return Ok(end);
        }
        let items = records.into_iter().map(|record| (Arc::clone(&slot), record)).collect();
        let offsets = self.write(items).await?;
        Ok(offsets.last().copied().unwrap_or_default())
    }

    async fn append_after(&self, entry: Record, covered: Covered) -> Result<Appended, AppendError> {
        let (topic, covered) = covered.into_records();
        let audit = self.slot(&Partition { topic: Topic::Hub(HubTopic::Audit), number: 0 })?;
        let mut bytes = Self::admit(&audit, &entry)?;
        let mut at = Partition { topic, number: 0 };
        let mut items = Vec::with_capacity(covered.len());
        for (number, record) in covered {
            at.number = number;
            let slot = self.slot(&at)?;
            bytes += message::admit(&record)?;
            items.push((slot, record));
        }
        let slots = distinct(&items);
        let leave = self.leave(&[&[Arc::clone(&audit)], slots.as_slice()].concat()).await?;
        let room = self.room(bytes).await?;
        let (done, answer) = oneshot::channel();
        self.commits.add(Commit { audit, entry, items, slots, leave, room, done });
        let Written { entry, offsets } = self.outcome(answer).await?;
        Ok(Appended { entry: entry.unwrap_or_default(), covered: offsets })
    }

    async fn read(
        &self,
        at: &Partition,
        from: u64,
        limits: ReadLimits,
    ) -> Result<Vec<Stored>, ReadError> {
        let slot = self.readable(at)?;
        let end = self.end_of(&slot, from).await?;
        if from >= end {
            return Ok(Vec::new());
        }
        if let Some(page) = self.read_window(&slot, from, limits).await? {
            return Ok(page);
        }
        self.cluster.check().map_err(ReadError::Unavailable)?;
        let readers = if end - from > LAG { &self.lagging } else { &self.near };
        readers.read(Wanted { slot, from, end, limits }).await
    }

    fn follow(&self, at: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        let slot = self.readable(at)?;
        let end = slot.end.subscribe();
        self.tail.follow(&slot);
        Ok(end)
    }

    async fn offset_at(&self, at: &Partition, time: Timestamp) -> Result<u64, ReadError> {
        let slot = self.readable(at)?;
        let millis = time.millis();
        self.ask(move |questions| {
            let (earliest, end) = questions.range(&slot.topic, slot.number)?;
            if millis <= 0 {
                return Ok(earliest); // negative times are Kafka's own words for other questions
            }
            Ok(questions.offset_at(&slot.topic, slot.number, millis)?.unwrap_or(end))
        })
        .await
    }

    async fn earliest(&self, at: &Partition) -> Result<u64, ReadError> {
        let slot = self.readable(at)?;
        self.ask(move |questions| Ok(questions.range(&slot.topic, slot.number)?.0)).await
    }

    async fn tidy(&self, _now: Timestamp) -> Result<(), AppendError> {
        Ok(())
    }

    async fn confirm(&self, at: &Partition) -> Result<u64, ReadError> {
        let slot = self.readable(at)?;
        let asked = Arc::clone(&slot);
        let ends = self.ask(move |q| q.ends(&[(asked.topic.as_str(), asked.number)])).await?;
        let end = ends.first().copied().unwrap_or_default();
        slot.reach(end);
        Ok(end)
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn trouble(&self) -> Option<String> {
        // Whatever is appended has an entry there.
        let audit = Partition { topic: Topic::Hub(HubTopic::Audit), number: 0 };
        let short = || lock(&self.cluster.partitions.get(&audit)?.trouble).clone();
        self.cluster.check().err().or_else(short)
    }
}

/// How long is waited for a delivery report: librdkafka gives it within its own time-out; this is
/// for the case that it does not.
fn patience(config: &Config) -> Duration {
    config.timeouts.append * 2 + Duration::from_secs(5)
}

fn closed() -> AppendError {
    AppendError::Unavailable("the log is closed".into())
}

/// Returns the partitions of a call, each once.
fn distinct(items: &[Item]) -> Vec<Arc<Slot>> {
    let mut slots: Vec<Arc<Slot>> = Vec::new();
    for (slot, _) in items {
        if !slots.iter().any(|known| Arc::ptr_eq(known, slot)) {
            slots.push(Arc::clone(slot));
        }
    }
    slots
}
