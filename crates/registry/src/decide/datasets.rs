//! Rules about datasets, schemas and subscriptions.

use ndxp_model::{
    AgreementId, Dataset, DatasetName, DatasetState, MAX_PARTITIONS, Pointer, PrincipalName,
    PurposeCode, SchemaVersion, SubscriptionName,
};
use ndxp_schema::{Profile, Schema};

use super::{Found, owner, titled};
use crate::{DatasetEntry, Event, Refused, StartAt, State};

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
    if !(1..=MAX_PARTITIONS).contains(&dataset.partitions) {
        return Err(Refused::invalid("dataset.partitions", format!("must be 1 to {MAX_PARTITIONS}")));
    }
    if state.datasets.contains_key(&dataset.name) {
        return Err(Refused::NameTaken { what: dataset.name.resource() });
    }
    Ok(Event::DatasetCreated { dataset: dataset.clone() })
}

pub(super) fn register_schema(
    state: &State,
    actor: &PrincipalName,
    name: &DatasetName,
    document: &str,
    schema: &Schema,
) -> Result<Found, Refused> {
    let entry = owned(state, actor, name)?;
    if let Some(same) = entry.schemas.iter().find(|known| known.hash == schema.hash()) {
        return Ok(Found::Done(same.position));
    }
    if entry.state == DatasetState::Active {
        declares_all(&entry.dataset, schema)?;
    }
    let version = u32::try_from(entry.schemas.len()).unwrap_or(u32::MAX).saturating_add(1);
    Ok(Found::Events(vec![Event::SchemaRegistered {
        dataset: name.clone(),
        version: SchemaVersion(version),
        hash: schema.hash().to_owned(),
        document: document.to_owned(),
    }]))
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

/// Parses a dataset's newest schema; it was checked when it was registered.
pub(super) fn newest_schema(entry: &DatasetEntry) -> Result<Schema, Refused> {
    let none = || Refused::Conflict(format!("{} has no schema yet", entry.dataset.name.resource()));
    let (_, schema) = entry.schema(None).ok_or_else(none)?;
    Schema::parse(schema.document.as_bytes(), &Profile::default()).map_err(|_| none())
}

fn declares_all(dataset: &Dataset, schema: &Schema) -> Result<(), Refused> {
    let lists: [(&str, &[Pointer]); 3] = [
        ("key_fields", &dataset.key_fields),
        ("filterable_fields", &dataset.filterable_fields),
        ("subject_fields", &dataset.subject_fields),
    ];
    for (list, fields) in lists {
        if let Some(missing) = fields.iter().find(|field| !schema.declares(field.as_str())) {
            let problem = format!("the schema declares no field {missing}");
            return Err(Refused::invalid(format!("dataset.{list}"), problem));
        }
    }
    Ok(())
}

fn owned<'a>(
    state: &'a State,
    actor: &PrincipalName,
    name: &DatasetName,
) -> Result<&'a DatasetEntry, Refused> {
    let entry = state.visible(&actor.agency, name);
    let entry = entry.ok_or_else(|| Refused::NotFound { what: name.resource() })?;
    owner(state, actor, &name.agency)?;
    Ok(entry)
}

/// A subscription of which purpose and agreement are still to be filled in.
pub(super) struct Begun {
    name: SubscriptionName,
    dataset: DatasetName,
    start: Vec<u64>,
}

impl Begun {
    pub(super) fn with(self, purpose: &PurposeCode, agreement: Option<&AgreementId>) -> Event {
        Event::SubscriptionCreated {
            name: self.name,
            dataset: self.dataset,
            purpose: purpose.clone(),
            agreement: agreement.cloned(),
            start: self.start,
        }
    }
}

pub(super) fn subscribe(
    state: &State,
    actor: &PrincipalName,
    name: &SubscriptionName,
    dataset: &DatasetName,
    start: &StartAt,
) -> Result<Begun, Refused> {
    if actor.as_system().is_none() || actor.agency != name.agency {
        return Err(Refused::needs(format!("a system of agencies/{}", name.agency)));
    }
    let entry = state.visible(&actor.agency, dataset);
    let entry = entry.ok_or_else(|| Refused::NotFound { what: dataset.resource() })?;
    if entry.state != DatasetState::Active {
        return Err(Refused::Conflict(format!("{} is not active", dataset.resource())));
    }
    if state.subscriptions.contains_key(name) {
        return Err(Refused::NameTaken { what: name.resource() });
    }
    let start = match start {
        StartAt::Earliest => Vec::new(),
        StartAt::Offsets(offsets) => offsets.clone(),
    };
    Ok(Begun { name: name.clone(), dataset: dataset.clone(), start })
}
