//! The one thread that writes: it turns whatever waits into one batch with one sync.

use std::sync::Arc;

use bytes::Bytes;
use ndxp_model::{DatasetName, Keep, MAX_PARTITIONS, Topic};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    codec::Draft,
    keys::{Cleaned, DataTopic, FIRST_DATA_TOPIC, PartitionId, Start, hub_topic},
    partitions::{Loaded, Partitions, Slot, lock},
    space::Gauge,
    store::{Store, StoreError},
    tail::TailLimits,
};
use crate::AppendError;

/// How many bytes join one sync; a single call may be larger.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

/// What callers ask of the writer.
pub(super) enum Job {
    Append(Append),
    Create { dataset: DatasetName, partitions: u32, keep: Keep, reply: Reply<()> },
    Delete { slot: Arc<Slot>, what: Delete, reply: Reply<()> },
}

/// What is to be deleted of a partition. Few enough that appends do not wait long for it.
pub(super) enum Delete {
    /// What lies before.
    Before(Start),
    /// These offsets, and how far compaction has got with them.
    Offsets(Vec<u64>, Cleaned),
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, AppendError>>;

/// Records of one call, in order. If the later ones are covered, the first is their entry.
pub(super) struct Append {
    pub(super) rows: Vec<(Arc<Slot>, Draft)>,
    pub(super) reply: Reply<Vec<u64>>,
}

impl Append {
    fn bytes(&self) -> usize {
        self.rows.iter().map(|(_, draft)| draft.len()).sum()
    }
}

/// A call that is in the batch, and what it will be answered.
struct Laid {
    rows: Vec<(Arc<Slot>, Bytes)>,
    offsets: Vec<u64>,
    reply: Reply<Vec<u64>>,
}

/// The writer's state.
pub(super) struct Writer {
    pub(super) store: Arc<Store>,
    pub(super) partitions: Arc<Partitions>,
    pub(super) tail: TailLimits,
    pub(super) gauge: Gauge,
    pub(super) fatal: watch::Sender<Option<String>>,
}

impl Writer {
    /// Works until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut next = queue.blocking_recv();
        while let Some(job) = next {
            match job {
                Job::Create { dataset, partitions, keep, reply } => {
                    answer(reply, self.create(dataset, partitions, keep));
                    next = queue.blocking_recv();
                }
                Job::Delete { slot, what, reply } => {
                    answer(reply, self.delete(&slot, what));
                    next = queue.blocking_recv();
                }
                Job::Append(first) => {
                    let (group, other) = gather(first, &mut queue);
                    self.append(group);
                    next = other.or_else(|| queue.blocking_recv());
                }
            }
        }
    }

    fn append(&mut self, group: Vec<Append>) {
        let bytes: usize = group.iter().map(Append::bytes).sum();
        if let Err(error) = self.admit(bytes) {
            group.into_iter().for_each(|append| answer(append.reply, Err(error.clone())));
            return;
        }
        let store = Arc::clone(&self.store);
        let mut batch = store.batch();
        let laid: Vec<_> = group.into_iter().map(lay).collect();
        for call in &laid {
            for ((slot, stored), offset) in call.rows.iter().zip(&call.offsets) {
                batch.put(slot.id, *offset, stored.clone());
            }
        }
        match batch.commit() {
            Ok(()) => publish(laid),
            Err(error) => {
                let error = self.fail(error);
                laid.into_iter().for_each(|call| answer(call.reply, Err(error.clone())));
            }
        }
    }

    fn create(
        &mut self,
        dataset: DatasetName,
        partitions: u32,
        keep: Keep,
    ) -> Result<(), AppendError> {
        if !(1..=MAX_PARTITIONS).contains(&partitions) {
            let text = format!("a topic has 1 to {MAX_PARTITIONS} partitions, not {partitions}");
            return Err(AppendError::Unavailable(text));
        }
        let topic = Topic::Data(dataset.clone());
        let there = self.partitions.of(&topic);
        let store = Arc::clone(&self.store);
        let mut batch = store.batch();
        if let Some(first) = there.first() {
            if there.len() != partitions as usize {
                let text = format!("topic of {dataset} exists with {} partitions", there.len());
                return Err(AppendError::Unavailable(text));
            }
            if *lock(&first.keep) == keep {
                return Ok(());
            }
            self.check_alive()?;
            batch.put_keep(first.id.topic, keep);
            batch.commit().map_err(|error| self.fail(error))?;
            there.iter().for_each(|slot| *lock(&slot.keep) = keep);
            return Ok(());
        }
        self.admit(0)?;
        let id = self.partitions.next_id(FIRST_DATA_TOPIC);
        batch.put_topic(&DataTopic { id, dataset, partitions });
        batch.put_keep(id, keep);
        batch.commit().map_err(|error| self.fail(error))?;
        let slot =
            |number| Slot::new(PartitionId { topic: id, number }, Loaded::empty(keep), self.tail);
        self.partitions.insert(topic, (0..partitions).map(slot).collect());
        Ok(())
    }

