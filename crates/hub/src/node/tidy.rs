//! Deleting what the log need not keep: when is the node's matter, what is the log's.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tracing::warn;

use crate::core::Core;

/// How long a deletion may wait beyond its time: bounds are hours and days. The delivery topic,
/// which may be compacted within a minute, grows by no more than this between two runs.
const RHYTHM: Duration = Duration::from_mins(5);

/// Starts the task that tidies the log by the node's clock.
pub(super) fn tidy(tasks: &mut JoinSet<()>, core: &Arc<Core>) {
    let core = Arc::clone(core);
    tasks.spawn(async move {
        let mut tick = interval_at(Instant::now() + RHYTHM, RHYTHM);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = core.drain.cancelled() => return,
                _ = tick.tick() => {}
            }
            // Cancel-safe: a run that is cut off is taken up by the next.
            let run = tokio::select! {
                () = core.drain.cancelled() => return,
                run = core.log.tidy(core.now()) => run,
            };
            if let Err(error) = run {
                warn!(%error, "log was not tidied in full; the next run tries again");
            }
        }
    });
}
