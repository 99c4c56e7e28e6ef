//! Commands become events, or a refusal. Nothing is changed here.

mod agencies;
mod agreements;
mod code_lists;
mod datasets;
mod limits;
mod schemas;
mod standing;
mod subscriptions;

use ndxp_model::{AgencyId, PrincipalName, Role, Timestamp};

use crate::{Command, Event, Refused, RegistryRecord, Request, State, format};

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// This record is to be appended.
    Append(RegistryRecord),
    /// It was done before: at this registry position.
    Done {
        /// The position of the record that did it.
        position: u64,
    },
}

/// What a rule found: events to write, or the position at which it was done before.
enum Found {
    Events(Vec<Event>),
    Done(u64),
}

/// Decides a request on a state. `now` is limited from below by the state's time, so that a
/// record's time never goes back.
///
/// # Errors
/// [`Refused`], with nothing written.
pub fn decide(state: &State, request: &Request, now: Timestamp) -> Result<Outcome, Refused> {
    let body = request.body_hash();
    if !state.knows(&request.actor) {
        return Err(Refused::UnknownActor);
    }
    if !state.is_active(&request.actor.agency) {
        return Err(Refused::AgencySuspended);
    }
    let t = now.max(state.time);
    if let Some(seen) = state.remembered(&request.id, t) {
        let done = Outcome::Done { position: seen.position };
        return if seen.body == body { Ok(done) } else { Err(Refused::RequestIdReused) };
    }
    match found(state, request, t)? {
        Found::Done(position) => Ok(Outcome::Done { position }),
        Found::Events(events) => {
            format::check(state.format, &events)?;
            Ok(Outcome::Append(RegistryRecord {
                // What all nodes read, not what this one could write.
                v: state.format,
                base: state.count,
                t,
                request_id: request.id,
                body,
                actor: Some(request.actor.clone()),
                command: request.command.name().to_owned(),
                events,
            }))
        }
    }
}

fn found(state: &State, request: &Request, now: Timestamp) -> Result<Found, Refused> {
    let actor = &request.actor;
    let one = |event: Result<Event, Refused>| event.map(|event| Found::Events(vec![event]));
    match &request.command {
        Command::CreateAgency(agency) => one(agencies::create(state, actor, agency)),
        Command::SuspendAgency(id) => one(agencies::suspend(state, actor, id)),
        Command::ResumeAgency(id) => one(agencies::resume(state, actor, id)),
        Command::CreateSystem(id, system) => one(agencies::create_system(state, actor, id, system)),
        Command::CreateOfficer(id, officer) => {
            one(agencies::create_officer(state, actor, id, officer))
        }
        Command::CreateDataset(dataset) => one(datasets::create(state, actor, dataset)),
        Command::RegisterSchema { dataset, document, schema, evidence } => {
            let asked = schemas::Candidate { dataset, document, schema, evidence };
            schemas::register(state, actor, &asked, now)
        }
        Command::SetCompatibility { dataset, mode } => {
            one(schemas::set_compatibility(state, actor, dataset, *mode))
        }
        Command::OverrideComparison { dataset, schema: _, reason, evidence } => {
            one(schemas::override_comparison(state, actor, dataset, reason, evidence))
        }
        Command::PinCodeList { dataset, sha256, found } => {
            code_lists::pin(state, actor, dataset, sha256, found)
        }
        Command::ActivateDataset(name) => one(datasets::activate(state, actor, name)),
        Command::CreateSubscription { name, dataset, purpose, agreement, start, options } => {
            let agreement = agreement.as_ref();
            let asked = subscriptions::Asked { name, dataset, purpose, agreement, start, options };
            one(subscriptions::create(state, actor, &asked))
        }
        Command::UpdateSubscription { name, options } => {
            one(subscriptions::update(state, actor, name, options))
        }
        Command::DeleteSubscription(name) => one(subscriptions::delete(state, actor, name)),
        Command::ProposeAgreement(terms) => one(agreements::propose(state, actor, terms, now)),
        Command::ApproveAgreement { revision, terms_hash } => {
            agreements::approve(state, actor, revision, terms_hash, now).map(Found::Events)
        }
        Command::SuspendAgreement(id) => one(standing::suspend(state, actor, id)),
        Command::ResumeAgreement(id) => one(standing::resume(state, actor, id)),
        Command::TerminateAgreement(id) => one(standing::terminate(state, actor, id)),
    }
}

fn is_authority(state: &State, actor: &PrincipalName) -> bool {
    state.has_role(actor, Role::Authority)
}

/// The authority, or a steward of the agency.
fn authority_or_steward(
    state: &State,
    actor: &PrincipalName,
    of: &AgencyId,
) -> Result<(), Refused> {
    let steward = actor.agency == *of && state.has_role(actor, Role::Steward);
    if is_authority(state, actor) || steward {
        return Ok(());
    }
    Err(Refused::needs(format!(
        "an officer with role authority, or with role steward of agencies/{of}"
    )))
}

/// A system of the agency, or one of its stewards.
fn owner(state: &State, actor: &PrincipalName, of: &AgencyId) -> Result<(), Refused> {
    let may = actor.as_officer().is_none() || state.has_role(actor, Role::Steward);
    if actor.agency == *of && may {
        return Ok(());
    }
    Err(Refused::needs(format!("a system or a steward of agencies/{of}")))
}

fn titled(path: &str, title: &ndxp_model::Title) -> Result<(), Refused> {
    for (member, text) in [("vi", &title.vi), ("en", &title.en)] {
        if text.trim().is_empty() || text.len() > 500 {
            let path = format!("{path}.{member}");
            return Err(Refused::invalid(path, "must be 1 to 500 bytes of text"));
        }
    }
    Ok(())
}
