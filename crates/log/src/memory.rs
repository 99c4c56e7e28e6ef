//! The engine for tests: everything in memory, and faults on demand.
//!
//! What it shares with a disk is the difference between written and durable: while [`Faults::hold`]
//! is in force, appends are written but wait to be synced, readers do not see them, and
//! [`Faults::power_loss`] takes them away. Nothing in here sleeps or draws lots.

mod faults;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ndxp_model::{DatasetName, HubTopic, Keep, Timestamp, Topic};
use tokio::sync::{oneshot, watch};

use crate::{
    AppendError, Appended, Covered, Log, Partition, ReadError, ReadLimits, Record, Stored,
};

pub use faults::{Fault, Faults};
use state::{Draft, State, Written};

/// The in-memory engine. Its contents go with it, except what [`Faults::power_loss`] hands over.
#[derive(Debug)]
pub struct Memory {
    shared: Arc<Shared>,
    among_nodes: bool,
}

/// What the engine and its [`Faults`] hold together.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// How many appends were ever written, for tests that wait for the next one.
    written: watch::Sender<u64>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic under this lock is a failed assertion of some test; the others may go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Makes an empty log with the hub's own topics and no faults.
    #[must_use]
    pub fn new() -> Self {
        Self::with(State::new())
    }

    fn with(state: State) -> Self {
        let written = watch::Sender::new(0);
        let shared = Arc::new(Shared { state: Mutex::new(state), written });
        Self { shared, among_nodes: false }
    }

    /// Returns the same log as one of several nodes has it, that all write it.
    #[must_use]
    pub fn among_nodes(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), among_nodes: true }
    }

    /// Returns the handle that injects faults into this engine.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.shared))
    }

    async fn write(&self, draft: Draft) -> Result<Vec<u64>, AppendError> {
        let Written { offsets, synced } = self.shared.state().write(draft)?;
        self.shared.written.send_modify(|count| *count += 1);
        wait(synced).await?;
        Ok(offsets)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

async fn wait(synced: Option<oneshot::Receiver<()>>) -> Result<(), AppendError> {
    match synced {
        None => Ok(()),
        Some(synced) => {
            synced.await.map_err(|_| AppendError::Unknown("power was lost before the sync".into()))
        }
    }
}

#[async_trait]
impl Log for Memory {
    fn engine(&self) -> &'static str {
        "memory"
    }

    async fn create(
        &self,
        dataset: &DatasetName,
        partitions: u32,
        keep: Keep,
    ) -> Result<(), AppendError> {
        self.shared.state().create(dataset, partitions, keep)
    }

    async fn append(
        &self,
        topic: HubTopic,
        partition: u32,
        records: Vec<Record>,
    ) -> Result<u64, AppendError> {
        let at = Partition { topic: Topic::Hub(topic), number: partition };
        if records.is_empty() {
            return self.shared.state().end(&at);
        }
        let records = records.into_iter().map(|record| (at.clone(), record)).collect();
        let offsets = self.write(Draft::Plain(records)).await?;
        Ok(offsets.last().copied().unwrap_or_default())
    }

    async fn append_after(&self, entry: Record, covered: Covered) -> Result<Appended, AppendError> {
        let (topic, records) = covered.into_records();
        let at = |number| Partition { topic: topic.clone(), number };
        let covered = records.into_iter().map(|(number, record)| (at(number), record)).collect();
        let mut offsets = self.write(Draft::After(entry, covered)).await?;
        let entry = offsets.remove(0);
        Ok(Appended { entry, covered: offsets })
    }

    async fn read(
        &self,
        at: &Partition,
        from: u64,
        limits: ReadLimits,
    ) -> Result<Vec<Stored>, ReadError> {
        self.shared.state().read(at, from, limits)
    }

    fn follow(&self, at: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        self.shared.state().follow(at)
    }

    async fn offset_at(&self, at: &Partition, time: Timestamp) -> Result<u64, ReadError> {
        self.shared.state().offset_at(at, time)
    }

    async fn earliest(&self, at: &Partition) -> Result<u64, ReadError> {
        self.shared.state().earliest(at)
    }

    async fn tidy(&self, now: Timestamp) -> Result<(), AppendError> {
        self.shared.state().tidy(now)
    }

    fn is_shared(&self) -> bool {
        self.among_nodes
    }
}
