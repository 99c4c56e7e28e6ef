//! What a caller asks the registry to change.

use std::sync::Arc;

use ndxp_model::{
    Agency, AgencyId, AgreementId, AgreementRef, Compatibility, Dataset, DatasetName,
    DeliveryOptions, Officer, PrincipalName, PurposeCode, RequestId, SubscriptionName, System,
    Terms,
};
use ndxp_schema::Schema;
use serde::Serialize;

use crate::{Evidence, canonical::canonical_hash};

/// Where a new subscription begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartAt {
    /// The earliest record that is kept.
    Earliest,
    /// These offsets, one a partition: what the caller found as the ends. They are no part of the
    /// body's hash, since a request sent again finds other ends.
    Offsets(#[serde(skip)] Vec<u64>),
}

/// A change, before anything is decided.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Registers an agency.
    CreateAgency(Agency),
    /// Suspends an agency.
    SuspendAgency(AgencyId),
    /// Lifts an agency's suspension.
    ResumeAgency(AgencyId),
    /// Registers a system of an agency.
    CreateSystem(AgencyId, System),
    /// Registers an officer of an agency.
    CreateOfficer(AgencyId, Officer),
    /// Registers a dataset.
    CreateDataset(Dataset),
    /// Registers a dataset's next schema.
    RegisterSchema {
        /// The dataset.
        dataset: DatasetName,
        /// The document as sent.
        document: String,
        /// The same document, parsed and checked.
        #[serde(skip)]
        schema: Arc<Schema>,
        /// Its comparison with the schemas before it; no part of the body's hash, since a request sent again is
        /// compared again.
        #[serde(skip)]
        evidence: Evidence,
    },
    /// Chooses what a dataset's next schema owes to those before it.
    SetCompatibility {
        /// The dataset.
        dataset: DatasetName,
        /// The mode from now on.
        mode: Compatibility,
    },
    /// Lets a schema be registered although its comparison was left undecided.
    OverrideComparison {
        /// The dataset.
        dataset: DatasetName,
        /// The hash of the schema.
        schema: String,
        /// Why it is known to be good.
        reason: String,
        /// Its comparison with the schemas before it.
        #[serde(skip)]
        evidence: Evidence,
    },
    /// Puts a state of a code list in force.
    PinCodeList {
        /// The list.
        dataset: DatasetName,
        /// `sha256:<hex>` of the state that the officer saw.
        sha256: String,
        /// The same of the rows as they stand now; no part of the body's hash, since a request sent again finds other
        /// rows.
        #[serde(skip)]
        found: String,
    },
    /// Makes a dataset active.
    ActivateDataset(DatasetName),
    /// Proposes an agreement or its next revision.
    ProposeAgreement(Terms),
    /// Approves a revision for one side.
    ApproveAgreement {
        /// The revision.
        revision: AgreementRef,
        /// The hash of the terms that the officer saw.
        terms_hash: String,
    },
    /// Suspends an agreement.
    SuspendAgreement(AgreementId),
    /// Lifts an agreement's suspension.
    ResumeAgreement(AgreementId),
    /// Ends an agreement for good.
    TerminateAgreement(AgreementId),
    /// Creates a subscription.
    CreateSubscription {
        /// Its name.
        name: SubscriptionName,
        /// The dataset.
        dataset: DatasetName,
        /// What for.
        purpose: PurposeCode,
        /// Under which agreement, if the caller picked one.
        agreement: Option<AgreementId>,
        /// Where it begins.
        start: StartAt,
        /// How it is delivered.
        options: DeliveryOptions,
    },
    /// Changes how a subscription is delivered.
    UpdateSubscription {
        /// Its name.
        name: SubscriptionName,
        /// All options.
        options: DeliveryOptions,
    },
    /// Deletes a subscription.
    DeleteSubscription(SubscriptionName),
}

impl Command {
    /// Returns the command's name in leaves and logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateAgency(_) => "create-agency",
            Self::SuspendAgency(_) => "suspend-agency",
            Self::ResumeAgency(_) => "resume-agency",
            Self::CreateSystem(..) => "create-system",
            Self::CreateOfficer(..) => "create-officer",
            Self::CreateDataset(_) => "create-dataset",
            Self::RegisterSchema { .. } => "register-schema",
            Self::SetCompatibility { .. } => "set-compatibility",
            Self::OverrideComparison { .. } => "override-comparison",
            Self::PinCodeList { .. } => "pin-code-list",
            Self::ActivateDataset(_) => "activate-dataset",
            Self::ProposeAgreement(_) => "propose-agreement",
            Self::ApproveAgreement { .. } => "approve-agreement",
            Self::SuspendAgreement(_) => "suspend-agreement",
            Self::ResumeAgreement(_) => "resume-agreement",
            Self::TerminateAgreement(_) => "terminate-agreement",
            Self::CreateSubscription { .. } => "create-subscription",
            Self::UpdateSubscription { .. } => "update-subscription",
            Self::DeleteSubscription(_) => "delete-subscription",
        }
    }
}

/// A command with who asks and under which id.
#[derive(Debug, Clone)]
pub struct Request {
    /// Names this change: the same id and body within 24 h is answered with the first outcome.
    pub id: RequestId,
    /// Who asks.
    pub actor: PrincipalName,
    /// What.
    pub command: Command,
}

impl Request {
    /// Returns the SHA-256 in hexadecimal of actor and command: what "the same body" means.
    #[must_use]
    pub fn body_hash(&self) -> String {
        canonical_hash(&(&self.actor, &self.command))
    }
}
