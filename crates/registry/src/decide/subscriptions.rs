//! Rules about subscriptions.

use ndxp_model::{
    AgreementId, Category, DatasetName, DatasetState, DeliveryOptions, DeliveryOrder,
    PrincipalName, PurposeCode, SubscriptionName,
};

use super::owner;
use crate::{DatasetEntry, Event, Refused, StartAt, State, Subscription};

/// What a subscription was asked to be.
pub(super) struct Asked<'a> {
    pub(super) name: &'a SubscriptionName,
    pub(super) dataset: &'a DatasetName,
    pub(super) purpose: &'a PurposeCode,
    pub(super) agreement: Option<&'a AgreementId>,
    pub(super) start: &'a StartAt,
    pub(super) options: &'a DeliveryOptions,
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
    deliverable(entry.dataset.category, asked.options)?;
    if state.subscriptions.contains_key(name) || state.deleted_subscriptions.contains(name) {
        return Err(Refused::NameTaken { what: name.resource() });
    }
    Ok(Event::SubscriptionCreated {
        name: (*name).clone(),
        dataset: (*dataset).clone(),
        purpose: asked.purpose.clone(),
        agreement: asked.agreement.cloned(),
        start: offsets(entry, asked.start)?,
        options: *asked.options,
    })
}

pub(super) fn update(
    state: &State,
    actor: &PrincipalName,
    name: &SubscriptionName,
    options: &DeliveryOptions,
) -> Result<Event, Refused> {
    let subscription = owned(state, actor, name)?;
    if let Some(entry) = state.datasets.get(&subscription.dataset) {
        deliverable(entry.dataset.category, options)?;
    }
    Ok(Event::SubscriptionUpdated { name: name.clone(), options: *options })
}

pub(super) fn delete(
    state: &State,
    actor: &PrincipalName,
    name: &SubscriptionName,
) -> Result<Event, Refused> {
    owned(state, actor, name)?;
    Ok(Event::SubscriptionDeleted { name: name.clone() })
}

/// A subscription of the caller's agency. To others it is not there.
fn owned<'a>(
    state: &'a State,
    actor: &PrincipalName,
    name: &SubscriptionName,
) -> Result<&'a Subscription, Refused> {
    let found = state.subscriptions.get(name).filter(|_| actor.agency == name.agency);
    let found = found.ok_or_else(|| Refused::NotFound { what: name.resource() })?;
    owner(state, actor, &name.agency)?;
    Ok(found)
}

fn deliverable(category: Category, options: &DeliveryOptions) -> Result<(), Refused> {
    if let Some((name, range)) = options.problem() {
        let (least, most) = range.into_inner();
        let problem = format!("must be {least} to {most} (milliseconds for a duration)");
        return Err(Refused::invalid(format!("options.{name}"), problem));
    }
    // A retry that comes after a newer record of its key would put an old state over a new one.
    if category.is_state() && options.order == Some(DeliveryOrder::None) {
        let problem = "a dataset of state is delivered by key, or copies of it would diverge";
        return Err(Refused::invalid("options.order", problem));
    }
    Ok(())
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
