//! The right of one stream to publish: decided when it opens, and again before each append if the
//! registry has moved or the decision's time is over.

use std::{sync::Arc, time::Duration};

use ndxp_model::Timestamp;
use ndxp_proto::error::Refusal;
use tokio::{sync::watch, time::sleep};

use super::super::target::{Ask, Target};
use crate::{call::Call, core::Core, refuse::Failed};

/// How often the clock is looked at while a decision holds: a timer alone would not see that the
/// clock was set.
const LOOK: Duration = Duration::from_millis(400);

/// A decision in force.
#[derive(Debug)]
pub(super) struct Right {
    core: Arc<Core>,
    call: Arc<Call>,
    ask: Ask,
    target: Arc<Target>,
    /// The registry as it was at the decision counts as seen.
    registry: watch::Receiver<u64>,
}

impl Right {
    /// Decides for the first time; from here on the schema's version stays what it is.
    pub(super) async fn open(core: &Arc<Core>, call: &Arc<Call>, ask: Ask) -> Result<Self, Failed> {
        let mut registry = core.registry.position();
        registry.mark_unchanged();
        let target = core.target(call, &ask, core.now()).await?;
        let ask = ask.pinned(target.version);
        let (core, call) = (Arc::clone(core), Arc::clone(call));
        Ok(Self { core, call, ask, target: Arc::new(target), registry })
    }

    /// Returns what was decided last.
    pub(super) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// Decides again, if the registry has moved or the decision's time is over.
    pub(super) async fn check(&mut self) -> Result<(), Refusal> {
        let now = self.core.now();
        let position = *self.registry.borrow_and_update();
        if !self.target.holds(position, now) {
            self.target = Arc::new(self.decide(now).await.map_err(|Failed(refusal)| refusal)?);
        }
        // After the decision, which knows more to say where both have ended.
        self.call.standing(now)
    }

    /// Decides as at the start: any agreement will do. A refusal explains the one that allowed it until
    /// now, rather than another that never did.
    async fn decide(&self, now: Timestamp) -> Result<Target, Failed> {
        let refused = match self.core.target(&self.call, &self.ask, now).await {
            Ok(target) => return Ok(target),
            Err(refused) => refused,
        };
        let Some(ask) = self.ask.under(&self.target) else { return Err(refused) };
        self.core.target(&self.call, &ask, now).await
    }

    /// Waits until [`Right::check`] may come to another answer. Cancel-safe.
    pub(super) async fn changed(&self) {
        let mut registry = self.registry.clone();
        tokio::select! {
            moved = registry.changed() => if moved.is_err() {
                // The registry lives as long as the core; the clock decides all the same.
                self.elapsed().await;
            },
            _ = self.call.peer.sentenced() => {}
            () = self.elapsed() => {}
        }
    }

    async fn elapsed(&self) {
        let Some(until) = self.target.holds_until() else { return std::future::pending().await };
        loop {
            let left = until.millis().saturating_sub(self.core.now().millis());
            match u64::try_from(left) {
                Ok(left) if left > 0 => sleep(LOOK.min(Duration::from_millis(left))).await,
                _ => return,
            }
        }
    }
}
