//! Rules about how an agreement stands: who suspends, lifts and ends.

use ndxp_model::{AgreementId, PrincipalName, Role};

use super::{agreements::party_to, is_authority};
use crate::{AgreementEntry, AgreementStatus, Event, Refused, State};

pub(super) fn suspend(
    state: &State,
    actor: &PrincipalName,
    id: &AgreementId,
) -> Result<Event, Refused> {
    let entry = concerned(state, actor, id)?;
    match &entry.status {
        AgreementStatus::Suspended(imposed) if imposed.contains(&actor.agency) => {
            Err(Refused::Conflict(format!("agreements/{id} is suspended by the caller's agency")))
        }
        AgreementStatus::Terminated => Err(Refused::Conflict(format!("agreements/{id} has ended"))),
        AgreementStatus::Open | AgreementStatus::Suspended(_) => {
            Ok(Event::AgreementSuspended { agreement: id.clone(), by: actor.agency.clone() })
        }
    }
}

pub(super) fn resume(
    state: &State,
    actor: &PrincipalName,
    id: &AgreementId,
) -> Result<Event, Refused> {
    let entry = concerned(state, actor, id)?;
    match &entry.status {
        AgreementStatus::Suspended(imposed) if imposed.contains(&actor.agency) => {
            Ok(Event::AgreementResumed { agreement: id.clone(), by: actor.agency.clone() })
        }
        AgreementStatus::Suspended(_) => {
            Err(Refused::needs("an officer of the agency that imposed the suspension"))
        }
        AgreementStatus::Open | AgreementStatus::Terminated => {
            Err(Refused::Conflict(format!("agreements/{id} is not suspended")))
        }
    }
}

pub(super) fn terminate(
    state: &State,
    actor: &PrincipalName,
    id: &AgreementId,
) -> Result<Event, Refused> {
    let entry = concerned(state, actor, id)?;
    if !entry.is_party(&actor.agency) || !speaks(state, actor) {
        return Err(Refused::needs(SPEAKER));
    }
    if entry.status == AgreementStatus::Terminated {
        return Err(Refused::Conflict(format!("agreements/{id} has ended already")));
    }
    Ok(Event::AgreementTerminated { agreement: id.clone() })
}

/// A steward or approver of a party, or the authority.
fn concerned<'a>(
    state: &'a State,
    actor: &PrincipalName,
    id: &AgreementId,
) -> Result<&'a AgreementEntry, Refused> {
    if is_authority(state, actor) {
        let entry = state.agreements.get(id);
        return entry.ok_or_else(|| Refused::NotFound { what: format!("agreements/{id}") });
    }
    let entry = party_to(state, actor, id)?;
    if speaks(state, actor) { Ok(entry) } else { Err(Refused::needs(SPEAKER)) }
}

const SPEAKER: &str = "an officer with role steward or approver of a party";

fn speaks(state: &State, actor: &PrincipalName) -> bool {
    [Role::Steward, Role::Approver].into_iter().any(|role| state.has_role(actor, role))
}
