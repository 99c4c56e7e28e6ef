//! Reading a lane behind the place where this node took it.

use std::{sync::Arc, time::Duration};

use ndxp_delivery::Owned;
use ndxp_log::{Log, Partition, ReadError};
use tokio::{sync::watch, time::sleep};
use tracing::warn;

use super::Read;
use crate::fold::PAGE;

/// How long to wait after a read that failed.
const PAUSE: Duration = Duration::from_millis(200);

/// Reads on until the lane is lost.
pub(super) async fn read(log: Arc<dyn Log>, at: Partition, lane: Arc<watch::Sender<Read>>) {
    loop {
        match on(&log, &at, &lane).await {
            Ok(()) => return,
            Err(cause) => warn!(%cause, %at, "a lane of this node cannot be read; trying again"),
        }
        sleep(PAUSE).await;
    }
}

fn closed() -> ReadError {
    ReadError::Unavailable("the log was closed".into())
}

async fn on(
    log: &Arc<dyn Log>,
    at: &Partition,
    lane: &watch::Sender<Read>,
) -> Result<(), ReadError> {
    let mut end = log.follow(at)?;
    loop {
        end.mark_unchanged();
        let next = lane.borrow().next;
        let page = log.read(at, next, PAGE).await?;
        let key =
            |stored: &ndxp_log::Stored| stored.record.key.as_deref().is_some_and(Owned::is_key);
        // Its own it does not meet: it reads from behind it.
        let lost = page.iter().find(|stored| key(stored)).map(|stored| stored.offset);
        if let Some(last) = page.last().map(|stored| stored.offset + 1) {
            lane.send_modify(|read| {
                *read = Read { next: last, lost_at: read.lost_at.or(lost) };
            });
        }
        if lane.borrow().lost_at.is_some() {
            return Ok(());
        }
        if page.is_empty() {
            let mut known = lane.subscribe();
            tokio::select! {
                changed = end.changed() => changed.map_err(|_| closed())?,
                _ = known.wait_for(|read| read.lost_at.is_some()) => return Ok(()),
            }
        }
    }
}
