//! Agencies, systems, officers, datasets, schemas.

use anyhow::{Context, Result};
use ndxp_client::proto::{convert, registry as pb, schema as pb_schema};
use ndxp_model::{Agency, Dataset, DatasetName, Officer, System, Timestamp};
use serde::Serialize;

/// An agency as the hub has it.
#[derive(Debug, Serialize)]
pub(crate) struct AgencyView {
    #[serde(flatten)]
    pub(crate) agency: Agency,
    pub(crate) suspended: bool,
}

pub(crate) fn agency(message: pb::Agency) -> Result<AgencyView> {
    let suspended = message.suspended;
    Ok(AgencyView { agency: convert::agency(Some(message), "agency").context(UNKNOWN)?, suspended })
}

pub(crate) fn system(message: pb::System) -> Result<System> {
    convert::system(Some(message), "system").context(UNKNOWN)
}

pub(crate) fn officer(message: pb::Officer) -> Result<Officer> {
    convert::officer(Some(message), "officer").context(UNKNOWN)
}

/// A dataset as the hub has it.
#[derive(Debug, Serialize)]
pub(crate) struct DatasetView {
    #[serde(flatten)]
    pub(crate) dataset: Dataset,
    pub(crate) state: &'static str,
    pub(crate) schema_version: u32,
}

pub(crate) fn dataset(message: pb::Dataset) -> Result<DatasetView> {
    let (state, schema_version) = (message.state(), message.schema_version);
    let state = match state {
        pb::DatasetState::Unspecified => "unknown",
        pb::DatasetState::Draft => "draft",
        pb::DatasetState::Active => "active",
    };
    let dataset = convert::dataset(Some(message), "dataset").context(UNKNOWN)?;
    Ok(DatasetView { dataset, state, schema_version })
}

/// A schema without its document.
#[derive(Debug, Serialize)]
pub(crate) struct SchemaView {
    pub(crate) dataset: DatasetName,
    pub(crate) version: u32,
    pub(crate) hash: String,
    pub(crate) registered_at: Option<Timestamp>,
}

pub(crate) fn schema(message: pb_schema::Schema) -> Result<SchemaView> {
    let (dataset, version) = convert::schema_name(&message.name, "name").context(UNKNOWN)?;
    let registered_at = convert::instant(message.registered_at, "registered_at").ok();
    Ok(SchemaView { dataset, version: version.0, hash: message.hash, registered_at })
}

/// Said when the hub's answer has something that this version cannot read.
pub(super) const UNKNOWN: &str = "the hub's answer is not what this version knows";
