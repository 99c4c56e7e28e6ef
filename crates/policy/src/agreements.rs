//! The agreements, compiled and indexed by who may use them on what.

use std::{collections::HashMap, sync::Arc};

use ndxp_model::{AgencyId, AgreementId, AgreementRef, DatasetName, Terms};

use crate::Plan;

/// How an agreement stands, apart from its validity in time, which follows from `now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Both sides approved and nobody stopped it.
    Active,
    /// Stopped until whoever suspended it resumes it.
    Suspended,
    /// Ended for good.
    Terminated,
}

/// The one revision of an agreement that is in force, and how the agreement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The revision in force.
    pub reference: AgreementRef,
    /// Its document.
    pub terms: Terms,
    /// SHA-256 of the document's RFC 8785 bytes, in hex.
    pub terms_hash: String,
    /// How the agreement stands.
    pub status: Status,
}

/// A standing with the plan that was compiled for its revision.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) standing: Standing,
    pub(crate) plan: Arc<Plan>,
}

impl Compiled {
    fn id(&self) -> &AgreementId {
        &self.standing.reference.id
    }
}

/// Every agreement's standing, found by (consumer, dataset).
///
/// Operations are no part of the key: explaining that an agreement lacks an operation needs that
/// agreement. The one to three agreements under a key are all that a decision or an update looks
/// at, so both cost the same among ten and among ten thousand. A clone copies the whole index.
#[derive(Debug, Clone, Default)]
pub struct Agreements {
    /// Never iterated, so the maps' order, which is chance, shows nowhere.
    by_consumer: HashMap<AgencyId, HashMap<DatasetName, Vec<Arc<Compiled>>>>,
    by_id: HashMap<AgreementId, Arc<Compiled>>,
}

impl Agreements {
    /// Returns an index without agreements.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an agreement in, in place of what stood under its id. The plan is compiled anew only if
    /// the document changed, so suspending and resuming are cheap.
    pub fn insert(&mut self, standing: Standing) {
        let old = self.take(&standing.reference.id);
        let unchanged = old.filter(|old| old.standing.terms == standing.terms);
        let plan = unchanged.map_or_else(
            || Arc::new(Plan::compile(&standing.terms.fields, standing.terms.rows.as_ref())),
            |old| Arc::clone(&old.plan),
        );
        let compiled = Arc::new(Compiled { standing, plan });
        self.by_id.insert(compiled.id().clone(), Arc::clone(&compiled));
        let terms = &compiled.standing.terms;
        let datasets = self.by_consumer.entry(terms.consumer.clone()).or_default();
        let candidates = datasets.entry(terms.dataset.clone()).or_default();
        // INVARIANT: sorted by id, without duplicates; `take` has removed this id.
        let at = candidates.partition_point(|other| other.id() < compiled.id());
        candidates.insert(at, compiled);
    }

    /// Takes an agreement out and returns how it stood.
    pub fn remove(&mut self, id: &AgreementId) -> Option<Standing> {
        self.take(id).map(|old| Arc::unwrap_or_clone(old).standing)
    }

    /// Returns how an agreement stands.
    #[must_use]
    pub fn get(&self, id: &AgreementId) -> Option<&Standing> {
        self.by_id.get(id).map(|compiled| &compiled.standing)
    }

    /// Returns the number of agreements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Says whether there is no agreement.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Returns all agreements of a consumer on a dataset, ordered by id.
    pub(crate) fn candidates(
        &self,
        consumer: &AgencyId,
        dataset: &DatasetName,
    ) -> &[Arc<Compiled>] {
        let found = self.by_consumer.get(consumer).and_then(|datasets| datasets.get(dataset));
        found.map_or(&[], Vec::as_slice)
    }

    fn take(&mut self, id: &AgreementId) -> Option<Arc<Compiled>> {
        let old = self.by_id.remove(id)?;
        let terms = &old.standing.terms;
        if let Some(datasets) = self.by_consumer.get_mut(&terms.consumer) {
            if let Some(candidates) = datasets.get_mut(&terms.dataset) {
                candidates.retain(|other| other.id() != id);
                if candidates.is_empty() {
                    datasets.remove(&terms.dataset);
                }
            }
            if datasets.is_empty() {
                self.by_consumer.remove(&terms.consumer);
            }
        }
        Some(old)
    }
}
