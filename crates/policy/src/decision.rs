//! What is asked of a decision, and what comes out of it.

use std::sync::Arc;

use ndxp_model::{
    AgencyId, AgreementId, AgreementRef, DatasetName, Operation, PurposeCode, Timestamp,
};

use crate::{Plan, Reason};

/// What a caller asks for. The caller is known and the dataset visible: clauses 1 and 3 have passed.
#[derive(Debug, Clone, Copy)]
pub struct AccessRequest<'a> {
    /// The caller's agency.
    pub consumer: &'a AgencyId,
    /// The dataset; its owner is the provider.
    pub dataset: &'a DatasetName,
    /// What the caller wants to do.
    pub operation: Operation,
    /// What for.
    pub purpose: &'a PurposeCode,
    /// The agreement that the caller would rather use, if several allow.
    pub agreement: Option<&'a AgreementId>,
    /// Whether the dataset's owner may act at present.
    pub provider_active: bool,
    /// Whether the caller's agency may act at present.
    pub consumer_active: bool,
}

/// The verdict on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Allowed, with obligations.
    Allow(Grant),
    /// Refused, with an explanation.
    Deny(Denial),
}

/// What was allowed, under which agreement, and what the hub must do with each record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The one agreement that allows it.
    pub agreement: AgreementRef,
    /// SHA-256 of the agreement's bytes, in hex: `agrh` of a leaf.
    pub terms_hash: String,
    /// The legal basis of the stated purpose: `basis` of a leaf.
    pub basis: PurposeCode,
    /// The row filter and projection that each record goes through.
    pub plan: Arc<Plan>,
    /// The first instant at which time alone could change the decision. Until then only a registry
    /// record can.
    pub holds_until: Timestamp,
}

/// Why a request was refused, in words for the caller. It holds nothing of other agencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The reason.
    pub reason: Reason,
    /// The number of the clause that failed.
    pub clause: u8,
    /// The agreement that came closest, one of the caller's own.
    pub agreement: Option<AgreementRef>,
    /// What was asked, where a clause compares something.
    pub asked: Option<String>,
    /// What the agreement allows instead, sorted; instants as `[from, until)`.
    pub allowed: Vec<String>,
    /// What the caller can do about it.
    pub next_step: &'static str,
}

impl Denial {
    pub(crate) fn new(reason: Reason, agreement: Option<AgreementRef>) -> Self {
        Self {
            reason,
            clause: reason.clause(),
            agreement,
            asked: None,
            allowed: Vec::new(),
            next_step: reason.next_step(),
        }
    }

    pub(crate) fn comparing(self, asked: String, allowed: Vec<String>) -> Self {
        Self { asked: Some(asked), allowed, ..self }
    }
}
