//! A plan at work on the records of one dataset.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use ndxp_model::{Dataset, Op};
use ndxp_policy::Plan;

use super::shown::{Facts, Judged, Shown};

/// A plan for one dataset. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Projector {
    plan: Arc<Plan>,
    id: ViewId,
}

/// What tells two views of one partition apart. Agreements of equal text share a plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ViewId {
    plan: Arc<str>,
    /// The same plan lets keys pass or not as the dataset's key fields are.
    key: KeyPasses,
}

/// Whether a consumer sees the key as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum KeyPasses {
    Yes,
    /// It sees a pseudonym.
    No,
}

impl fmt::Debug for Projector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Projector").field(&self.id).finish()
    }
}

impl Projector {
    pub(crate) fn new(dataset: &Dataset, plan: Arc<Plan>) -> Self {
        let key = if plan.passes(&dataset.key_fields) { KeyPasses::Yes } else { KeyPasses::No };
        let id = ViewId { plan: plan.hash().into(), key };
        Self { plan, id }
    }

    /// Returns what the plan shows of one record. What cannot be read is not shown.
    pub(super) fn show(&self, facts: &Arc<Facts>) -> Shown {
        let (judged, payload) = self.judge(facts);
        Shown { facts: Arc::clone(facts), judged, payload, key: self.id.key }
    }

    fn judge(&self, facts: &Facts) -> (Judged, Bytes) {
        let nothing = |judged| (judged, Bytes::new());
        match facts.op {
            None => nothing(Judged::Unreadable),
            Some(Op::Delete) => nothing(Judged::Deleted),
            Some(Op::Upsert | Op::Event) => match self.plan.show(&facts.value) {
                Ok(Some(payload)) => (Judged::Admitted, payload.into()),
                Ok(None) => nothing(Judged::Withheld),
                Err(_) => nothing(Judged::Unreadable),
            },
        }
    }
}
