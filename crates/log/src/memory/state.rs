//! The partitions of the in-memory engine and what is to happen to them.

mod tidy;

use std::collections::{BTreeMap, VecDeque};

use ndxp_model::{DatasetName, HubTopic, Keep, MAX_PARTITIONS, Timestamp, Topic};
use tokio::sync::{oneshot, watch};

use super::Fault;
use crate::{
    AppendError, MAX_RECORD_BYTES, Partition, ReadError, ReadLimits, Record, Stored,
    budget::Budget, record,
};

/// What an append wants to write.
pub(super) enum Draft {
    Plain(Vec<(Partition, Record)>),
    After(Record, Vec<(Partition, Record)>),
}

/// What was written. While the engine is held, `synced` says when it is durable.
pub(super) struct Written {
    pub(super) offsets: Vec<u64>,
    pub(super) synced: Option<oneshot::Receiver<()>>,
}

#[derive(Debug)]
pub(super) struct State {
    topics: BTreeMap<Topic, Vec<Records>>,
    waiting: Vec<oneshot::Sender<()>>,
    dead: bool,
    pub(super) faults: VecDeque<Option<Fault>>,
    pub(super) failing_reads: usize,
    pub(super) held: bool,
}

#[derive(Debug)]
struct Records {
    keep: Keep,
    /// The first offset that retention has left.
    start: u64,
    /// The time of the last record before it.
    gone: Timestamp,
    /// What the next record gets.
    next: u64,
    /// The last record's: the next one's is not earlier.
    time: Timestamp,
    /// In order of offsets, with holes where something was compacted away.
    written: Vec<(u64, Record)>,
    /// INVARIANT: never more than `next`.
    durable: watch::Sender<u64>,
}

impl State {
    pub(super) fn new() -> Self {
        let hub = HubTopic::ALL.map(|t| (Topic::Hub(t), empty(t.partitions(), t.keep())));
        Self {
            topics: hub.into_iter().collect(),
            waiting: Vec::new(),
            dead: false,
            faults: VecDeque::new(),
            failing_reads: 0,
            held: false,
        }
    }

    pub(super) fn create(
        &mut self,
        dataset: &DatasetName,
        partitions: u32,
        keep: Keep,
    ) -> Result<(), AppendError> {
        self.check_alive()?;
        if !(1..=MAX_PARTITIONS).contains(&partitions) {
            let text = format!("a topic has 1 to {MAX_PARTITIONS} partitions, not {partitions}");
            return Err(AppendError::Unavailable(text));
        }
        let topic = Topic::Data(dataset.clone());
        let there = self.topics.entry(topic).or_insert_with(|| empty(partitions, keep));
        if there.len() != partitions as usize {
            let text = format!("topic of {dataset} exists with {} partitions", there.len());
            return Err(AppendError::Unavailable(text));
        }
        there.iter_mut().for_each(|records| records.keep = keep);
        Ok(())
    }

    pub(super) fn write(&mut self, draft: Draft) -> Result<Written, AppendError> {
        self.check_alive()?;
        let mut batch = self.checked(draft)?;
        match self.faults.pop_front().flatten() {
            None => {}
            Some(Fault::NotWritten) => {
                return Err(AppendError::Unavailable("injected: not written".into()));
            }
            Some(Fault::Written) => {
                self.store(batch);
                self.sync_unless_held();
                return Err(AppendError::Unknown("injected: written".into()));
            }
            Some(Fault::EntryOnly) => {
                batch.retain(|(at, _)| at.topic == Topic::Hub(HubTopic::Audit));
                batch.truncate(1);
                self.store(batch);
                self.sync_unless_held();
                return Err(AppendError::Unknown("injected: entry written".into()));
            }
        }
        let offsets = self.store(batch);
        let synced = self.sync_unless_held();
        Ok(Written { offsets, synced })
    }

    /// Lays a draft out as records in order, each covered one with its headers.
    fn checked(&self, draft: Draft) -> Result<Vec<(Partition, Record)>, AppendError> {
        let batch = match draft {
            Draft::Plain(records) => self.admitted(records)?,
            Draft::After(entry, covered) => {
                let audit = Partition { topic: Topic::Hub(HubTopic::Audit), number: 0 };
                let index = self.partition(&audit).map_or(0, |records| records.next);
                let mut batch = self.admitted(covered)?;
                for ((_, record), position) in batch.iter_mut().zip(0..) {
                    *record = record::cover(std::mem::take(record), index, position);
                }
                batch.splice(0..0, self.admitted(vec![(audit, entry)])?);
                batch
            }
        };
        Ok(batch)
    }

    /// Checks records as the caller gave them: the engine's own headers are no part of the limit.
    fn admitted(
        &self,
        records: Vec<(Partition, Record)>,
    ) -> Result<Vec<(Partition, Record)>, AppendError> {
        for (at, record) in &records {
            if self.partition(at).is_none() {
                return Err(AppendError::NoSuchPartition(at.to_string()));
            }
            let bytes = record.size();
            if bytes > MAX_RECORD_BYTES {
                return Err(AppendError::TooLarge { bytes, limit: MAX_RECORD_BYTES });
            }
        }
        Ok(records)
    }

