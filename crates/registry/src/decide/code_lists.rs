//! Rules about code lists: who puts which state in force, and what a schema may name.

use ndxp_model::{Category, Classification, DatasetName, DatasetState, PrincipalName};
use ndxp_schema::Schema;

use super::{Found, limits, schemas::owner_entry};
use crate::{DatasetEntry, Event, Refused, State};

pub(super) fn pin(
    state: &State,
    actor: &PrincipalName,
    name: &DatasetName,
    sha256: &str,
    found: &str,
) -> Result<Found, Refused> {
    may_be_a_list(owner_entry(state, actor, name)?)?;
    if let Some(pin) = state.code_list(name).filter(|pin| pin.sha256 == sha256) {
        return Ok(Found::Done(pin.position));
    }
    if found != sha256 {
        let text = format!("the rows of {} are {found} now, not {sha256}", name.resource());
        return Err(Refused::Conflict(text));
    }
    let pins = state.code_lists.get(name).map_or(0, Vec::len);
    limits::has_room(pins, limits::PINS, "pins")?;
    Ok(Found::Events(vec![Event::CodeListPinned {
        dataset: name.clone(),
        sha256: sha256.to_owned(),
        officer: actor.clone(),
    }]))
}

/// Everybody who judges records receives the rows, so nobody's secrets are among them.
fn may_be_a_list(entry: &DatasetEntry) -> Result<(), Refused> {
    let dataset = &entry.dataset;
    let problem = if entry.state != DatasetState::Active {
        "is not active"
    } else if dataset.category != Category::Reference {
        "is not of category REFERENCE"
    } else if dataset.classification > Classification::Internal {
        "is neither public nor internal, and everybody receives the rows of a code list"
    } else {
        return Ok(());
    };
    Err(Refused::Conflict(format!("{} {problem}", dataset.name.resource())))
}

/// A state that a schema names was in force once: one that comes later would change the schema's verdicts silently.
pub(super) fn knows_states(state: &State, schema: &Schema) -> Result<(), Refused> {
    let named =
        schema.code_lists().into_iter().filter_map(|list| Some((list.dataset, list.sha256?)));
    for (dataset, sha256) in named {
        let pins = dataset.parse::<DatasetName>().ok().and_then(|name| state.code_lists.get(&name));
        if !pins.is_some_and(|pins| pins.iter().any(|pin| pin.sha256 == sha256)) {
            let problem =
                format!("x-ndxp-codelist names {dataset}@{sha256}, which was never pinned");
            return Err(Refused::invalid("document", problem));
        }
    }
    Ok(())
}
