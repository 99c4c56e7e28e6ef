//! Taking a lane: the record that fences every earlier owner, then the fold of all before it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ndxp_delivery::Owned;
use ndxp_log::{AppendError, Partition, Record};
use ndxp_model::{HubTopic, Topic};
use tokio::{sync::watch, time::sleep};
use tracing::{debug, warn};

use super::{Hold, Holds, Read, read::read};
use crate::{core::Core, nodes::Share, subscribe::SlotError};

/// After so long a node that lives has written the entries of its changes.
const SETTLED: Duration = Duration::from_secs(5);
/// How long to wait before a lane is asked for again.
const PAUSE: Duration = Duration::from_millis(300);

/// Runs a lane's subscriptions whenever the lane is of this node's share, each time until another
/// node takes it.
pub(super) async fn own(core: Arc<Core>, lane: u32, mut share: watch::Receiver<Share>) {
    // A node that is not heard any more does not hear either that its share is others' by now: behind
    // a loss it takes the lane again only once it was heard anew.
    let mut behind = 0;
    while share.wait_for(|share| share.has(lane) && share.heard() > behind).await.is_ok() {
        match take(&core, lane).await {
            Ok(hold) => {
                core.metrics.lanes_taken.inc();
                debug!(lane, "the lane is this node's");
                tokio::select! {
                    () = hold.lost() => {}
                    () = succeed(&core, lane) => hold.lost().await,
                }
                if share.borrow().has(lane) {
                    warn!(lane, "the lane is lost");
                }
                if hold.was_taken() {
                    behind = share.borrow().heard();
                }
            }
            Err(cause) => warn!(lane, %cause, "the lane cannot be taken; trying again"),
        }
        let_go(&core, lane);
        sleep(PAUSE).await;
    }
}

/// Does what the owner before may have left undone: changes of the registry without their entries.
async fn succeed(core: &Core, lane: u32) {
    if lane == 0 {
        // Whoever is alive writes its own.
        sleep(SETTLED).await;
        if let Err(cause) = core.fill_entries().await {
            warn!(cause = %cause.0.message, "changes may be without their entries until the next boot");
        }
    }
}

/// Ends the streams of a lane, and forgets what is known of it.
fn let_go(core: &Core, lane: u32) {
    if core.lanes.remove(lane) {
        core.metrics.lanes_lost.inc();
    }
    core.slots.release(lane);
}

async fn take(core: &Arc<Core>, lane: u32) -> Result<Hold, SlotError> {
    let at = Partition { topic: Topic::Hub(HubTopic::Delivery), number: lane };
    let owned_at = claim(core, lane).await?;
    let floor = Owned::floor(owned_at);
    core.slots.adopt(&core.log, lane, floor).await?;
    let next = Read { next: owned_at + 1, lost_at: None };
    let reading = Arc::new(watch::Sender::new(next));
    // It ends when the lane is lost, or let go.
    drop(tokio::spawn(read(Arc::clone(&core.log), at, Arc::clone(&reading))));
    let hold = Hold { floor, read: Some(reading) };
    core.lanes.insert(lane, hold.clone());
    let there = |name: &_| core.registry.read(|state| state.subscriptions.contains_key(name));
    let other = |name: &_| ndxp_delivery::lane(name) != lane;
    core.slots.forget_all_but(&core.log, |name| other(name) || there(name), core.now()).await?;
    Ok(hold)
}

/// Appends the record of the take-over and returns its offset.
async fn claim(core: &Core, lane: u32) -> Result<u64, AppendError> {
    let Holds { by, taken, .. } = &*core.lanes;
    let owned = Owned::new(by.clone(), taken.fetch_add(1, Ordering::Relaxed));
    let (key, value) = (Some(owned.key().into()), owned.encode().into());
    let record = Record { key, value, timestamp: core.now(), headers: Vec::new() };
    core.log.append(HubTopic::Delivery, lane, vec![record]).await
}
