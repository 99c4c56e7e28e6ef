//! Rules about subscriptions.

use ndxp_model::{
    AgreementId, DatasetName, DatasetState, PrincipalName, PurposeCode, SubscriptionName,
};

use crate::{DatasetEntry, Event, Refused, StartAt, State};

/// What a subscription was asked to be.
pub(super) struct Asked<'a> {
    pub(super) name: &'a SubscriptionName,
    pub(super) dataset: &'a DatasetName,
    pub(super) purpose: &'a PurposeCode,
    pub(super) agreement: Option<&'a AgreementId>,
    pub(super) start: &'a StartAt,
}

pub(super) fn create(
    state: &State,
    actor: &PrincipalName,
    asked: &Asked<'_>,
) -> Result<Event, Refused> {
    let Asked { name, dataset, .. } = asked;
    if actor.as_system().is_none() || actor.agency != name.agency {
        return Err(Refused::needs(format!("a system of agencies/{}", name.agency)));
    }
    let entry = state.visible(&actor.agency, dataset);
    let entry = entry.ok_or_else(|| Refused::NotFound { what: dataset.resource() })?;
    if entry.state != DatasetState::Active {
        return Err(Refused::Conflict(format!("{} is not active", dataset.resource())));
    }
    if let Some(id) = asked.agreement {
        received_under(state, name, dataset, id)?;
    }
    if state.subscriptions.contains_key(name) {
        return Err(Refused::NameTaken { what: name.resource() });
    }
    Ok(Event::SubscriptionCreated {
        name: (*name).clone(),
        dataset: (*dataset).clone(),
        purpose: asked.purpose.clone(),
        agreement: asked.agreement.cloned(),
        start: offsets(entry, asked.start)?,
    })
}

/// The agreement that was picked is the subscriber's, about this dataset. Others are not his to see.
fn received_under(
    state: &State,
    name: &SubscriptionName,
    dataset: &DatasetName,
    id: &AgreementId,
) -> Result<(), Refused> {
    let terms = state.agreements.get(id).and_then(|entry| Some(&entry.newest()?.terms));
    match terms {
        Some(terms) if terms.consumer == name.agency && terms.dataset == *dataset => Ok(()),
        _ => Err(Refused::NotFound { what: format!("agreements/{id}") }),
    }
}

fn offsets(entry: &DatasetEntry, start: &StartAt) -> Result<Vec<u64>, Refused> {
    match start {
        StartAt::Earliest => Ok(Vec::new()),
        StartAt::Offsets(offsets)
            if u32::try_from(offsets.len()) == Ok(entry.dataset.partitions) =>
        {
            Ok(offsets.clone())
        }
        StartAt::Offsets(_) => Err(Refused::invalid("start", "needs one offset a partition")),
    }
}
