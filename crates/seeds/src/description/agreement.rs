//! `agreements.toml`: who may receive or publish what.

use std::collections::BTreeSet;

use ndxp_model::{DatasetName, Operation, Pointer, PurposeGrant, RowFilter, Validity};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agreements {
    /// Of every agreement.
    pub(crate) valid: Validity,
    pub(crate) agreement: Vec<AgreementEntry>,
}

/// One agreement for each consumer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgreementEntry {
    pub(crate) dataset: DatasetName,
    /// Ids of agencies, or a group such as `@municipalities`.
    pub(crate) consumers: Vec<String>,
    pub(crate) operations: BTreeSet<Operation>,
    pub(crate) purposes: BTreeSet<PurposeGrant>,
    pub(crate) fields: Fields,
    pub(crate) rows: Option<RowFilter>,
}

/// Which fields an agreement lists.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Fields {
    /// These.
    Listed(Vec<Pointer>),
    /// `all`: every leaf of the schema.
    Word(String),
}
