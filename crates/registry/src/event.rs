//! What happened: the stored form. A change here is a change of a stored format.

use ndxp_model::{
    Agency, AgencyId, AgreementId, AgreementRef, Compatibility, Dataset, DatasetName,
    DeliveryOptions, Officer, PrincipalName, PurposeCode, SchemaVersion, SubscriptionName, System,
    Terms, TrustDomain,
};
use serde::{Deserialize, Serialize};

/// One outcome of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// The hub began to exist.
    Genesis {
        /// The name space of its certificates.
        trust_domain: TrustDomain,
        /// Tells this log from a restored or another one: 32 hexadecimal digits.
        incarnation: String,
    },
    /// From now on, records of this format may be written. A node that cannot read it stops.
    FormatRaised {
        /// The new format.
        format: u32,
    },
    /// An agency was registered.
    AgencyCreated {
        /// The agency.
        agency: Agency,
    },
    /// An agency was suspended.
    AgencySuspended {
        /// The agency.
        agency: AgencyId,
    },
    /// An agency's suspension was lifted.
    AgencyResumed {
        /// The agency.
        agency: AgencyId,
    },
    /// A system was registered.
    SystemCreated {
        /// Its agency.
        agency: AgencyId,
        /// The system.
        system: System,
    },
    /// An officer was registered.
    OfficerCreated {
        /// Her agency.
        agency: AgencyId,
        /// The officer.
        officer: Officer,
    },
    /// A dataset was registered.
    DatasetCreated {
        /// The dataset.
        dataset: Dataset,
    },
    /// A schema was registered.
    SchemaRegistered {
        /// The dataset.
        dataset: DatasetName,
        /// The version it got.
        version: SchemaVersion,
        /// `sha256:` and the hash of its RFC 8785 form.
        hash: String,
        /// The document as sent.
        document: String,
        /// The mode in which it was compared with the schemas before it; absent if it is the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<Compatibility>,
    },
    /// The owner chose what the next schema owes to those before it.
    CompatibilityChanged {
        /// The dataset.
        dataset: DatasetName,
        /// The mode from now on.
        mode: Compatibility,
    },
    /// An officer of the owner answers for a schema whose comparison was left undecided.
    ComparisonOverridden {
        /// The dataset.
        dataset: DatasetName,
        /// The hash of the schema.
        schema: String,
        /// The hashes of the earlier schemas that it could not be compared with.
        against: Vec<String>,
        /// The mode compared in.
        mode: Compatibility,
        /// Why it is known to be good.
        reason: String,
        /// Who.
        officer: PrincipalName,
    },
    /// A state of a code list came into force.
    CodeListPinned {
        /// The list.
        dataset: DatasetName,
        /// `sha256:<hex>` of its rows.
        sha256: String,
        /// Who.
        officer: PrincipalName,
    },
    /// A dataset was made active.
    DatasetActivated {
        /// The dataset.
        dataset: DatasetName,
    },
    /// A revision was proposed.
    AgreementProposed {
        /// The number it got.
        revision: u32,
        /// The document.
        terms: Terms,
        /// SHA-256 in hexadecimal of its RFC 8785 form.
        terms_hash: String,
    },
    /// A side approved the proposed revision.
    AgreementApproved {
        /// The revision.
        revision: AgreementRef,
        /// Who.
        officer: PrincipalName,
    },
    /// A revision came into force, and the one before ended.
    AgreementInForce {
        /// The revision.
        revision: AgreementRef,
    },
    /// An agreement was suspended.
    AgreementSuspended {
        /// The agreement.
        agreement: AgreementId,
        /// Who imposed it, and alone lifts it.
        by: AgencyId,
    },
    /// An agency lifted the suspension that it had imposed; those of others stand.
    AgreementResumed {
        /// The agreement.
        agreement: AgreementId,
        /// The agency.
        by: AgencyId,
    },
    /// An agreement ended for good.
    AgreementTerminated {
        /// The agreement.
        agreement: AgreementId,
    },
    /// A subscription was created.
    SubscriptionCreated {
        /// Its name.
        name: SubscriptionName,
        /// The dataset.
        dataset: DatasetName,
        /// What for.
        purpose: PurposeCode,
        /// Under which agreement, if one was picked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agreement: Option<AgreementId>,
        /// The offset to begin at, one a partition; empty means the earliest.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        start: Vec<u64>,
        /// How it is delivered.
        #[serde(default)]
        options: DeliveryOptions,
    },
    /// A subscription is delivered in another way from now on.
    SubscriptionUpdated {
        /// Its name.
        name: SubscriptionName,
        /// All options.
        options: DeliveryOptions,
    },
    /// A subscription was deleted.
    SubscriptionDeleted {
        /// Its name, which is never given again.
        name: SubscriptionName,
    },
}