    fn store(&mut self, batch: Vec<(Partition, Record)>) -> Vec<u64> {
        let mut offsets = Vec::with_capacity(batch.len());
        for (at, mut record) in batch {
            let partitions = self.topics.get_mut(&at.topic);
            let Some(records) = partitions.and_then(|all| all.get_mut(at.number as usize)) else {
                continue; // `checked` refused it before
            };
            records.time = records.time.max(record.timestamp);
            record.timestamp = records.time;
            offsets.push(records.next);
            records.written.push((records.next, record));
            records.next += 1;
        }
        offsets
    }

    fn sync_unless_held(&mut self) -> Option<oneshot::Receiver<()>> {
        if !self.held {
            self.sync();
            return None;
        }
        let (done, synced) = oneshot::channel();
        self.waiting.push(done);
        Some(synced)
    }

    fn sync(&mut self) {
        for records in self.topics.values_mut().flatten() {
            let end = records.next;
            records.durable.send_if_modified(|durable| {
                let moved = *durable != end;
                *durable = end;
                moved
            });
        }
        for caller in self.waiting.drain(..) {
            // A caller that has gone away has nothing to learn.
            let _ = caller.send(());
        }
    }

    pub(super) fn release(&mut self) {
        self.held = false;
        if !self.dead {
            self.sync();
        }
    }

    /// Ends this state; callers that wait get no answer.
    pub(super) fn die(&mut self) {
        self.dead = true;
        self.waiting.clear();
    }

    /// Syncs what was written, and answers nobody.
    pub(super) fn sync_silently(&mut self) {
        for records in self.topics.values_mut().flatten() {
            records.durable.send_replace(records.next);
        }
    }

    /// Returns what is durable.
    pub(super) fn durable(&self) -> Self {
        let durable = |all: &Vec<Records>| all.iter().map(Records::durable_prefix).collect();
        let topics = self.topics.iter().map(|(topic, all)| (topic.clone(), durable(all)));
        Self { topics: topics.collect(), ..Self::new() }
    }

    pub(super) fn end(&self, at: &Partition) -> Result<u64, AppendError> {
        self.check_alive()?;
        let records = self.partition(at);
        let records = records.ok_or_else(|| AppendError::NoSuchPartition(at.to_string()))?;
        Ok(*records.durable.borrow())
    }

    pub(super) fn read(
        &mut self,
        at: &Partition,
        from: u64,
        limits: ReadLimits,
    ) -> Result<Vec<Stored>, ReadError> {
        if self.failing_reads > 0 {
            self.failing_reads -= 1;
            return Err(ReadError::Unavailable("injected: failed read".into()));
        }
        let records = self.readable(at)?;
        if from < records.start {
            return Err(ReadError::Expired { asked: from, earliest: records.start });
        }
        let mut budget = Budget::new(limits);
        let there = records.from(from);
        Ok(there
            .iter()
            .take_while(|(_, record)| budget.admit(record.size()))
            .map(|(offset, record)| Stored { offset: *offset, record: record.clone() })
            .collect())
    }

    pub(super) fn follow(&self, at: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        let records = self.partition(at);
        let records = records.ok_or_else(|| ReadError::NoSuchPartition(at.to_string()))?;
        Ok(records.durable.subscribe())
    }

    pub(super) fn offset_at(&self, at: &Partition, time: Timestamp) -> Result<u64, ReadError> {
        let records = self.readable(at)?;
        let end = *records.durable.borrow();
        let there = records.from(records.start);
        let first = there.partition_point(|(_, record)| record.timestamp < time);
        Ok(there.get(first).map_or(end, |(offset, _)| *offset))
    }

    pub(super) fn earliest(&self, at: &Partition) -> Result<u64, ReadError> {
        Ok(self.readable(at)?.start)
    }

    pub(super) fn tidy(&mut self, now: Timestamp) -> Result<(), AppendError> {
        self.check_alive()?;
        self.topics.values_mut().flatten().for_each(|records| records.tidy(now));
        Ok(())
    }

    fn readable(&self, at: &Partition) -> Result<&Records, ReadError> {
        if self.dead {
            return Err(ReadError::Unavailable("power was lost".into()));
        }
        self.partition(at).ok_or_else(|| ReadError::NoSuchPartition(at.to_string()))
    }

    fn partition(&self, at: &Partition) -> Option<&Records> {
        self.topics.get(&at.topic)?.get(at.number as usize)
    }

    fn check_alive(&self) -> Result<(), AppendError> {
        if self.dead {
            return Err(AppendError::Unavailable("power was lost".into()));
        }
        Ok(())
    }
}

impl Records {
    fn empty(keep: Keep) -> Self {
        let never = Timestamp::from_millis(i64::MIN);
        let durable = watch::Sender::new(0);
        Self { keep, start: 0, gone: never, next: 0, time: never, written: Vec::new(), durable }
    }

    /// Returns the durable records from an offset on.
    fn from(&self, from: u64) -> &[(u64, Record)] {
        let end = *self.durable.borrow();
        let index = |offset| self.written.partition_point(|(there, _)| *there < offset);
        self.written.get(index(from)..index(end)).unwrap_or_default()
    }

    fn durable_prefix(&self) -> Self {
        let end = *self.durable.borrow();
        let written = self.from(0).to_vec();
        // What retention deleted was durable, and not later than what is left.
        let time = written.last().map_or(self.gone, |(_, record)| record.timestamp.max(self.gone));
        let durable = watch::Sender::new(end);
        let Self { keep, start, gone, .. } = *self;
        Self { keep, start, gone, next: end, time, written, durable }
    }
}

fn empty(partitions: u32, keep: Keep) -> Vec<Records> {
    (0..partitions).map(|_| Records::empty(keep)).collect()
}
