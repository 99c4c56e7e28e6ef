//! Agencies, systems and officers.

use std::collections::BTreeSet;

use ndxp_model::{Agency, AgencyKind, AgencyStatus, Officer, Role, System, Title};

use super::problems::{Problems, each, parse, required};
use crate::{common, error::Refusal, registry as pb};

/// Reads a title: both languages are required.
///
/// # Errors
/// `INVALID_FIELD` at `path`, `path.vi`, `path.en`.
pub fn title(message: Option<common::Title>, path: &str) -> Result<Title, Refusal> {
    let message = message.ok_or_else(|| required(path))?;
    let mut problems = Problems::default();
    for (member, text) in [("vi", &message.vi), ("en", &message.en)] {
        if text.trim().is_empty() {
            problems.add(format!("{path}.{member}"), "is required");
        }
    }
    problems.finish(Some(Title { vi: message.vi, en: message.en }))
}

/// Reads an agency. Whether it is suspended is the hub's to say, so that is not read.
///
/// # Errors
/// `INVALID_FIELD` at `path` or below.
pub fn agency(message: Option<pb::Agency>, path: &str) -> Result<Agency, Refusal> {
    let message = message.ok_or_else(|| required(path))?;
    let mut problems = Problems::default();
    let id = problems.take(parse(&message.id, &format!("{path}.id")));
    let name = problems.take(title(message.name, &format!("{path}.name")));
    let kind = problems.take(kind(message.kind, &format!("{path}.kind")));
    let agency = (|| Some(Agency { id: id?, name: name?, kind: kind? }))();
    problems.finish(agency)
}

/// Writes an agency.
#[must_use]
pub fn agency_message(agency: &Agency, status: AgencyStatus) -> pb::Agency {
    pb::Agency {
        id: agency.id.to_string(),
        name: Some((&agency.name).into()),
        kind: pb::AgencyKind::from(agency.kind).into(),
        suspended: status == AgencyStatus::Suspended,
    }
}

/// Reads a system.
///
/// # Errors
/// `INVALID_FIELD` at `path` or below.
pub fn system(message: Option<pb::System>, path: &str) -> Result<System, Refusal> {
    let message = message.ok_or_else(|| required(path))?;
    let mut problems = Problems::default();
    let id = problems.take(parse(&message.id, &format!("{path}.id")));
    let name = problems.take(title(message.name, &format!("{path}.name")));
    let system = (|| Some(System { id: id?, name: name? }))();
    problems.finish(system)
}

/// Reads an officer: at least one role is required; a role named twice counts once.
///
/// # Errors
/// `INVALID_FIELD` at `path` or below.
pub fn officer(message: Option<pb::Officer>, path: &str) -> Result<Officer, Refusal> {
    let message = message.ok_or_else(|| required(path))?;
    let mut problems = Problems::default();
    let id = problems.take(parse(&message.id, &format!("{path}.id")));
    let roles_path = format!("{path}.roles");
    if message.roles.is_empty() {
        problems.add(roles_path.clone(), "at least one role is needed");
    }
    let roles: Option<BTreeSet<Role>> = problems.take(each(message.roles, &roles_path, role));
    let officer = (|| Some(Officer { id: id?, roles: roles? }))();
    problems.finish(officer)
}

fn kind(number: i32, path: &str) -> Result<AgencyKind, Refusal> {
    match pb::AgencyKind::try_from(number).unwrap_or_default() {
        pb::AgencyKind::Unspecified => Err(required(path)),
        pb::AgencyKind::Ministry => Ok(AgencyKind::Ministry),
        pb::AgencyKind::GovernmentAgency => Ok(AgencyKind::GovernmentAgency),
        pb::AgencyKind::Province => Ok(AgencyKind::Province),
        pb::AgencyKind::Enterprise => Ok(AgencyKind::Enterprise),
        pb::AgencyKind::Other => Ok(AgencyKind::Other),
    }
}

fn role(number: i32, path: &str) -> Result<Role, Refusal> {
    match pb::Role::try_from(number).unwrap_or_default() {
        pb::Role::Unspecified => Err(required(path)),
        pb::Role::Authority => Ok(Role::Authority),
        pb::Role::Steward => Ok(Role::Steward),
        pb::Role::Approver => Ok(Role::Approver),
        pb::Role::Operator => Ok(Role::Operator),
    }
}

impl From<AgencyKind> for pb::AgencyKind {
    fn from(kind: AgencyKind) -> Self {
        match kind {
            AgencyKind::Ministry => Self::Ministry,
            AgencyKind::GovernmentAgency => Self::GovernmentAgency,
            AgencyKind::Province => Self::Province,
            AgencyKind::Enterprise => Self::Enterprise,
            AgencyKind::Other => Self::Other,
        }
    }
}

impl From<Role> for pb::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Authority => Self::Authority,
            Role::Steward => Self::Steward,
            Role::Approver => Self::Approver,
            Role::Operator => Self::Operator,
        }
    }
}

impl From<&Title> for common::Title {
    fn from(title: &Title) -> Self {
        Self { vi: title.vi.clone(), en: title.en.clone() }
    }
}

impl From<&System> for pb::System {
    fn from(system: &System) -> Self {
        Self { id: system.id.to_string(), name: Some((&system.name).into()) }
    }
}

impl From<&Officer> for pb::Officer {
    fn from(officer: &Officer) -> Self {
        let roles = officer.roles.iter().map(|role| pb::Role::from(*role).into()).collect();
        Self { id: officer.id.to_string(), roles }
    }
}
