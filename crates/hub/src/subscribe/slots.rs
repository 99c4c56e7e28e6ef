//! The durable progress of every subscription, folded from the delivery topic, and who streams.

mod fold;
mod turn;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex as StdMutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ndxp_delivery::{Pause, Progress, UnreadableRecord};
use ndxp_log::{AppendError, Log, ReadError};
use ndxp_model::{SubscriptionName, Timestamp};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::judge::Kept;
use crate::lanes::{Hold, Holds, Moved};

pub(crate) use turn::Turn;
pub(super) use turn::log_record;

/// Why the delivery state cannot be folded. The node does not start.
#[derive(Debug, Error)]
pub enum SlotError {
    /// The log cannot be read.
    #[error("the delivery state cannot be read")]
    Read(#[from] ReadError),
    /// A record is of an unknown kind or damaged.
    #[error("delivery record {offset} of lane {lane} stops this node")]
    Record {
        /// The lane.
        lane: u32,
        /// Its offset.
        offset: u64,
        /// Why.
        source: UnreadableRecord,
    },
    /// What a deleted subscription left cannot be forgotten.
    #[error("the delivery state cannot be written")]
    Append(#[from] AppendError),
    /// The lane is not this node's, or not any more.
    #[error(transparent)]
    Moved(#[from] Moved),
}

/// One subscription on this node.
#[derive(Debug)]
struct Slot {
    /// Whoever streams, or changes the progress otherwise, holds it.
    turn: Arc<Mutex<()>>,
    known: StdMutex<Known>,
    /// Ends the stream that has the turn.
    fence: StdMutex<Fence>,
    open: Open,
}

/// What the log holds of a subscription.
#[derive(Debug)]
struct Known {
    progress: Progress,
    /// An append is under way, or has an unknown outcome: the log may hold more.
    doubtful: bool,
    /// When the lane's newest record of the subscription was written.
    active_at: Timestamp,
    /// What the last stream of this node left to the next one.
    kept: Option<Kept>,
}

/// Ends a stream, and says why.
#[derive(Debug, Clone, Default)]
pub(super) struct Fence {
    newer: CancellationToken,
    changed: CancellationToken,
    moved: CancellationToken,
}

/// Why the turn is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// For a newer stream.
    Stream,
    /// For a change of the subscription, behind which it is streamed anew.
    Change,
    /// By another node: this one has lost the lane.
    Move,
}

/// Counts of the open stream, for the status; all zero without one.
#[derive(Debug, Default)]
struct Open {
    streams: AtomicU64,
    counts: StdMutex<Counts>,
}

/// The same counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) outstanding: u64,
    pub(crate) parked: u64,
    pub(crate) retrying: u64,
    pub(crate) paused: Option<Pause>,
}

/// All subscriptions of this node's lanes with a history, or a stream.
#[derive(Debug)]
pub(crate) struct Slots {
    lanes: Arc<Holds>,
    all: StdMutex<HashMap<SubscriptionName, Arc<Slot>>>,
}

impl Fence {
    /// Waits until the stream has to end. Cancel-safe.
    pub(super) async fn down(&self) -> Why {
        tokio::select! {
            biased;
            () = self.moved.cancelled() => Why::Move,
            () = self.changed.cancelled() => Why::Change,
            () = self.newer.cancelled() => Why::Stream,
        }
    }

    fn drop_for(&self, why: Why) {
        match why {
            Why::Stream => self.newer.cancel(),
            Why::Change => self.changed.cancel(),
            Why::Move => self.moved.cancel(),
        }
    }
}

impl Slots {
    /// Folds the lanes that this node has from the start.
    pub(crate) async fn open(log: &Arc<dyn Log>, lanes: Arc<Holds>) -> Result<Self, SlotError> {
        let slots = Self { lanes, all: StdMutex::default() };
        for (lane, floor) in slots.lanes.all() {
            slots.adopt(log, lane, floor).await?;
        }
        Ok(slots)
    }

    /// Folds a lane that is this node's from here on.
    pub(crate) async fn adopt(
        &self,
        log: &Arc<dyn Log>,
        lane: u32,
        floor: u64,
    ) -> Result<(), SlotError> {
        let folded = fold::lane(log, lane, floor).await?.into_iter();
        self.slots().extend(folded.map(|(name, known)| (name, Arc::new(Slot::new(known)))));
        Ok(())
    }

    /// Ends the streams of a lane that is not this node's any more, and forgets it.
    pub(crate) fn release(&self, lane: u32) {
        let gone = |name: &SubscriptionName, _: &mut _| ndxp_delivery::lane(name) == lane;
        let gone: Vec<_> = self.slots().extract_if(gone).collect();
        gone.iter().for_each(|(_, slot)| slot.fence().drop_for(Why::Move));
    }

