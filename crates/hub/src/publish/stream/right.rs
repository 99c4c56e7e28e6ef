//! The right of one stream to publish: decided when it opens, and again before each append if the
//! registry has moved or the decision's time is over.

use std::sync::Arc;

use ndxp_model::Timestamp;
use ndxp_proto::error::Refusal;
use tokio::sync::watch;

use super::super::target::{Ask, Target};
use crate::{call::Call, core::Core, recheck, refuse::Failed};

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
        recheck::due(&self.core, &self.call, &self.registry, self.target.holds_until()).await;
    }
}
