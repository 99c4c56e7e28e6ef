//! A plan at work on the records of one dataset.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use ndxp_model::{Dataset, Op};
use ndxp_policy::{Plan, Seen};

use super::{
    chunk::Shows,
    shown::{Facts, Judged, KeyPasses, Shown},
};

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

    pub(super) fn id(&self) -> &ViewId {
        &self.id
    }

    /// Returns what the plan shows of each record. What cannot be read is not shown.
    pub(super) fn show_all(&self, records: &[Arc<Facts>]) -> Shows {
        // One buffer for all payloads: it lives as long as any of them, which is about as long.
        let mut buffer = Vec::new();
        let judged: Vec<_> = records
            .iter()
            .map(|facts| {
                let start = buffer.len();
                (self.judge(facts, &mut buffer), start..buffer.len())
            })
            .collect();
        buffer.shrink_to_fit();
        let buffer = Bytes::from(buffer);
        let shown = records.iter().zip(judged).map(|(facts, (judged, range))| {
            let payload = buffer.slice(range);
            Arc::new(Shown { facts: Arc::clone(facts), judged, payload, key: self.id.key })
        });
        shown.collect()
    }

    /// Judges a record, and appends its payload if it is admitted.
    fn judge(&self, facts: &Facts, buffer: &mut Vec<u8>) -> Judged {
        match facts.op {
            None => Judged::Unreadable,
            Some(Op::Delete) => Judged::Deleted,
            Some(Op::Upsert | Op::Event) => match self.plan.show(&facts.value, buffer) {
                Ok(Seen::Admitted) => Judged::Admitted,
                Ok(Seen::Withheld) => Judged::Withheld,
                Err(_) => Judged::Unreadable,
            },
        }
    }
}
