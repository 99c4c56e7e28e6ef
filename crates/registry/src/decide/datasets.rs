//! Rules about datasets.

use std::collections::BTreeSet;

use ndxp_model::{
    Dataset, DatasetName, DatasetState, MAX_PARTITIONS, Pointer, PrincipalName, Retention,
};
use ndxp_schema::{Profile, Schema};

use super::{limits, owner, titled};
use crate::{DatasetEntry, Event, Refused, State};

pub(super) fn create(
    state: &State,
    actor: &PrincipalName,
    dataset: &Dataset,
) -> Result<Event, Refused> {
    owner(state, actor, &dataset.name.agency)?;
    titled("dataset.title", &dataset.title)?;
    if dataset.key_fields.is_empty() {
        return Err(Refused::invalid("dataset.key_fields", "at least one field is needed"));
    }
    well_named(dataset)?;
    if !(1..=MAX_PARTITIONS).contains(&dataset.partitions) {
        return Err(Refused::invalid(
            "dataset.partitions",
            format!("must be 1 to {MAX_PARTITIONS}"),
        ));
    }
    retained(dataset)?;
    if state.datasets.contains_key(&dataset.name) {
        return Err(Refused::NameTaken { what: dataset.name.resource() });
    }
    Ok(Event::DatasetCreated { dataset: dataset.clone() })
}

/// Events are kept as long as their owner says, but not for less than a repeat is recognised.
fn retained(dataset: &Dataset) -> Result<(), Refused> {
    let Some(retention) = dataset.retention else { return Ok(()) };
    if dataset.category.is_state() {
        let problem = "a dataset of state keeps the newest record of each key";
        return Err(Refused::invalid("dataset.retention", problem));
    }
    if retention.max_age_s.is_some_and(|age| age < Retention::MIN_AGE_S) {
        let problem = format!("must be at least {} seconds", Retention::MIN_AGE_S);
        return Err(Refused::invalid("dataset.retention.max_age", problem));
    }
    if retention.max_bytes.is_some_and(|bytes| bytes < Retention::MIN_BYTES) {
        let problem = format!("must be at least {} bytes", Retention::MIN_BYTES);
        return Err(Refused::invalid("dataset.retention.max_bytes", problem));
    }
    Ok(())
}

/// Lists are short and name each field once; a key and a filter need one value, so no `*`.
fn well_named(dataset: &Dataset) -> Result<(), Refused> {
    for (list, fields) in lists(dataset) {
        let path = format!("dataset.{list}");
        limits::within(&path, fields.len(), limits::FIELDS_OF_DATASET)?;
        let mut seen = BTreeSet::new();
        if !fields.iter().all(|field| seen.insert(field)) {
            return Err(Refused::invalid(path, "names a field twice"));
        }
        let one_value = list != "subject_fields";
        if one_value && fields.iter().any(|field| field.tokens().any(|token| token == "*")) {
            return Err(Refused::invalid(path, "names one value a record: '*' stands for many"));
        }
    }
    Ok(())
}

fn lists(dataset: &Dataset) -> [(&'static str, &[Pointer]); 3] {
    [
        ("key_fields", &dataset.key_fields),
        ("filterable_fields", &dataset.filterable_fields),
        ("subject_fields", &dataset.subject_fields),
    ]
}

pub(super) fn activate(
    state: &State,
    actor: &PrincipalName,
    name: &DatasetName,
) -> Result<Event, Refused> {
    let entry = owned(state, actor, name)?;
    if entry.state == DatasetState::Active {
        return Err(Refused::Conflict(format!("{} is active already", name.resource())));
    }
    let schema = newest_schema(entry)?;
    declares_all(&entry.dataset, &schema)?;
    Ok(Event::DatasetActivated { dataset: name.clone() })
}

/// Parses a dataset's newest schema; it was checked when it was registered, by the hub's national profile.
pub(super) fn newest_schema(entry: &DatasetEntry) -> Result<Schema, Refused> {
    let none = || Refused::Conflict(format!("{} has no schema yet", entry.dataset.name.resource()));
    let (_, schema) = entry.schema(None).ok_or_else(none)?;
    Schema::parse(schema.document.as_bytes(), &Profile::for_reading()).map_err(|_| none())
}

pub(super) fn declares_all(dataset: &Dataset, schema: &Schema) -> Result<(), Refused> {
    for (list, fields) in lists(dataset) {
        if let Some(missing) = fields.iter().find(|field| !schema.declares(field.as_str())) {
            let problem = format!("the schema declares no field {missing}");
            return Err(Refused::invalid(format!("dataset.{list}"), problem));
        }
    }
    Ok(())
}

pub(super) fn owned<'a>(
    state: &'a State,
    actor: &PrincipalName,
    name: &DatasetName,
) -> Result<&'a DatasetEntry, Refused> {
    let entry = state.visible(&actor.agency, name);
    let entry = entry.ok_or_else(|| Refused::NotFound { what: name.resource() })?;
    owner(state, actor, &name.agency)?;
    Ok(entry)
}
