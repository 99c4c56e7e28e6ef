//! Rules about schemas: what may follow what, and who answers for it.

use std::collections::BTreeSet;

use ndxp_model::{
    Compatibility, DatasetName, DatasetState, PrincipalName, Role, SchemaVersion, Timestamp,
};
use ndxp_schema::Schema;

use super::{
    Found,
    code_lists::knows_states,
    datasets::{declares_all, newest_schema, owned},
    limits,
};
use crate::{Change, Compared, DatasetEntry, Event, Evidence, Refused, State, Verdict};

/// What is to be registered.
pub(super) struct Candidate<'a> {
    pub(super) dataset: &'a DatasetName,
    pub(super) document: &'a str,
    pub(super) schema: &'a Schema,
    pub(super) evidence: &'a Evidence,
}

pub(super) fn register(
    state: &State,
    actor: &PrincipalName,
    asked: &Candidate<'_>,
    now: Timestamp,
) -> Result<Found, Refused> {
    let entry = owned(state, actor, asked.dataset)?;
    let schema = asked.schema;
    if let Some((_, same)) = entry.same(schema.hash()) {
        return Ok(Found::Done(same.position));
    }
    let unclassified = schema.unclassified();
    if !unclassified.is_empty() {
        return Err(Refused::Unclassified(unclassified));
    }
    if entry.state == DatasetState::Active {
        declares_all(&entry.dataset, schema)?;
    }
    knows_states(state, schema)?;
    keeps_agreed_fields(state, asked, now)?;
    keeps_until_sunset(entry, schema, now)?;
    follows(entry, actor, asked)?;
    limits::has_room(entry.schemas.len(), limits::SCHEMAS, "schemas")?;
    let version = u32::try_from(entry.schemas.len()).unwrap_or(u32::MAX).saturating_add(1);
    Ok(Found::Events(vec![Event::SchemaRegistered {
        dataset: asked.dataset.clone(),
        version: SchemaVersion(version),
        hash: schema.hash().to_owned(),
        document: asked.document.to_owned(),
        mode: entry.bound_from.is_some().then_some(entry.compatibility),
    }]))
}

/// What an agreement names stays, whatever the comparison says of records: else the agreement would promise nothing.
fn keeps_agreed_fields(
    state: &State,
    asked: &Candidate<'_>,
    now: Timestamp,
) -> Result<(), Refused> {
    let mut places = Vec::new();
    for (reference, terms) in state.live_terms(asked.dataset, now) {
        let rows = terms.rows.iter().map(|rows| &rows.field);
        let named = terms.fields.iter().map(|grant| &grant.path).chain(rows);
        let gone = named.filter(|path| !asked.schema.declares(path.as_str()));
        places.extend(gone.map(|path| Change {
            pointer: path.to_string(),
            message: format!(
                "agreements/{reference} with {} names this field: keep it, or agree on a revision without it first",
                terms.consumer
            ),
        }));
    }
    if places.is_empty() {
        return Ok(());
    }
    Err(Refused::Breaking { with: "agreements in force or proposed".to_owned(), places })
}

/// A field whose end is announced stays until that day (UTC), whatever the comparison says of records: readers plan by it.
fn keeps_until_sunset(
    entry: &DatasetEntry,
    schema: &Schema,
    now: Timestamp,
) -> Result<(), Refused> {
    if entry.state != DatasetState::Active {
        return Ok(());
    }
    let announced = newest_schema(entry)?.sunsets().into_iter();
    let early = announced.filter(|(place, date)| {
        let day = format!("{date}T00:00:00Z").parse::<Timestamp>();
        day.is_ok_and(|day| now < day) && !schema.declares(place)
    });
    let places: Vec<Change> = early
        .map(|(pointer, date)| Change {
            message: format!("x-ndxp-sunset says that this field is kept until {date}"),
            pointer,
        })
        .collect();
    if places.is_empty() {
        return Ok(());
    }
    Err(Refused::Breaking { with: "what was announced".to_owned(), places })
}

