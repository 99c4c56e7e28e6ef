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
    time::{Instant, MissedTickBehavior, interval},
};

use crate::core::Core;

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// By how many milliseconds clock and timer may part from one look to the next: more is a step.
const STEP: u64 = 50;
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
    let (mut before, mut timer) = (core.now(), Instant::now());
    loop {
        tick.tick().await;
        let now = core.now();
        let expected = before.millis().saturating_add(millis(timer.elapsed()));
        if now.millis().abs_diff(expected) > STEP {
            core.clock_steps.send_modify(|steps| *steps += 1);
        }
        (before, timer) = (now, Instant::now());
        core.connections.condemn_expired(now);
        if core.tls.refusing(now).is_some() {
            let tls = Arc::clone(&core.tls);
            let _ = spawn_blocking(move || tls.judge_after_grace(now)).await;
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
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
