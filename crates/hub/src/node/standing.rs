//! Whether live connections still stand as they did at their handshakes: their certificates' end,
//! the TLS files, and their agencies in the registry.
//!
//! What is found here reaches streams through their connection's sentence, and the connection ends
//! half a second later: with the intervals below that is within the second of a cut.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ndxp_identity::Sentence;
use ndxp_model::AgencyId;
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::{MissedTickBehavior, interval},
};

use crate::core::Core;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often the TLS files are looked at.
const FILES: Duration = Duration::from_secs(1);

/// Watches until it is aborted: also while the node drains.
pub(super) fn watch_standing(tasks: &mut JoinSet<()>, core: &Arc<Core>) {
    tasks.spawn(watch_files(Arc::clone(core)));
    tasks.spawn(watch_certificates(Arc::clone(core)));
    tasks.spawn(watch_agencies(Arc::clone(core)));
}

async fn watch_files(core: Arc<Core>) {
    let mut tick = interval(FILES);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once, and the node has just read them.
    tick.tick().await;
    loop {
        tick.tick().await;
        let tls = Arc::clone(&core.tls);
        // A panic is in the log; the next look is in a second.
        let _ = spawn_blocking(move || tls.look()).await;
    }
}

async fn watch_certificates(core: Arc<Core>) {
    let mut tick = interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let now = core.now();
        core.connections.condemn_expired(now);
        if core.tls.refusing(now).is_some() {
            let tls = Arc::clone(&core.tls);
            let _ = spawn_blocking(move || tls.judge_after_grace(now)).await;
        }
    }
}

/// Condemns an agency's connections when it is suspended. Those that it opens later stand: what is
/// called on them is decided one by one, and answered with the reason.
async fn watch_agencies(core: Arc<Core>) {
    let mut position = core.registry.position();
    let mut known = suspended(&core);
    loop {
        if position.changed().await.is_err() {
            // The registry lives as long as the core.
            return;
        }
        let now = suspended(&core);
        core.connections.condemn(|peer| {
            let agency = &peer.certificate.name.as_ref().ok()?.agency;
            (now.contains(agency) && !known.contains(agency)).then_some(Sentence::Suspended)
        });
        known = now;
    }
}

fn suspended(core: &Core) -> BTreeSet<AgencyId> {
    core.registry.read(|state| {
        let all = state.agencies.keys();
        all.filter(|agency| !state.is_active(agency)).cloned().collect()
    })
}
