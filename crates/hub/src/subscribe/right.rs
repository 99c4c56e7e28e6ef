//! The right of one subscription to receive: decided when it opens, and again whenever something
//! that the decision was made on has changed.

use std::{pin::pin, sync::Arc, time::Duration};

use ndxp_model::{Operation, SubscriptionName};
use ndxp_policy::Grant;
use ndxp_registry::Subscription;
use tokio::{sync::watch, time::timeout};
use tracing::debug;

use super::end::End;
use crate::{call::Call, core::Core, decide::Asked, recheck, refuse};

/// How long an append may hold up the end of a right.
const LOOK: Duration = Duration::from_millis(400);
/// A decision in force.
pub(super) struct Right {
    core: Arc<Core>,
    call: Arc<Call>,
    name: SubscriptionName,
    subscription: Subscription,
    grant: Grant,
    /// The registry as it was at the decision counts as seen.
    registry: watch::Receiver<u64>,
    decided_at: u64,
}

impl Right {
    /// Decides for the first time.
    pub(super) fn open(
        core: &Arc<Core>,
        call: &Arc<Call>,
        name: SubscriptionName,
        subscription: Subscription,
    ) -> Result<Self, End> {
        let mut registry = core.registry.position();
        let decided_at = *registry.borrow_and_update();
        let grant = decide(core, call, &subscription)?;
        let (core, call) = (Arc::clone(core), Arc::clone(call));
        Ok(Self { core, call, name, subscription, grant, registry, decided_at })
    }

    /// Returns the grant in force.
    pub(super) fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Returns the subscription.
    pub(super) fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    /// Decides again, if the registry has moved or the grant's time is over.
    ///
    /// A revision that lets other bytes through ends the stream: what was projected before may
    /// still wait for a slow peer, and nobody could take it back.
    pub(super) fn check(&mut self) -> Result<(), End> {
        self.decided()?;
        // After the decision, which knows more to say where both have ended.
        self.call.standing(self.core.now()).map_err(End::Condemned)
    }

    fn decided(&mut self) -> Result<(), End> {
        if *self.registry.borrow() == self.decided_at && self.core.now() < self.grant.holds_until {
            return Ok(());
        }
        self.decided_at = *self.registry.borrow_and_update();
        self.is_as_it_was()?;
        let grant = decide(&self.core, &self.call, &self.subscription)?;
        if grant.plan.hash() != self.grant.plan.hash() {
            return Err(End::Revised);
        }
        debug!(request = self.call.request_id, agreement = %grant.agreement, "decided again");
        self.grant = grant;
        Ok(())
    }

    /// A subscription that was deleted or is delivered in another way ends its stream.
    fn is_as_it_was(&self) -> Result<(), End> {
        let options = |subscription: &Subscription| subscription.options;
        let found =
            self.core.registry.read(|state| state.subscriptions.get(&self.name).map(options));
        match found {
            Some(options) if options == self.subscription.options => Ok(()),
            Some(_) => Err(End::changed()),
            None => Err(End::Refused(refuse::not_found(&self.name.resource()))),
        }
    }

    /// Waits until [`Right::check`] may come to another answer. Cancel-safe.
    pub(super) async fn changed(&self) {
        let until = Some(self.grant.holds_until);
        recheck::due(&self.core, &self.call, &self.registry, until).await;
    }

    /// Runs an append to its end whatever happens, since only then its outcome is known. A peer
    /// whose right ends in the meantime does not profit from a slow log: it loses its connection.
    pub(super) async fn while_appending<T>(&mut self, append: impl Future<Output = T>) -> T {
        let mut append = pin!(append);
        tokio::select! {
            biased;
            done = &mut append => return done,
            () = self.ended() => {}
        }
        match timeout(LOOK, &mut append).await {
            Ok(done) => done,
            Err(_) => {
                self.call.origin.kill();
                append.await
            }
        }
    }

    /// Waits until the right has ended. Cancel-safe.
    pub(super) async fn ended(&mut self) {
        while self.check().is_ok() {
            self.changed().await;
        }
    }
}

/// Decides whether the subscription may receive now.
fn decide(core: &Core, call: &Call, subscription: &Subscription) -> Result<Grant, End> {
    let asked = Asked {
        dataset: &subscription.dataset,
        operation: Operation::Subscribe,
        purpose: &subscription.purpose,
        agreement: subscription.agreement.as_ref(),
    };
    core.decide(call, asked, core.now()).map_err(End::Denied)
}