    /// Takes the turn of a subscription, ending the stream that has it.
    pub(crate) async fn turn(
        &self,
        log: &Arc<dyn Log>,
        name: &SubscriptionName,
        why: Why,
    ) -> Result<Turn, SlotError> {
        loop {
            let hold = self.lanes.of(name)?;
            let slot = self.slot(name, &hold);
            let fence = Fence::default();
            let older = std::mem::replace(&mut *slot.fence(), fence.clone());
            older.drop_for(why);
            let guard = Arc::clone(&slot.turn).lock_owned().await;
            if !self.is_current(name, &slot) {
                // It was forgotten meanwhile: a subscription of this name is another one.
                continue;
            }
            let doubtful = slot.known().doubtful;
            if doubtful && log.is_shared() {
                // What is unknown may still arrive. Behind a new take-over it does not count.
                hold.abandon();
                return Err(Moved.into());
            }
            if doubtful {
                let known = fold::one(log, name).await?;
                *slot.known() = known;
            }
            return Ok(Turn::new(slot, hold, guard, fence));
        }
    }

    fn slot(&self, name: &SubscriptionName, hold: &Hold) -> Arc<Slot> {
        let mut slots = self.slots();
        let new = || Arc::new(Slot::new(Known::new(name.clone(), hold.floor())));
        Arc::clone(slots.entry(name.clone()).or_insert_with(new))
    }

    fn is_current(&self, name: &SubscriptionName, slot: &Arc<Slot>) -> bool {
        self.slots().get(name).is_some_and(|known| Arc::ptr_eq(known, slot))
    }

    /// Says whether a stream of the subscription is open.
    pub(crate) fn is_connected(&self, name: &SubscriptionName) -> bool {
        self.slots().get(name).is_some_and(|slot| slot.open.streams.load(Ordering::Relaxed) > 0)
    }

    /// Returns the counts of the open stream.
    pub(crate) fn counts(&self, name: &SubscriptionName) -> Counts {
        let slot = self.slots().get(name).cloned();
        slot.map(|slot| slot.open.counts()).unwrap_or_default()
    }

    /// Looks at what the log is known to hold of a subscription; the closure must be short.
    ///
    /// # Errors
    /// [`Moved`] if another node knows.
    pub(crate) fn look<T>(
        &self,
        name: &SubscriptionName,
        look: impl FnOnce(&Progress) -> T,
    ) -> Result<Option<T>, Moved> {
        self.lanes.of(name)?;
        let slot = self.slots().get(name).cloned();
        Ok(slot.map(|slot| look(&slot.known().progress)))
    }

    /// Forgets a subscription that was deleted: its stream ends, its records get tombstones.
    pub(crate) async fn forget(
        &self,
        log: &Arc<dyn Log>,
        name: &SubscriptionName,
        now: Timestamp,
    ) -> Result<(), SlotError> {
        let _turn = self.turn(log, name, Why::Change).await?;
        fold::forget(log, name, now).await?;
        self.slots().remove(name);
        Ok(())
    }

    /// Forgets what a crash has left of subscriptions that are not there any more.
    pub(crate) async fn forget_all_but(
        &self,
        log: &Arc<dyn Log>,
        is_there: impl Fn(&SubscriptionName) -> bool,
        now: Timestamp,
    ) -> Result<(), SlotError> {
        let mut gone: Vec<_> = self.slots().keys().cloned().collect();
        gone.retain(|name| !is_there(name));
        for name in gone {
            self.forget(log, &name, now).await?;
        }
        Ok(())
    }

    /// Returns the folded state as bytes, in order of names: equal states give equal bytes. Waits
    /// for open streams to end.
    pub(crate) async fn to_bytes(&self) -> Vec<(SubscriptionName, Vec<u8>)> {
        let slots = self.slots().clone();
        let mut all = Vec::new();
        for (name, slot) in slots {
            let _turn = slot.turn.lock().await;
            let bytes = slot.known().progress.to_bytes();
            all.push((name, bytes));
        }
        all.sort();
        all
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<SubscriptionName, Arc<Slot>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn new(known: Known) -> Self {
        let (turn, open) = (Arc::default(), Open::default());
        Self { turn, known: StdMutex::new(known), fence: StdMutex::default(), open }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fence(&self) -> MutexGuard<'_, Fence> {
        self.fence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn new(name: SubscriptionName, floor: u64) -> Self {
        let (mut progress, active_at) = (Progress::new(name), Timestamp::default());
        progress.raise_floor(floor);
        Self { progress, doubtful: false, active_at, kept: None }
    }
}

impl Open {
    fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, counts: Counts) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = counts;
    }
}
