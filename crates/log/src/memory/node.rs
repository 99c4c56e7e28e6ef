//! One node's view of a log that several nodes write.

use std::sync::Arc;

use async_trait::async_trait;
use ndxp_model::{DatasetName, HubTopic, Keep, Timestamp};
use tokio::sync::watch;

use super::Memory;
use crate::{
    AppendError, Appended, Covered, Log, Partition, ReadError, ReadLimits, Record, Stored,
};

/// A node's view of a [`Memory`] engine that it shares with others.
#[derive(Debug, Clone)]
pub struct MemoryNode {
    log: Arc<Memory>,
}

impl MemoryNode {
    /// Makes a node's view.
    #[must_use]
    pub fn new(log: Arc<Memory>) -> Self {
        Self { log }
    }

    /// Returns the log that it shares.
    #[must_use]
    pub fn log(&self) -> &Arc<Memory> {
        &self.log
    }
}

#[async_trait]
impl Log for MemoryNode {
    fn engine(&self) -> &'static str {
        self.log.engine()
    }

    async fn create(
        &self,
        dataset: &DatasetName,
        partitions: u32,
        keep: Keep,
    ) -> Result<(), AppendError> {
        self.log.create(dataset, partitions, keep).await
    }

    async fn append(
        &self,
        topic: HubTopic,
        partition: u32,
        records: Vec<Record>,
    ) -> Result<u64, AppendError> {
        self.log.append(topic, partition, records).await
    }

    async fn append_after(&self, entry: Record, covered: Covered) -> Result<Appended, AppendError> {
        self.log.append_after(entry, covered).await
    }

    async fn read(
        &self,
        at: &Partition,
        from: u64,
        limits: ReadLimits,
    ) -> Result<Vec<Stored>, ReadError> {
        self.log.read(at, from, limits).await
    }

    fn follow(&self, at: &Partition) -> Result<watch::Receiver<u64>, ReadError> {
        self.log.follow(at)
    }

    async fn offset_at(&self, at: &Partition, time: Timestamp) -> Result<u64, ReadError> {
        self.log.offset_at(at, time).await
    }

    async fn earliest(&self, at: &Partition) -> Result<u64, ReadError> {
        self.log.earliest(at).await
    }

    async fn tidy(&self, now: Timestamp) -> Result<(), AppendError> {
        self.log.tidy(now).await
    }

    fn is_shared(&self) -> bool {
        true
    }
}
