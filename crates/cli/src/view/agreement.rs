//! Agreements and subscriptions.

use anyhow::{Context, Result};
use ndxp_client::proto::{agreement as pb, convert, exchange};
use ndxp_model::{DeliveryOptions, SubscriptionName, Terms, Timestamp};
use serde::Serialize;

use super::registry::UNKNOWN;

/// An agreement as the hub has it.
#[derive(Debug, Serialize)]
pub(crate) struct AgreementView {
    pub(crate) id: String,
    pub(crate) state: &'static str,
    pub(crate) in_force: Option<RevisionView>,
    pub(crate) proposed: Option<RevisionView>,
}

/// A revision of an agreement.
#[derive(Debug, Serialize)]
pub(crate) struct RevisionView {
    pub(crate) revision: u32,
    pub(crate) terms_hash: String,
    proposed_by: String,
    pub(crate) approvals: Vec<ApprovalView>,
    pub(crate) terms: Terms,
}

/// An officer's approval.
#[derive(Debug, Serialize)]
pub(crate) struct ApprovalView {
    pub(crate) officer: String,
    approved_at: Option<Timestamp>,
}

pub(crate) fn agreement(message: pb::Agreement) -> Result<AgreementView> {
    let state = match message.state() {
        pb::AgreementState::Unspecified => "unknown",
        pb::AgreementState::Proposed => "proposed",
        pb::AgreementState::Active => "active",
        pb::AgreementState::Suspended => "suspended",
        pb::AgreementState::Terminated => "terminated",
    };
    Ok(AgreementView {
        id: message.name.strip_prefix("agreements/").unwrap_or(&message.name).to_owned(),
        state,
        in_force: message.in_force.map(revision).transpose()?,
        proposed: message.proposed.map(revision).transpose()?,
    })
}

fn revision(message: pb::Revision) -> Result<RevisionView> {
    let approval = |approval: pb::Approval| ApprovalView {
        officer: approval.officer,
        approved_at: convert::instant(approval.approved_at, "approved_at").ok(),
    };
    Ok(RevisionView {
        revision: message.revision,
        terms_hash: message.terms_hash,
        proposed_by: message.proposed_by,
        approvals: message.approvals.into_iter().map(approval).collect(),
        terms: convert::terms(message.terms, "terms").context(UNKNOWN)?,
    })
}

impl AgreementView {
    /// Returns the revision that says what the agreement is about: the one in force, else the
    /// proposed one.
    pub(crate) fn current(&self) -> Option<&RevisionView> {
        self.in_force.as_ref().or(self.proposed.as_ref())
    }
}

/// A subscription as the hub has it.
#[derive(Debug, Serialize)]
pub(crate) struct SubscriptionView {
    pub(crate) name: SubscriptionName,
    pub(crate) dataset: String,
    pub(crate) purpose: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    agreement: String,
    start: &'static str,
    /// As they are in force.
    pub(crate) options: DeliveryOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connected: Option<bool>,
}

pub(crate) fn subscription(
    message: exchange::Subscription,
    connected: Option<bool>,
) -> Result<SubscriptionView> {
    let start = match message.start() {
        // The hub keeps offsets, not how they were found.
        exchange::StartPosition::Latest | exchange::StartPosition::Time => "latest",
        exchange::StartPosition::Unspecified | exchange::StartPosition::Earliest => "earliest",
    };
    let access = message.access.unwrap_or_default();
    Ok(SubscriptionView {
        name: convert::subscription_name(&message.name, "name").context(UNKNOWN)?,
        dataset: convert::dataset_name(&message.dataset, "dataset").context(UNKNOWN)?.to_string(),
        purpose: access.purpose,
        agreement: access.agreement,
        start,
        options: convert::delivery_options(message.options, "options").context(UNKNOWN)?,
        connected,
    })
}
