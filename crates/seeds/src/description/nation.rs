//! `nation.toml`: agencies, their systems and officers.

use std::collections::BTreeMap;

use ndxp_model::{AgencyId, AgencyKind, Officer, OfficerId, Role, SystemId};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nation {
    pub(crate) expected: Expected,
    pub(crate) authority: Authority,
    /// The officers of every agency but the authority.
    pub(crate) officer: Vec<Officer>,
    /// How provinces differ from what their unit's name gives.
    pub(crate) province: Vec<ProvinceEntry>,
    pub(crate) class: BTreeMap<String, Class>,
    pub(crate) agency: Vec<AgencyEntry>,
}

/// Sums that the generator checks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) agencies: usize,
    pub(crate) systems: usize,
}

/// Whose officers sign the genesis.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authority {
    pub(crate) agency: AgencyId,
    pub(crate) officers: Vec<OfficerId>,
    pub(crate) roles: Vec<Role>,
}

/// What the agencies of one sort have in common.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Class {
    pub(crate) kind: AgencyKind,
    /// Their names get the agency's appended.
    pub(crate) systems: Vec<SystemEntry>,
}

/// A system; `vi` and `en` are its names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SystemEntry {
    pub(crate) id: SystemId,
    pub(crate) vi: String,
    pub(crate) en: String,
}

/// An agency that is no province; `vi` and `en` are its names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgencyEntry {
    pub(crate) id: AgencyId,
    pub(crate) class: String,
    pub(crate) vi: String,
    pub(crate) en: String,
    #[serde(default)]
    pub(crate) systems: Vec<SystemEntry>,
}

/// What a province has instead of, or beyond, what follows from its unit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProvinceEntry {
    pub(crate) code: String,
    pub(crate) id: Option<AgencyId>,
    pub(crate) en: Option<String>,
    #[serde(default)]
    pub(crate) systems: Vec<SystemEntry>,
}
