//! The right to change a subscription's progress.

use std::sync::{Arc, atomic::Ordering};

use ndxp_delivery::{Applied, Change, DeliveryRecord, Progress, lane};
use ndxp_log::{Log, Record};
use ndxp_model::{HubTopic, SubscriptionName, Timestamp};
use tokio::sync::OwnedMutexGuard;

use super::{Counts, Fence, Slot, SlotError};
use crate::{
    lanes::{Hold, Moved},
    subscribe::judge::Kept,
};

/// The right to stream or to change: one has it at a time.
#[derive(Debug)]
pub(crate) struct Turn {
    slot: Arc<Slot>,
    hold: Hold,
    /// Goes down when somebody else wants the turn.
    pub(in crate::subscribe) fence: Fence,
    is_stream: bool,
    _guard: OwnedMutexGuard<()>,
}

impl Turn {
    pub(super) fn new(
        slot: Arc<Slot>,
        hold: Hold,
        guard: OwnedMutexGuard<()>,
        fence: Fence,
    ) -> Self {
        Self { slot, hold, fence, is_stream: false, _guard: guard }
    }

    /// Says that the turn is a stream's, which counts as connected from here on.
    pub(in crate::subscribe) fn streams(&mut self) {
        self.is_stream = true;
        self.slot.open.streams.fetch_add(1, Ordering::Relaxed);
    }

    /// Publishes the stream's counts.
    pub(in crate::subscribe) fn counts(&self, counts: Counts) {
        self.slot.open.set(counts);
    }

    /// Keeps something for the next stream of this node.
    pub(in crate::subscribe) fn keep(&self, kept: Option<Kept>) {
        self.slot.known().kept = kept;
    }

    /// Takes what the stream before has kept.
    pub(in crate::subscribe) fn kept(&self) -> Option<Kept> {
        self.slot.known().kept.take()
    }

    /// Returns when the subscription's newest record was written; nothing if it was never opened.
    pub(in crate::subscribe) fn active_at(&self) -> Option<Timestamp> {
        let known = self.slot.known();
        (known.progress.epoch() > 0).then_some(known.active_at)
    }

    /// Looks at what the log holds.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Progress) -> T) -> T {
        look(&self.slot.known().progress)
    }

    /// Says that a record is about to be appended. Until [`Turn::apply`] nobody knows whether it
    /// was, and the next turn asks the log.
    pub(in crate::subscribe) fn begin(&self) {
        self.slot.known().doubtful = true;
    }

    /// Waits until what was appended at an offset of the lane is known to count.
    ///
    /// # Errors
    /// [`Moved`] if another node took the lane before it.
    pub(in crate::subscribe) async fn confirm(&self, offset: u64) -> Result<(), Moved> {
        self.hold.confirm(offset).await
    }

    /// Applies the record that is durable in the lane now, and counts.
    pub(in crate::subscribe) fn apply(&self, record: &DeliveryRecord, now: Timestamp) -> Applied {
        let mut known = self.slot.known();
        (known.doubtful, known.active_at) = (false, now);
        known.progress.apply(record)
    }

    /// Appends a record to the lane, then applies it.
    pub(crate) async fn write(
        &self,
        log: &Arc<dyn Log>,
        record: DeliveryRecord,
        now: Timestamp,
    ) -> Result<Applied, SlotError> {
        self.write_all(log, Change { append: vec![record], forget: Vec::new() }, now).await
    }

    /// Writes a change: its records with one append, then, if all of them were taken, its
    /// tombstones with another.
    pub(crate) async fn write_all(
        &self,
        log: &Arc<dyn Log>,
        change: Change,
        now: Timestamp,
    ) -> Result<Applied, SlotError> {
        let Change { append, forget } = change;
        if !append.is_empty() {
            let records = append.iter().map(|record| log_record(record, now)).collect();
            self.append(log, records).await?;
            for record in &append {
                let applied = self.apply(record, now);
                if applied != Applied::Taken {
                    return Ok(applied);
                }
            }
        }
        if !forget.is_empty() {
            let records = forget.iter().map(|key| tombstone(key, now)).collect();
            self.append(log, records).await?;
            let mut known = self.slot.known();
            known.doubtful = false;
            forget.iter().for_each(|key| known.progress.forgotten(key));
        }
        Ok(Applied::Taken)
    }

    async fn append(&self, log: &Arc<dyn Log>, records: Vec<Record>) -> Result<(), SlotError> {
        let lane = lane(&self.name());
        self.begin();
        let last = log.append(HubTopic::Delivery, lane, records).await?;
        Ok(self.confirm(last).await?)
    }

    fn name(&self) -> SubscriptionName {
        self.look(|progress| progress.subscription().clone())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_stream {
            self.slot.open.set(Counts::default());
            self.slot.open.streams.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A delivery record as the log takes it.
pub(in crate::subscribe) fn log_record(record: &DeliveryRecord, now: Timestamp) -> Record {
    let (key, value) = (Some(record.key().into()), record.encode().into());
    Record { key, value, timestamp: now, headers: Vec::new() }
}

/// What says that a key is not needed any more.
pub(super) fn tombstone(key: &str, now: Timestamp) -> Record {
    Record { key: Some(key.to_owned().into()), timestamp: now, ..Record::default() }
}
