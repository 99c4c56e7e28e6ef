//! The one place where a call is decided on the agreements in force, and where that is counted.

use ndxp_model::{AgreementId, DatasetName, Operation, PurposeCode, Timestamp};
use ndxp_policy::{AccessRequest, Decision, Denial, Grant};

use crate::{call::Call, core::Core, metrics::DecisionLabels};

/// What a call wants of a dataset that its agency may know of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub dataset: &'a DatasetName,
    pub operation: Operation,
    pub purpose: &'a PurposeCode,
    /// The agreement that the caller picked, if it did.
    pub agreement: Option<&'a AgreementId>,
}

impl Core {
    /// Decides on the registry as it is at this moment.
    pub(crate) fn decide(
        &self,
        call: &Call,
        asked: Asked<'_>,
        now: Timestamp,
    ) -> Result<Grant, Box<Denial>> {
        let consumer = &call.principal.agency;
        let decision = self.registry.read(|state| {
            let request = AccessRequest {
                consumer,
                dataset: asked.dataset,
                operation: asked.operation,
                purpose: asked.purpose,
                agreement: asked.agreement,
                provider_active: state.is_active(&asked.dataset.agency),
                consumer_active: state.is_active(consumer),
            };
            ndxp_policy::decide(state.in_force(), &request, now)
        });
        self.count_decision(&decision);
        match decision {
            Decision::Allow(grant) => Ok(grant),
            Decision::Deny(denial) => Err(Box::new(denial)),
        }
    }

    fn count_decision(&self, decision: &Decision) {
        let labels = match decision {
            Decision::Allow(_) => DecisionLabels { decision: "allow", reason: "" },
            Decision::Deny(denial) => {
                DecisionLabels { decision: "deny", reason: denial.reason.as_str() }
            }
        };
        self.metrics.decisions.get_or_create(&labels).inc();
    }
}
