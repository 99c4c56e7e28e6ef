//! Rules about agencies, systems and officers.

use ndxp_model::{Agency, AgencyId, AgencyStatus, Officer, PrincipalName, System};

use super::{authority_or_steward, is_authority, limits, titled};
use crate::{AgencyEntry, Event, Refused, State};

pub(super) fn create(
    state: &State,
    actor: &PrincipalName,
    agency: &Agency,
) -> Result<Event, Refused> {
    authority(state, actor)?;
    titled("agency.name", &agency.name)?;
    if state.agencies.contains_key(&agency.id) {
        return Err(Refused::NameTaken { what: format!("agencies/{}", agency.id) });
    }
    Ok(Event::AgencyCreated { agency: agency.clone() })
}

pub(super) fn suspend(
    state: &State,
    actor: &PrincipalName,
    id: &AgencyId,
) -> Result<Event, Refused> {
    authority(state, actor)?;
    if actor.agency == *id {
        return Err(Refused::Conflict("an agency cannot suspend itself".into()));
    }
    in_status(state, id, AgencyStatus::Active, "is suspended already")?;
    Ok(Event::AgencySuspended { agency: id.clone() })
}

pub(super) fn resume(
    state: &State,
    actor: &PrincipalName,
    id: &AgencyId,
) -> Result<Event, Refused> {
    authority(state, actor)?;
    in_status(state, id, AgencyStatus::Suspended, "is not suspended")?;
    Ok(Event::AgencyResumed { agency: id.clone() })
}

pub(super) fn create_system(
    state: &State,
    actor: &PrincipalName,
    id: &AgencyId,
    system: &System,
) -> Result<Event, Refused> {
    authority_or_steward(state, actor, id)?;
    titled("system.name", &system.name)?;
    let systems = &known(state, id)?.systems;
    if systems.contains_key(&system.id) {
        return Err(Refused::NameTaken { what: format!("agencies/{id}/systems/{}", system.id) });
    }
    limits::has_room(systems.len(), limits::SYSTEMS, "systems")?;
    Ok(Event::SystemCreated { agency: id.clone(), system: system.clone() })
}

pub(super) fn create_officer(
    state: &State,
    actor: &PrincipalName,
    id: &AgencyId,
    officer: &Officer,
) -> Result<Event, Refused> {
    authority_or_steward(state, actor, id)?;
    if officer.roles.is_empty() {
        return Err(Refused::invalid("officer.roles", "at least one role is needed"));
    }
    // Whoever could appoint an authority would be one.
    let raises = officer
        .roles
        .iter()
        .any(|role| matches!(role, ndxp_model::Role::Authority | ndxp_model::Role::Operator));
    if raises {
        authority(state, actor)?;
    }
    let officers = &known(state, id)?.officers;
    if officers.contains_key(&officer.id) {
        return Err(Refused::NameTaken { what: format!("agencies/{id}/officers/{}", officer.id) });
    }
    limits::has_room(officers.len(), limits::OFFICERS, "officers")?;
    Ok(Event::OfficerCreated { agency: id.clone(), officer: officer.clone() })
}

fn authority(state: &State, actor: &PrincipalName) -> Result<(), Refused> {
    if is_authority(state, actor) {
        return Ok(());
    }
    Err(Refused::needs("an officer with role authority"))
}

fn known<'a>(state: &'a State, id: &AgencyId) -> Result<&'a AgencyEntry, Refused> {
    state.agencies.get(id).ok_or_else(|| Refused::NotFound { what: format!("agencies/{id}") })
}

fn in_status(
    state: &State,
    id: &AgencyId,
    status: AgencyStatus,
    otherwise: &str,
) -> Result<(), Refused> {
    if known(state, id)?.status == status {
        return Ok(());
    }
    Err(Refused::Conflict(format!("agencies/{id} {otherwise}")))
}
