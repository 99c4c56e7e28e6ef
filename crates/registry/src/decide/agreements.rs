//! Rules about agreements: who proposes, approves, suspends, lifts and ends.

use ndxp_model::{AgencyId, AgreementId, AgreementRef, PrincipalName, Role, Terms, Timestamp};
use sha2::{Digest, Sha256};

use super::{datasets::newest_schema, is_authority};
use crate::{AgreementEntry, AgreementStatus, DatasetEntry, Event, Refused, Revision, State};

pub(super) fn propose(
    state: &State,
    actor: &PrincipalName,
    terms: &Terms,
    now: Timestamp,
) -> Result<Event, Refused> {
    let party = [&terms.provider, &terms.consumer].contains(&&actor.agency);
    if !party || !state.has_role(actor, Role::Steward) {
        return Err(Refused::needs("an officer with role steward of the provider or the consumer"));
    }
    if let Some(problem) = terms.problems().first() {
        return Err(Refused::invalid(format!("terms.{}", problem.field()), problem));
    }
    if terms.valid.not_after <= now {
        return Err(Refused::invalid("terms.not_after", "lies in the past"));
    }
    for agency in [&terms.provider, &terms.consumer] {
        if !state.agencies.contains_key(agency) {
            return Err(Refused::NotFound { what: format!("agencies/{agency}") });
        }
    }
    let unseen = || Refused::NotFound { what: terms.dataset.resource() };
    grantable(state.visible(&actor.agency, &terms.dataset).ok_or_else(unseen)?, terms)?;
    let revision = next_revision(state, terms)?;
    Ok(Event::AgreementProposed { revision, terms: terms.clone(), terms_hash: hash(terms) })
}

/// The fields that the document names exist, and the filter's field is declared filterable.
fn grantable(entry: &DatasetEntry, terms: &Terms) -> Result<(), Refused> {
    let schema = newest_schema(entry)?;
    for (index, field) in terms.fields.iter().enumerate() {
        if !schema.declares(field.path.as_str()) {
            let path = format!("terms.fields[{index}].path");
            return Err(Refused::invalid(path, format!("the schema declares no field {}", field.path)));
        }
    }
    match &terms.rows {
        Some(rows) if !entry.dataset.filterable_fields.contains(&rows.field) => Err(
            Refused::invalid("terms.rows.field", "the dataset does not declare this field filterable"),
        ),
        _ => Ok(()),
    }
}

fn next_revision(state: &State, terms: &Terms) -> Result<u32, Refused> {
    let Some(entry) = state.agreements.get(&terms.id) else { return Ok(1) };
    let newest = entry.newest().map(|revision| &revision.terms);
    let same = newest.is_some_and(|known| {
        (&known.provider, &known.consumer, &known.dataset)
            == (&terms.provider, &terms.consumer, &terms.dataset)
    });
    if !same {
        return Err(Refused::NameTaken { what: format!("agreements/{}", terms.id) });
    }
    if entry.status == AgreementStatus::Terminated {
        return Err(Refused::Conflict(format!("agreements/{} has ended", terms.id)));
    }
    if entry.proposed.is_some() {
        let text = format!("a revision of agreements/{} waits for approval", terms.id);
        return Err(Refused::Conflict(text));
    }
    Ok(u32::try_from(entry.revisions.len()).unwrap_or(u32::MAX).saturating_add(1))
}

fn hash(terms: &Terms) -> String {
    hex::encode(Sha256::digest(serde_json_canonicalizer::to_vec(terms).unwrap_or_default()))
}

pub(super) fn approve(
    state: &State,
    actor: &PrincipalName,
    reference: &AgreementRef,
    terms_hash: &str,
) -> Result<Vec<Event>, Refused> {
    let entry = party_to(state, actor, &reference.id)?;
    if !state.has_role(actor, Role::Approver) {
        return Err(Refused::needs("an officer with role approver of a party"));
    }
    let open = entry.proposed == Some(reference.revision);
    let revision = entry.revision(reference.revision).filter(|_| open);
    let Some(revision) = revision else {
        return Err(Refused::Conflict(format!("agreements/{reference} does not wait for approval")));
    };
    if entry.status == AgreementStatus::Terminated {
        return Err(Refused::Conflict(format!("agreements/{} has ended", reference.id)));
    }
    if revision.terms_hash != terms_hash {
        return Err(Refused::invalid("terms_hash", "is not the hash of the proposed revision"));
    }
    let approved = Event::AgreementApproved { revision: reference.clone(), officer: actor.clone() };
    Ok(if counts(actor, revision)? {
        vec![approved, Event::AgreementInForce { revision: reference.clone() }]
    } else {
        vec![approved]
    })
}

/// Says whether this approval completes both sides. Nobody approves twice or her own proposal.
fn counts(actor: &PrincipalName, revision: &Revision) -> Result<bool, Refused> {
    if revision.proposed_by.as_ref() == Some(actor) {
        return Err(Refused::needs("another officer: nobody approves her own proposal"));
    }
    let approved = |agency: &AgencyId| revision.approvals.iter().any(|a| a.officer.agency == *agency);
    if approved(&actor.agency) {
        return Err(Refused::Conflict("the caller's side has approved already".into()));
    }
    let terms = &revision.terms;
    let other = if actor.agency == terms.provider { &terms.consumer } else { &terms.provider };
    Ok(approved(other))
}

pub(super) fn suspend(
    state: &State,
    actor: &PrincipalName,
    id: &AgreementId,
) -> Result<Event, Refused> {
    let entry = concerned(state, actor, id)?;
    if entry.status != AgreementStatus::Open {
        return Err(Refused::Conflict(format!("agreements/{id} is suspended or has ended")));
    }
    Ok(Event::AgreementSuspended { agreement: id.clone(), by: actor.agency.clone() })
}

pub(super) fn resume(
    state: &State,
    actor: &PrincipalName,
    id: &AgreementId,
) -> Result<Event, Refused> {
    let entry = concerned(state, actor, id)?;
    match &entry.status {
        AgreementStatus::Suspended(by) if *by == actor.agency => {
            Ok(Event::AgreementResumed { agreement: id.clone() })
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
    if !entry.is_party(&actor.agency) {
        return Err(Refused::needs("an officer of a party"));
    }
    if entry.status == AgreementStatus::Terminated {
        return Err(Refused::Conflict(format!("agreements/{id} has ended already")));
    }
    Ok(Event::AgreementTerminated { agreement: id.clone() })
}

fn party_to<'a>(
    state: &'a State,
    actor: &PrincipalName,
    id: &AgreementId,
) -> Result<&'a AgreementEntry, Refused> {
    let entry = state.agreements.get(id).filter(|entry| entry.is_party(&actor.agency));
    entry.ok_or_else(|| Refused::NotFound { what: format!("agreements/{id}") })
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
    let may = [Role::Steward, Role::Approver].into_iter().any(|role| state.has_role(actor, role));
    if may { Ok(entry) } else { Err(Refused::needs("an officer with role steward or approver of a party")) }
}
