//! The lanes whose subscriptions this node runs, and how it knows that they are still its own.
//!
//! On a log that no other node writes a lane is simply there. On a shared one the nodes' words say
//! which lanes this node should own; to take one it appends [`Owned`](ndxp_delivery::Owned), and from then
//! on reads the lane: another node's `Owned` ends the hold.
//!
//! INVARIANT: nothing that was appended to a lane is told or handed to anybody before the lane was
//! read up to it with the hold still standing ([`Hold::confirm`]). So what a node that was stopped,
//! or cut off, writes too late leads to nothing, whatever it believes and whatever its clock says.

mod keep;
mod read;
mod take;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
};

use ndxp_log::Log;
use ndxp_model::{LANES, SubscriptionName};
use thiserror::Error;
use tokio::sync::watch;

pub(crate) use keep::keep;

/// The lane is another node's, or nobody's at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the subscription's lane has moved to another node")]
pub struct Moved;

/// The lanes of a node.
#[derive(Debug)]
pub(crate) struct Holds {
    /// Which boot of which node this is.
    by: String,
    taken: AtomicU64,
    held: Mutex<BTreeMap<u32, Hold>>,
    /// Moves when a lane is taken or lost.
    changes: watch::Sender<u64>,
}

/// One lane of this node, for as long as it is.
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    floor: u64,
    /// How far the lane was read; none where no other node can write it.
    read: Option<Arc<watch::Sender<Read>>>,
}

/// How far a lane was read since it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Read {
    /// The offset behind the last record read.
    next: u64,
    /// Where another node took it, or 0 where this one let go.
    lost_at: Option<u64>,
}

impl Hold {
    fn alone() -> Self {
        Self { floor: 0, read: None }
    }

    /// Returns the lowest epoch that may be given to a stream or a seek.
    pub(crate) fn floor(&self) -> u64 {
        self.floor
    }

    /// Waits until a record of this node's is known to count: no other node took the lane before
    /// it. Cancel-safe.
    ///
    /// # Errors
    /// [`Moved`] if one did; the record changes nothing.
    pub(crate) async fn confirm(&self, offset: u64) -> Result<(), Moved> {
        let Some(read) = &self.read else { return Ok(()) };
        let mut read = read.subscribe();
        let known = read.wait_for(|read| read.next > offset || read.lost_at.is_some()).await;
        let lost_at = known.map_err(|_| Moved)?.lost_at;
        if lost_at.is_some_and(|lost_at| lost_at <= offset) { Err(Moved) } else { Ok(()) }
    }

    /// Lets the lane go: what is on its way to it does not count, whenever it arrives, once the
    /// lane is taken again.
    pub(crate) fn abandon(&self) {
        if let Some(read) = &self.read {
            read.send_modify(|read| read.lost_at = Some(0));
        }
    }

    /// Says whether another node took the lane, and not this one let it go.
    fn was_taken(&self) -> bool {
        self.read.as_ref().is_some_and(|read| read.borrow().lost_at.is_some_and(|at| at > 0))
    }

    fn stands(&self) -> bool {
        self.read.as_ref().is_none_or(|read| read.borrow().lost_at.is_none())
    }

    /// Waits until the lane is lost.
    async fn lost(&self) {
        match &self.read {
            Some(read) => _ = read.subscribe().wait_for(|read| read.lost_at.is_some()).await,
            None => std::future::pending().await,
        }
    }
}

impl Holds {
    /// Prepares for the lanes of a boot; all of them are there at once if the log is this node's.
    pub(crate) fn new(log: &Arc<dyn Log>, by: String) -> Self {
        let alone = (0..LANES).map(|lane| (lane, Hold::alone()));
        let held = if log.is_shared() { BTreeMap::new() } else { alone.collect() };
        let (taken, changes) = (AtomicU64::new(0), watch::Sender::new(0));
        Self { by, taken, held: Mutex::new(held), changes }
    }

    /// Returns the hold of a subscription's lane.
    pub(crate) fn of(&self, name: &SubscriptionName) -> Result<Hold, Moved> {
        self.get(ndxp_delivery::lane(name)).ok_or(Moved)
    }

    /// Returns the lanes that are held, with the offsets at which they were taken.
    pub(crate) fn all(&self) -> BTreeMap<u32, u64> {
        self.held().iter().map(|(lane, hold)| (*lane, hold.floor)).collect()
    }

    /// Lets all lanes go.
    pub(crate) fn clear(&self) {
        self.all().into_keys().for_each(|lane| _ = self.remove(lane));
    }

    /// Follows what is held.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn get(&self, lane: u32) -> Option<Hold> {
        self.held().get(&lane).filter(|hold| hold.stands()).cloned()
    }

    fn insert(&self, lane: u32, hold: Hold) {
        self.held().insert(lane, hold);
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Says whether it was held.
    fn remove(&self, lane: u32) -> bool {
        let Some(hold) = self.held().remove(&lane) else { return false };
        hold.abandon();
        self.changes.send_modify(|changes| *changes += 1);
        true
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<u32, Hold>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
