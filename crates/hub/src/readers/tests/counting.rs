//! A log that counts what is read, and holds reads up on demand.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use ndxp_log::{
    AppendError, Appended, Covered, Log, Partition, ReadError, ReadLimits, Record, Stored,
    memory::Memory,
};
use ndxp_model::{DatasetName, HubTopic, Keep, Timestamp};
use tokio::sync::{Semaphore, watch};

#[derive(Debug)]
pub(super) struct Counting {
    memory: Memory,
    reads: AtomicUsize,
    gate: Semaphore,
    /// Reads that wait at the gate.
    waiting: watch::Sender<usize>,
    held_up: watch::Sender<bool>,
}

impl Default for Counting {
    fn default() -> Self {
        Self {
            memory: Memory::new(),
            reads: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            waiting: watch::Sender::new(0),
            held_up: watch::Sender::new(false),
        }
    }
}

impl Counting {
    /// Returns how many reads there were since it was last asked.
    pub(super) fn reads(&self) -> usize {
        self.reads.swap(0, Ordering::SeqCst)
    }

    /// Lets reads wait until [`Counting::let_go`].
    pub(super) fn hold_up(&self) {
        self.held_up.send_replace(true);
    }

    /// Waits until a read waits.
    pub(super) async fn waits(&self) {
        self.waiting.subscribe().wait_for(|waiting| *waiting > 0).await.unwrap();
    }

    pub(super) fn let_go(&self) {
        self.held_up.send_replace(false);
        self.gate.add_permits(1_000);
    }
}

#[async_trait]
impl Log for Counting {
    fn engine(&self) -> &'static str {
        "counting"
    }

    async fn create(
        &self,
        dataset: &DatasetName,
        partitions: u32,
        keep: Keep,
    ) -> Result<(), AppendError> {
        self.memory.create(dataset, partitions, keep).await
    }

    async fn append(
        &self,
        topic: HubTopic,
        partition: u32,
        records: Vec<Record>,
    ) -> Result<u64, AppendError> {
        self.memory.append(topic, partition, records).await
    }

    async fn append_after(&self, entry: Record, covered: Covered) -> Result<Appended, AppendError> {
        self.memory.append_after(entry, covered).await
    }

    async fn read(
        &self,
        at: &Partition,
        from: u64,
        limits: ReadLimits,
    ) -> Result<Vec<Stored>, ReadError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let held_up = *self.held_up.borrow();
        if held_up {
            self.waiting.send_modify(|waiting| *waiting += 1);
            let _turn = self.gate.acquire().await;
        }
        self.memory.read(at, from, limits).await
    }

    fn follow(&self, at: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        self.memory.follow(at)
    }

    async fn offset_at(&self, at: &Partition, time: Timestamp) -> Result<u64, ReadError> {
        self.memory.offset_at(at, time).await
    }

    async fn earliest(&self, at: &Partition) -> Result<u64, ReadError> {
        self.memory.earliest(at).await
    }

    async fn tidy(&self, now: Timestamp) -> Result<(), AppendError> {
        self.memory.tidy(now).await
    }
}
