//! Whether a subscription may be created: decided like a delivery, so that nobody finds out later.

use ndxp_audit::DatasetAt;
use ndxp_model::Operation;
use ndxp_policy::{AccessRequest, Decision};
use ndxp_registry::Command;

use crate::{
    call::Call,
    core::Core,
    refuse::{self, Failed},
};

/// Decides a `CreateSubscription` by the agreements in force.
pub(crate) fn may(core: &Core, call: &Call, command: &Command) -> Result<(), Failed> {
    let Command::CreateSubscription { dataset, purpose, agreement, .. } = command else {
        return Ok(());
    };
    call.system()?;
    let consumer = &call.principal.agency;
    let decision = core.registry.read(|state| {
        state.visible(consumer, dataset)?;
        let asked = AccessRequest {
            consumer,
            dataset,
            operation: Operation::Subscribe,
            purpose,
            agreement: agreement.as_ref(),
            provider_active: state.is_active(&dataset.agency),
            consumer_active: state.is_active(consumer),
        };
        Some(ndxp_policy::decide(state.in_force(), &asked, call.now))
    });
    let decision = decision.ok_or_else(|| refuse::not_found(&dataset.resource()))?;
    call.is_about(|about| {
        about.dataset = Some(DatasetAt { name: dataset.clone(), version: None });
        about.purpose = Some(purpose.clone());
    });
    core.count_decision(&decision);
    match decision {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(denial) => Err(call.denied(&denial).into()),
    }
}
