//! Agencies, their systems and their officers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{AgencyId, OfficerId, SystemId};

/// A name in Vietnamese and in English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// Vietnamese, in composed Unicode (NFC).
    pub vi: String,
    /// English.
    pub en: String,
}

/// What sort of body an agency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgencyKind {
    /// A ministry or a ministerial agency.
    Ministry,
    /// An agency under the Government.
    GovernmentAgency,
    /// A province or a centrally run city.
    Province,
    /// A state enterprise.
    Enterprise,
    /// Any other body.
    Other,
}

/// Whether an agency may act at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgencyStatus {
    /// It may act.
    #[default]
    Active,
    /// Its calls and the streams from it are refused.
    Suspended,
}

/// An agency: a body that owns datasets and signs agreements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// Its id, given once.
    pub id: AgencyId,
    /// Its name.
    pub name: Title,
    /// What sort of body it is.
    pub kind: AgencyKind,
}

/// A backend system of an agency: it exchanges data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Its id within the agency.
    pub id: SystemId,
    /// Its name.
    pub name: Title,
}

/// What an officer may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Registers agencies, systems and officers of the whole hub, and suspends.
    Authority,
    /// Registers systems, officers and datasets of her own agency, and proposes agreements.
    Steward,
    /// Approves agreements for her own agency.
    Approver,
    /// Supervises the running hub.
    Operator,
}

/// A person who acts for an agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// Her id within the agency.
    pub id: OfficerId,
    /// What she may do; never empty.
    pub roles: BTreeSet<Role>,
}
