//! When a decision that a stream goes by is to be made again.

use std::time::Duration;

use ndxp_model::Timestamp;
use tokio::{sync::watch, time::timeout};

use crate::{call::Call, core::Core};

/// How often the clock is looked at while a decision holds: it is slewed against the timer's. That
/// it was set is seen at once.
const DRIFT: Duration = Duration::from_secs(10);

/// Waits until a decision may come to another answer: the registry has moved since `registry` has
/// last looked, the peer is sentenced, or the decision's time is over. Without a time it holds
/// until something else changes. Cancel-safe.
pub(crate) async fn due(
    core: &Core,
    call: &Call,
    registry: &watch::Receiver<u64>,
    holds_until: Option<Timestamp>,
) {
    let mut registry = registry.clone();
    tokio::select! {
        moved = registry.changed() => if moved.is_err() {
            // The registry lives as long as the core; the clock decides all the same.
            elapsed(core, holds_until).await;
        },
        () = call.origin.sentenced() => {}
        () = elapsed(core, holds_until) => {}
    }
}

async fn elapsed(core: &Core, until: Option<Timestamp>) {
    let Some(until) = until else { return std::future::pending().await };
    loop {
        // Before the clock is read, so that a step after that is seen.
        let mut stepped = core.clock_steps.subscribe();
        let left = until.millis().saturating_sub(core.now().millis());
        match u64::try_from(left) {
            Ok(left) if left > 0 => {
                let left = Duration::from_millis(left);
                let _ = timeout(DRIFT.min(left), stepped.changed()).await;
            }
            _ => return,
        }
    }
}
