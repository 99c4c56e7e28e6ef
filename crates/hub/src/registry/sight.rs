//! Whether this node sees all changes of the registry. One that is cut off from the log would go on
//! by agreements that others have ended: so it asks for the registry's end, several times a second,
//! and nothing is released while nobody answers.

use std::time::Duration;

use ndxp_log::ReadError;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::warn;

use super::{Registry, partition};

/// How often the end is asked for.
const ASK: Duration = Duration::from_millis(300);
/// How long one answer is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// Without an answer that the copy has reached for so long, nothing is released.
const DIM_MS: u64 = 1_000;
/// And for so long, calls and streams end: other nodes may see more.
const BLIND_MS: u64 = 30_000;

/// How well the node sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sight {
    /// Its copy was confirmed a moment ago.
    Clear,
    /// Not for a second: releases wait.
    Dim,
    /// Not for half a minute.
    Blind,
}

/// The node is [`Sight::Blind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blind;

impl Registry {
    /// Waits until the node sees clearly. Asked of the clock at each call, and not of what was
    /// noted: a process that was stopped does not know yet. Cancel-safe.
    pub(crate) async fn sighted(&self) -> Result<(), Blind> {
        let (mut confirmed, mut sight) = (self.0.confirmed.subscribe(), self.0.sight.subscribe());
        while !self.is_confirmed(*confirmed.borrow_and_update()) {
            if *sight.borrow_and_update() == Sight::Blind {
                return Err(Blind);
            }
            let ended = tokio::select! {
                changed = confirmed.changed() => changed.is_err(),
                changed = sight.changed() => changed.is_err(),
            };
            if ended {
                return Err(Blind);
            }
        }
        Ok(())
    }

    fn is_confirmed(&self, at: u64) -> bool {
        !self.0.log.is_shared() || (self.0.clock)().saturating_sub(at) <= DIM_MS
    }

    pub(crate) fn is_blind(&self) -> bool {
        *self.0.sight.borrow() == Sight::Blind
    }

    pub(crate) fn sight(&self) -> Sight {
        *self.0.sight.borrow()
    }

    /// Watches how well the node sees; on a log that it writes alone, always well.
    pub(crate) async fn watch_sight(&self) {
        if !self.0.log.is_shared() {
            return std::future::pending().await;
        }
        let mut rhythm = interval(ASK);
        rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rhythm.tick().await;
            // What was true when it was asked may not be when the answer comes.
            let asked = (self.0.clock)();
            if let Ok(Ok(true)) = timeout(PATIENCE, self.is_up_to_date()).await {
                self.0.confirmed.send_replace(asked);
            }
            self.see((self.0.clock)().saturating_sub(*self.0.confirmed.borrow()));
        }
    }

    async fn is_up_to_date(&self) -> Result<bool, ReadError> {
        let end = self.0.log.confirm(&partition()).await?;
        if self.catch_up().await.is_err() {
            return Ok(false);
        }
        Ok(*self.0.next.lock().await >= end)
    }

    fn see(&self, unconfirmed_ms: u64) {
        let sight = match unconfirmed_ms {
            long if long > BLIND_MS => Sight::Blind,
            long if long > DIM_MS => Sight::Dim,
            _ => Sight::Clear,
        };
        let changes = self.0.sight.send_if_modified(|known| {
            let changes = *known != sight;
            *known = sight;
            changes
        });
        if changes {
            warn!(?sight, "how well this node sees the registry has changed");
        }
    }
}
