//! The state that a fold of the registry's records gives.

use std::{collections::BTreeMap, sync::Arc};

use ndxp_model::{
    Agency, AgencyId, AgencyStatus, AgreementId, AgreementRef, Classification, Dataset,
    DatasetName, DatasetState, Officer, OfficerId, Principal, PrincipalName, PurposeCode,
    RequestId, Role, SchemaVersion, SubscriptionName, System, SystemId, Terms, Timestamp,
    TrustDomain,
};
use ndxp_policy::Agreements;
use serde::Serialize;

/// An agency with its children.
#[derive(Debug, Clone, Serialize)]
pub struct AgencyEntry {
    /// The agency.
    pub agency: Agency,
    /// Whether it may act.
    pub status: AgencyStatus,
    /// Its systems.
    pub systems: BTreeMap<SystemId, System>,
    /// Its officers.
    pub officers: BTreeMap<OfficerId, Officer>,
}

/// A registered schema.
#[derive(Debug, Clone, Serialize)]
pub struct SchemaEntry {
    /// `sha256:` and the hash of its RFC 8785 form.
    pub hash: String,
    /// The document as sent.
    pub document: Arc<str>,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// The registry position of its record.
    pub position: u64,
}

/// A dataset with its schemas.
#[derive(Debug, Clone, Serialize)]
pub struct DatasetEntry {
    /// The dataset.
    pub dataset: Arc<Dataset>,
    /// Where its life stands.
    pub state: DatasetState,
    /// Its schemas: version 1 is the first.
    pub schemas: Vec<SchemaEntry>,
}

impl DatasetEntry {
    /// Returns the schema of a version, `None` meaning the newest.
    #[must_use]
    pub fn schema(&self, version: Option<SchemaVersion>) -> Option<(SchemaVersion, &SchemaEntry)> {
        let newest = u32::try_from(self.schemas.len()).ok()?;
        let version = version.map_or(newest, |version| version.0);
        let entry = self.schemas.get(usize::try_from(version.checked_sub(1)?).ok()?)?;
        Some((SchemaVersion(version), entry))
    }
}

/// Who approved a revision, when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// The officer.
    pub officer: PrincipalName,
    /// When.
    pub at: Timestamp,
}

/// A revision of an agreement. It never changes, but for its approvals.
#[derive(Debug, Clone, Serialize)]
pub struct Revision {
    /// The document.
    pub terms: Terms,
    /// SHA-256 in hexadecimal of its RFC 8785 form.
    pub terms_hash: String,
    /// Who proposed it.
    pub proposed_by: Option<PrincipalName>,
    /// Who approved it, at most one a side.
    pub approvals: Vec<Approval>,
}

/// Where an agreement stands, its validity aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgreementStatus {
    /// It follows its revisions.
    Open,
    /// Nothing is exchanged under it until this agency lifts that.
    Suspended(AgencyId),
    /// It has ended for good.
    Terminated,
}

/// An agreement with its revisions.
#[derive(Debug, Clone, Serialize)]
pub struct AgreementEntry {
    /// Where it stands.
    pub status: AgreementStatus,
    /// Its revisions: revision 1 is the first.
    pub revisions: Vec<Revision>,
    /// The number of the revision in force.
    pub in_force: Option<u32>,
    /// The number of the revision that waits for approvals.
    pub proposed: Option<u32>,
}

impl AgreementEntry {
    /// Returns a revision by its number, from 1.
    #[must_use]
    pub fn revision(&self, number: u32) -> Option<&Revision> {
        self.revisions.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Returns the newest revision: its parties are those of all revisions.
    #[must_use]
    pub fn newest(&self) -> Option<&Revision> {
        self.revisions.last()
    }

    /// Says whether an agency is provider or consumer.
    #[must_use]
    pub fn is_party(&self, agency: &AgencyId) -> bool {
        self.newest().is_some_and(|r| r.terms.provider == *agency || r.terms.consumer == *agency)
    }
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// The dataset.
    pub dataset: DatasetName,
    /// What for.
    pub purpose: PurposeCode,
    /// Under which agreement, if one was picked.
    pub agreement: Option<AgreementId>,
    /// The offset to begin at, one a partition; empty means the earliest.
    pub start: Vec<u64>,
}

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
    /// Agreements by id.
    pub agreements: BTreeMap<AgreementId, AgreementEntry>,
    /// Subscriptions by name.
    pub subscriptions: BTreeMap<SubscriptionName, Subscription>,
    /// Requests of the last 24 hours.
    pub requests: BTreeMap<RequestId, Seen>,
    /// (consumer, dataset) → agreements: who may know of a dataset.
    #[serde(skip)]
    pub(crate) shared: BTreeMap<(AgencyId, DatasetName), Vec<AgreementId>>,
    /// What decisions are made on.
    #[serde(skip)]
    pub(crate) in_force: Agreements,
}

impl State {
    /// Returns the state as RFC 8785 bytes: equal states give equal bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json_canonicalizer::to_vec(self).unwrap_or_default()
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
        let shared = || self.shared.contains_key(&(agency.clone(), name.clone()));
        let active = entry.state == DatasetState::Active;
        (name.agency == *agency || active && (open || shared())).then_some(entry)
    }

    /// Returns the revision in force of an agreement.
    #[must_use]
    pub fn revision_in_force(&self, id: &AgreementId) -> Option<(AgreementRef, &Revision)> {
        let entry = self.agreements.get(id)?;
        let number = entry.in_force?;
        Some((AgreementRef { id: id.clone(), revision: number }, entry.revision(number)?))
    }
}
