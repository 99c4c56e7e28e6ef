//! The state that a fold of the registry's records gives.

mod entries;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ndxp_model::{
    AgencyId, AgencyStatus, AgreementId, AgreementRef, Classification, DatasetName, DatasetState,
    Principal, PrincipalName, RequestId, Role, SubscriptionName, Terms, Timestamp, TrustDomain,
};
use ndxp_policy::Agreements;
use serde::Serialize;

pub use entries::{
    AgencyEntry, AgreementEntry, AgreementStatus, Approval, CodeListPin, DatasetEntry, Override,
    Revision, SchemaEntry, Subscription,
};

use crate::canonical::canonical;

/// How long a request id is remembered: 24 hours.
const REMEMBERED_MS: i64 = 86_400_000;

/// What is remembered of a request, for 24 hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// SHA-256 in hexadecimal of actor and command.
    pub body: String,
    /// The registry position of its record.
    pub position: u64,
    /// When.
    pub at: Timestamp,
}

/// The registry: a pure fold of its records.
#[derive(Debug, Default, Serialize)]
pub struct State {
    /// How many records were applied: the position.
    pub count: u64,
    /// The newest format that may be written.
    pub format: u32,
    /// The time of the newest record.
    pub time: Timestamp,
    /// The name space of the hub's certificates; absent before the genesis.
    pub trust_domain: Option<TrustDomain>,
    /// Tells this log from another.
    pub incarnation: String,
    /// Agencies by id.
    pub agencies: BTreeMap<AgencyId, AgencyEntry>,
    /// Datasets by name.
    pub datasets: BTreeMap<DatasetName, DatasetEntry>,
    /// Code lists, by their datasets: every state that was pinned, the one in force last.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub code_lists: BTreeMap<DatasetName, Vec<CodeListPin>>,
    /// Agreements by id.
    pub agreements: BTreeMap<AgreementId, AgreementEntry>,
    /// Subscriptions by name.
    pub subscriptions: BTreeMap<SubscriptionName, Subscription>,
    /// Names that were subscriptions' once: never given again.
    pub deleted_subscriptions: BTreeSet<SubscriptionName>,
    /// Requests of the 24 hours before the newest record.
    pub requests: BTreeMap<RequestId, Seen>,
    /// The same requests, oldest first: what is forgotten next.
    #[serde(skip)]
    pub(crate) by_age: VecDeque<(Timestamp, RequestId)>,
    /// How many states of code lists were pinned: what is in force changes only with it.
    #[serde(skip)]
    pub pins: u64,
    /// Consumer → the datasets that an agreement made known to it.
    #[serde(skip)]
    pub(crate) shared: BTreeMap<AgencyId, BTreeSet<DatasetName>>,
    /// What decisions are made on.
    #[serde(skip)]
    pub(crate) in_force: Agreements,
}

impl State {
    /// Returns the state as RFC 8785 bytes: equal states give equal bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical(self)
    }

    /// Returns the agreements in force, which decisions are made on.
    #[must_use]
    pub fn in_force(&self) -> &Agreements {
        &self.in_force
    }

    /// Says whether an agency exists and is not suspended.
    #[must_use]
    pub fn is_active(&self, agency: &AgencyId) -> bool {
        self.agencies.get(agency).is_some_and(|entry| entry.status == AgencyStatus::Active)
    }

    /// Says whether a system or officer is registered.
    #[must_use]
    pub fn knows(&self, name: &PrincipalName) -> bool {
        let Some(entry) = self.agencies.get(&name.agency) else { return false };
        match &name.principal {
            Principal::System(id) => entry.systems.contains_key(id),
            Principal::Officer(id) => entry.officers.contains_key(id),
        }
    }

    /// Says whether an officer has a role. A system has none.
    #[must_use]
    pub fn has_role(&self, name: &PrincipalName, role: Role) -> bool {
        let entry = self.agencies.get(&name.agency);
        let officer = name.as_officer().and_then(|id| entry?.officers.get(id));
        officer.is_some_and(|officer| officer.roles.contains(&role))
    }

    /// Returns a dataset if the agency may know of it: its own, or an active one that is public or
    /// internal, or about which it has or had an agreement.
    #[must_use]
    pub fn visible(&self, agency: &AgencyId, name: &DatasetName) -> Option<&DatasetEntry> {
        let entry = self.datasets.get(name)?;
        let open = entry.dataset.classification <= Classification::Internal;
        let shared = || self.shared.get(agency).is_some_and(|known| known.contains(name));
        let active = entry.state == DatasetState::Active;
        (name.agency == *agency || active && (open || shared())).then_some(entry)
    }

    /// Returns the state of a code list that is in force.
    #[must_use]
    pub fn code_list(&self, name: &DatasetName) -> Option<&CodeListPin> {
        self.code_lists.get(name)?.last()
    }

    /// Returns what became of a request, if it was made less than 24 hours before `now`.
    #[must_use]
    pub fn remembered(&self, id: &RequestId, now: Timestamp) -> Option<&Seen> {
        self.requests.get(id).filter(|seen| seen.at > forgotten_at(now))
    }

    /// Returns the revisions about a dataset that are in force or proposed and have not expired at `now`, in the order
    /// of their names.
    pub fn live_terms<'a>(
        &'a self,
        dataset: &DatasetName,
        now: Timestamp,
    ) -> impl Iterator<Item = (AgreementRef, &'a Terms)> {
        let open = self.agreements.iter().filter(|(_, entry)| !entry.has_ended());
        let revisions = open.flat_map(|(id, entry)| {
            let numbers = [entry.in_force, entry.proposed].into_iter().flatten();
            numbers.filter_map(move |revision| {
                let terms = &entry.revision(revision)?.terms;
                Some((AgreementRef { id: id.clone(), revision }, terms))
            })
        });
        let dataset = dataset.clone();
        revisions.filter(move |(_, terms)| terms.dataset == dataset && terms.valid.not_after > now)
    }

    /// Returns the revision in force of an agreement.
    #[must_use]
    pub fn revision_in_force(&self, id: &AgreementId) -> Option<(AgreementRef, &Revision)> {
        let entry = self.agreements.get(id)?;
        let number = entry.in_force?;
        Some((AgreementRef { id: id.clone(), revision: number }, entry.revision(number)?))
    }
}

/// The newest instant of which nothing is remembered at `now`.
pub(crate) fn forgotten_at(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.millis().saturating_sub(REMEMBERED_MS))
}