/// The evidence is about this very state, and lets the schema follow.
fn follows(
    entry: &DatasetEntry,
    actor: &PrincipalName,
    asked: &Candidate<'_>,
) -> Result<(), Refused> {
    let evidence = asked.evidence;
    fresh(entry, asked.schema.hash(), evidence)?;
    unbroken(entry, evidence)?;
    let open = found(entry, evidence, Verdict::Undecided);
    let Some((version, newest)) = open.last() else { return Ok(()) };
    let word = entry.overrides.get(asked.schema.hash());
    let answered = word.filter(|word| {
        word.mode == evidence.mode && open.iter().all(|(_, one)| word.against.contains(&one.hash))
    });
    let Some(word) = answered else {
        let places = newest.places.clone();
        return Err(Refused::Undecided { with: named(*version, newest), places });
    };
    if actor.as_officer().is_none() || *actor == word.officer {
        return Err(Refused::needs(
            "another officer than the one who overrode the comparison: two answer for it",
        ));
    }
    Ok(())
}

fn fresh(entry: &DatasetEntry, hash: &str, evidence: &Evidence) -> Result<(), Refused> {
    let made_on = evidence.compared.iter().map(|one| &one.hash);
    let same = evidence.schema == hash
        && evidence.mode == entry.compatibility
        && made_on.eq(entry.binding().map(|(_, schema)| &schema.hash));
    if same { Ok(()) } else { Err(Refused::StaleEvidence) }
}

fn unbroken(entry: &DatasetEntry, evidence: &Evidence) -> Result<(), Refused> {
    let broken = found(entry, evidence, Verdict::Breaking);
    let Some((version, one)) = broken.last() else { return Ok(()) };
    Err(Refused::Breaking { with: named(*version, one), places: one.places.clone() })
}

/// The earlier schemas of a verdict with their versions, oldest first.
fn found<'a>(
    entry: &DatasetEntry,
    evidence: &'a Evidence,
    verdict: Verdict,
) -> Vec<(SchemaVersion, &'a Compared)> {
    let versions = entry.binding().map(|(version, _)| version);
    versions.zip(&evidence.compared).filter(|(_, one)| one.verdict == verdict).collect()
}

fn named(version: SchemaVersion, one: &Compared) -> String {
    format!("schema {} ({})", version.0, one.hash)
}

pub(super) fn set_compatibility(
    state: &State,
    actor: &PrincipalName,
    name: &DatasetName,
    mode: Compatibility,
) -> Result<Event, Refused> {
    let entry = owned(state, actor, name)?;
    if !state.has_role(actor, Role::Steward) {
        return Err(Refused::needs(format!("a steward of agencies/{}", name.agency)));
    }
    if entry.compatibility == mode {
        let text = format!("{} is {} already", name.resource(), mode.as_str());
        return Err(Refused::Conflict(text));
    }
    Ok(Event::CompatibilityChanged { dataset: name.clone(), mode })
}

pub(super) fn override_comparison(
    state: &State,
    actor: &PrincipalName,
    name: &DatasetName,
    reason: &str,
    evidence: &Evidence,
) -> Result<Event, Refused> {
    let entry = owner_entry(state, actor, name)?;
    if !(1..=limits::REASON_BYTES).contains(&reason.trim().len()) {
        let problem = format!("must be 1 to {} bytes of text", limits::REASON_BYTES);
        return Err(Refused::invalid("reason", problem));
    }
    fresh(entry, &evidence.schema, evidence)?;
    unbroken(entry, evidence)?;
    let open = found(entry, evidence, Verdict::Undecided);
    let against: BTreeSet<String> = open.iter().map(|(_, one)| one.hash.clone()).collect();
    if against.is_empty() {
        let text = "the comparison was decided, so there is nothing to override: register it";
        return Err(Refused::Conflict(text.to_owned()));
    }
    Ok(Event::ComparisonOverridden {
        dataset: name.clone(),
        schema: evidence.schema.clone(),
        against: against.into_iter().collect(),
        mode: evidence.mode,
        reason: reason.trim().to_owned(),
        officer: actor.clone(),
    })
}

/// An approver of the owner answers for it: who registers is a steward or a second approver's word away.
pub(super) fn owner_entry<'a>(
    state: &'a State,
    actor: &PrincipalName,
    name: &DatasetName,
) -> Result<&'a DatasetEntry, Refused> {
    let entry = state.visible(&actor.agency, name);
    let entry = entry.ok_or_else(|| Refused::NotFound { what: name.resource() })?;
    if actor.agency != name.agency || !state.has_role(actor, Role::Approver) {
        let needed = format!("an officer with role approver of agencies/{}", name.agency);
        return Err(Refused::needs(needed));
    }
    Ok(entry)
}
