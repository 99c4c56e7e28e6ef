//! Rules about revisions of agreements: who proposes and who approves.

use ndxp_model::{AgencyId, AgreementId, AgreementRef, PrincipalName, Role, Terms, Timestamp};

use super::{datasets::newest_schema, limits};
use crate::{
    AgreementEntry, AgreementStatus, DatasetEntry, Event, Refused, Revision, State,
    canonical::canonical_hash,
};

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
    bounded(terms)?;
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
    let terms_hash = canonical_hash(terms);
    Ok(Event::AgreementProposed { revision, terms: terms.clone(), terms_hash })
}

fn bounded(terms: &Terms) -> Result<(), Refused> {
    limits::within("terms.fields", terms.fields.len(), limits::FIELDS_OF_AGREEMENT)?;
    limits::within("terms.purposes", terms.purposes.len(), limits::PURPOSES)?;
    let text = terms.rows.as_ref().map_or(0, |rows| rows.equals.len());
    limits::within("terms.rows.equals", text, limits::FILTER_BYTES)
}

/// The fields that the document names exist, and the filter's field is declared filterable.
fn grantable(entry: &DatasetEntry, terms: &Terms) -> Result<(), Refused> {
    let schema = newest_schema(entry)?;
    for (index, field) in terms.fields.iter().enumerate() {
        if !schema.declares(field.path.as_str()) {
            let path = format!("terms.fields[{index}].path");
            return Err(Refused::invalid(
                path,
                format!("the schema declares no field {}", field.path),
            ));
        }
    }
    match &terms.rows {
        Some(rows) if !entry.dataset.filterable_fields.contains(&rows.field) => {
            Err(Refused::invalid(
                "terms.rows.field",
                "the dataset does not declare this field filterable",
            ))
        }
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
    limits::has_room(entry.revisions.len(), limits::REVISIONS, "revisions")?;
    Ok(u32::try_from(entry.revisions.len()).unwrap_or(u32::MAX).saturating_add(1))
}

pub(super) fn approve(
    state: &State,
    actor: &PrincipalName,
    reference: &AgreementRef,
    terms_hash: &str,
    now: Timestamp,
) -> Result<Vec<Event>, Refused> {
    let entry = party_to(state, actor, &reference.id)?;
    if !state.has_role(actor, Role::Approver) {
        return Err(Refused::needs("an officer with role approver of a party"));
    }
    let revision = waiting(entry, reference)?;
    if revision.terms_hash != terms_hash {
        return Err(Refused::invalid("terms_hash", "is not the hash of the proposed revision"));
    }
    // In force, it would end the revision before and put nothing in its place.
    if revision.terms.valid.not_after <= now {
        return Err(Refused::Conflict(format!("agreements/{reference} has expired")));
    }
    let approved = Event::AgreementApproved { revision: reference.clone(), officer: actor.clone() };
    Ok(if counts(actor, revision)? {
        vec![approved, Event::AgreementInForce { revision: reference.clone() }]
    } else {
        vec![approved]
    })
}

fn waiting<'a>(
    entry: &'a AgreementEntry,
    reference: &AgreementRef,
) -> Result<&'a Revision, Refused> {
    if entry.status == AgreementStatus::Terminated {
        return Err(Refused::Conflict(format!("agreements/{} has ended", reference.id)));
    }
    let open = entry.proposed == Some(reference.revision);
    let revision = entry.revision(reference.revision).filter(|_| open);
    let none = || Refused::Conflict(format!("agreements/{reference} does not wait for approval"));
    revision.ok_or_else(none)
}

/// Says whether this approval completes both sides. Nobody approves twice or her own proposal.
fn counts(actor: &PrincipalName, revision: &Revision) -> Result<bool, Refused> {
    if revision.proposed_by.as_ref() == Some(actor) {
        return Err(Refused::needs("another officer: nobody approves her own proposal"));
    }
    let approved =
        |agency: &AgencyId| revision.approvals.iter().any(|a| a.officer.agency == *agency);
    if approved(&actor.agency) {
        return Err(Refused::Conflict("the caller's side has approved already".into()));
    }
    let terms = &revision.terms;
    let other = if actor.agency == terms.provider { &terms.consumer } else { &terms.provider };
    Ok(approved(other))
}

/// An agreement of the actor's agency. Others are not its to see.
pub(super) fn party_to<'a>(
    state: &'a State,
    actor: &PrincipalName,
    id: &AgreementId,
) -> Result<&'a AgreementEntry, Refused> {
    let entry = state.agreements.get(id).filter(|entry| entry.is_party(&actor.agency));
    entry.ok_or_else(|| Refused::NotFound { what: format!("agreements/{id}") })
}