    /// Deletes, also where little space is left: that is what it is for.
    fn delete(&self, slot: &Slot, what: Delete) -> Result<(), AppendError> {
        self.check_alive()?;
        let mut batch = self.store.batch();
        match what {
            Delete::Before(start) => {
                batch.put_start(slot.id, start);
                batch.commit().map_err(|error| self.fail(error))?;
                slot.begin_at(start.offset);
                self.store.let_go_before(slot.id, start.offset);
            }
            Delete::Offsets(offsets, cleaned) => {
                // A reader may meet the hole before this thread goes on.
                let holes = slot.expect_holes_below(cleaned.holes);
                batch.put_cleaned(slot.id, Cleaned { holes, ..cleaned });
                offsets.iter().for_each(|offset| batch.remove(slot.id, *offset));
                batch.commit().map_err(|error| self.fail(error))?;
                if let Some(last) = offsets.last() {
                    lock(&slot.tail).forget_below(last + 1);
                }
            }
        }
        Ok(())
    }

    fn check_alive(&self) -> Result<(), AppendError> {
        match &*self.fatal.borrow() {
            Some(cause) => Err(AppendError::Unavailable(format!("the log failed before: {cause}"))),
            None => Ok(()),
        }
    }

    fn admit(&mut self, bytes: usize) -> Result<(), AppendError> {
        self.check_alive()?;
        self.gauge.admit(bytes as u64)
    }

    /// Ends the engine's life as a writer, and says what the callers in the batch are told.
    fn fail(&self, error: StoreError) -> AppendError {
        let (text, error) = match error {
            StoreError::Poisoned => {
                let text = "the store failed in the background".to_owned();
                (text.clone(), AppendError::Unavailable(text))
            }
            StoreError::Io(error) => (error.to_string(), AppendError::Unknown(error.to_string())),
            StoreError::Damaged(what) | StoreError::Journal(what) | StoreError::Format(what) => {
                (what.clone(), AppendError::Unknown(what))
            }
        };
        report(&self.fatal, text);
        error
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            report(&self.fatal, "the log's writer panicked".to_owned());
        }
    }
}

/// Tells whoever watches; the first cause stays.
pub(super) fn report(fatal: &watch::Sender<Option<String>>, cause: String) {
    fatal.send_if_modified(|known| {
        if known.is_some() {
            return false;
        }
        tracing::error!(%cause, "log failed: the process must end and open it again");
        *known = Some(cause);
        true
    });
}

/// Takes what waits already, up to another job or enough bytes.
fn gather(first: Append, queue: &mut mpsc::Receiver<Job>) -> (Vec<Append>, Option<Job>) {
    let mut bytes = first.bytes();
    let mut group = vec![first];
    while bytes < GROUP_BYTES {
        match queue.try_recv() {
            Ok(Job::Append(append)) => {
                bytes += append.bytes();
                group.push(append);
            }
            Ok(other) => return (group, Some(other)),
            Err(_) => break,
        }
    }
    (group, None)
}

/// Gives each record of a call its offset, its time and its entry.
fn lay(append: Append) -> Laid {
    let mut offsets = Vec::with_capacity(append.rows.len());
    let mut rows = Vec::with_capacity(append.rows.len());
    for (slot, draft) in append.rows {
        let (offset, time) = {
            let mut head = lock(&slot.head);
            head.time = head.time.max(draft.timestamp());
            head.offset += 1;
            (head.offset - 1, head.time)
        };
        offsets.push(offset);
        let entry = offsets.first().copied().unwrap_or_default();
        rows.push((slot, draft.seal(time, entry)));
    }
    Laid { rows, offsets, reply: append.reply }
}

/// Shows what is durable now: first to readers of tails, then to followers, then to callers.
fn publish(laid: Vec<Laid>) {
    let mut touched: Vec<Arc<Slot>> = Vec::new();
    for (slot, stored) in laid.iter().flat_map(|call| &call.rows) {
        lock(&slot.tail).push(stored.clone());
        if touched.last().is_none_or(|last| last.id != slot.id) {
            touched.push(Arc::clone(slot));
        }
    }
    // INVARIANT: whoever sees a record sees its entry, so the audit's end moves first.
    let audit = hub_topic(ndxp_model::HubTopic::Audit);
    touched.sort_by_key(|slot| (slot.id.topic != audit, slot.id));
    touched.dedup_by_key(|slot| slot.id);
    for slot in touched {
        let end = lock(&slot.head).offset;
        slot.end.send_replace(end);
    }
    laid.into_iter().for_each(|call| answer(call.reply, Ok(call.offsets)));
}

fn answer<T>(reply: Reply<T>, answer: Result<T, AppendError>) {
    // A caller that has gone away leaves its outcome open; the log does not.
    let _ = reply.send(answer);
}
