//! What the state holds of each thing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ndxp_model::{
    Agency, AgencyId, AgencyStatus, AgreementId, Compatibility, Dataset, DatasetName, DatasetState,
    DeliveryOptions, Officer, OfficerId, PrincipalName, PurposeCode, SchemaVersion, System,
    SystemId, Terms, Timestamp,
};
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
    /// The version in force when it was activated, and so the first that binds; absent in a draft.
    pub bound_from: Option<SchemaVersion>,
    /// What its next schema owes to those that bind.
    pub compatibility: Compatibility,
    /// What officers answer for, by the hash of the schema: the newest word on each.
    pub overrides: BTreeMap<String, Override>,
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

    /// Returns the schemas that records may follow, and that the next schema must not break, oldest first. In a draft
    /// there is none: no record was ever judged by its schemas.
    pub fn binding(&self) -> impl Iterator<Item = (SchemaVersion, &SchemaEntry)> {
        let numbered = (1..).map(SchemaVersion).zip(&self.schemas);
        numbered.filter(|(version, _)| self.binds(*version))
    }

    /// Says whether records may follow this version.
    #[must_use]
    pub fn binds(&self, version: SchemaVersion) -> bool {
        self.bound_from.is_some_and(|first| version.0 >= first.0)
    }

    /// Returns the schema of this hash that registering it again would be: one that binds, or a draft's newest.
    #[must_use]
    pub fn same(&self, hash: &str) -> Option<(SchemaVersion, &SchemaEntry)> {
        let mut bound = self.binding().filter(|(_, entry)| entry.hash == hash);
        bound.next().or_else(|| self.schema(None).filter(|(_, newest)| newest.hash == hash))
    }
}

/// An officer's word that a schema is good although its comparison was left undecided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Override {
    /// The hashes of the earlier schemas that it could not be compared with.
    pub against: BTreeSet<String>,
    /// The mode compared in.
    pub mode: Compatibility,
    /// Why.
    pub reason: String,
    /// Who.
    pub officer: PrincipalName,
    /// When.
    pub at: Timestamp,
}

/// A state of a code list that was put in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CodeListPin {
    /// `sha256:<hex>` of its rows.
    pub sha256: String,
    /// Who.
    pub officer: PrincipalName,
    /// When.
    pub at: Timestamp,
    /// The registry position of its record.
    pub position: u64,
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
    /// Nothing is exchanged under it until each of these agencies has lifted what it imposed; never
    /// empty. One alone would let a party shut out the authority by being first to suspend.
    Suspended(BTreeSet<AgencyId>),
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

    pub(crate) fn revision_mut(&mut self, number: u32) -> Option<&mut Revision> {
        self.revisions.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Returns the newest revision: its parties are those of all revisions.
    #[must_use]
    pub fn newest(&self) -> Option<&Revision> {
        self.revisions.last()
    }

    /// Says whether it has ended for good.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.status == AgreementStatus::Terminated
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
    /// How it is delivered.
    pub options: DeliveryOptions,
}
