//! `SubscribeService`: hands out records.

use std::sync::Arc;

use ndxp_log::Partition;
use ndxp_model::{
    AgencyId, DatasetName, DatasetState, Operation, SubscriptionName, Timestamp, Topic,
};
use ndxp_proto::{
    convert,
    error::Refusal,
    exchange::{self as pb, seek_subscription_request, subscribe_service_server::SubscribeService},
};
use ndxp_registry::{Command, StartAt, Subscription};
use tonic::{Request, Response, Status, Streaming};

use super::{Services, cut};
use crate::{
    call::Call,
    core::Core,
    decide::Asked,
    refuse::{self, Failed},
    subscribe::{self, Frames, Outbox, seek::To},
};

#[tonic::async_trait]
impl SubscribeService for Services {
    async fn create_subscription(
        &self,
        request: Request<pb::CreateSubscriptionRequest>,
    ) -> Result<Response<pb::CreateSubscriptionResponse>, Status> {
        self.serve(request, "CreateSubscription", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let wanted = request.subscription.unwrap_or_default();
            let start = wanted.start();
            let name = convert::subscription_name(&wanted.name, "subscription.name")?;
            let dataset = convert::dataset_name(&wanted.dataset, "subscription.dataset")?;
            let time = convert::optional_instant(wanted.start_time, "subscription.start_time")?;
            let (purpose, agreement) = convert::access(wanted.access, "subscription.access")?;
            let options = convert::delivery_options(wanted.options, "subscription.options")?;
            let asked = Asked {
                dataset: &dataset,
                operation: Operation::Subscribe,
                purpose: &purpose,
                agreement: agreement.as_ref(),
            };
            subscribe::may(&core, &call, asked)?;
            let start = start_at(&core, &dataset, start, time).await?;
            forget_older(&core, &call, &name).await?;
            let created = name.clone();
            let command = Command::CreateSubscription {
                name: created,
                dataset,
                purpose,
                agreement,
                start,
                options,
            };
            let receipt = core.change(&call, id, command).await?;
            let subscription = core
                .registry
                .read(|state| state.subscriptions.get(&name).map(|found| message(&name, found)));
            Ok(pb::CreateSubscriptionResponse { subscription, receipt: Some(receipt) })
        })
        .await
    }

    async fn get_subscription(
        &self,
        request: Request<pb::GetSubscriptionRequest>,
    ) -> Result<Response<pb::GetSubscriptionResponse>, Status> {
        self.serve(request, "GetSubscription", |core, call, request| async move {
            let name = convert::subscription_name(&request.name, "name")?;
            let own = name.agency == call.principal.agency;
            let found = core.registry.read(|state| {
                state.subscriptions.get(&name).filter(|_| own).map(|found| message(&name, found))
            });
            let subscription = found.ok_or_else(|| refuse::not_found(&request.name))?;
            let connected = core.slots.is_connected(&name);
            Ok(pb::GetSubscriptionResponse { subscription: Some(subscription), connected })
        })
        .await
    }

    async fn list_subscriptions(
        &self,
        request: Request<pb::ListSubscriptionsRequest>,
    ) -> Result<Response<pb::ListSubscriptionsResponse>, Status> {
        self.serve(request, "ListSubscriptions", |core, call, request| async move {
            let page = convert::page(request.page_size, &request.page_token)?;
            let own = &call.principal.agency;
            let parent = Some(request.parent.as_str()).filter(|parent| !parent.is_empty());
            let parent: Option<AgencyId> =
                parent.map(|name| convert::agency_name(name, "parent")).transpose()?;
            if parent.is_some_and(|parent| parent != *own) {
                return Err(refuse::not_found(&request.parent).into());
            }
            let (subscriptions, next_page_token) = core.registry.read(|state| {
                let mine = state.subscriptions.iter().filter(|(name, _)| name.agency == *own);
                cut(
                    &page,
                    mine.map(|(name, found)| (name.subscription.to_string(), message(name, found))),
                )
            });
            Ok(pb::ListSubscriptionsResponse { subscriptions, next_page_token })
        })
        .await
    }

    async fn update_subscription(
        &self,
        request: Request<pb::UpdateSubscriptionRequest>,
    ) -> Result<Response<pb::UpdateSubscriptionResponse>, Status> {
        self.serve(request, "UpdateSubscription", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let name = convert::subscription_name(&request.name, "name")?;
            let options = convert::delivery_options(request.options, "options")?;
            let command = Command::UpdateSubscription { name: name.clone(), options };
            let receipt = core.change(&call, id, command).await?;
            let subscription = core
                .registry
                .read(|state| state.subscriptions.get(&name).map(|found| message(&name, found)));
            Ok(pb::UpdateSubscriptionResponse { subscription, receipt: Some(receipt) })
        })
        .await
    }

    async fn delete_subscription(
        &self,
        request: Request<pb::DeleteSubscriptionRequest>,
    ) -> Result<Response<pb::DeleteSubscriptionResponse>, Status> {
        self.serve(request, "DeleteSubscription", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let name = convert::subscription_name(&request.name, "name")?;
            let command = Command::DeleteSubscription(name.clone());
            let receipt = core.change(&call, id, command).await?;
            core.slots.forget(&core.log, &name, core.now()).await?;
            Ok(pb::DeleteSubscriptionResponse { receipt: Some(receipt) })
        })
        .await
    }

    async fn seek_subscription(
        &self,
        request: Request<pb::SeekSubscriptionRequest>,
    ) -> Result<Response<pb::SeekSubscriptionResponse>, Status> {
        self.serve(request, "SeekSubscription", |core, call, request| async move {
            convert::request_id(&request.request_id)?;
            let name = convert::subscription_name(&request.name, "name")?;
            let to = seek_to(request.to)?;
            subscribe::seek::seek(&core, &call, &name, to, request.dry_run).await
        })
        .await
    }

    async fn get_subscription_status(
        &self,
        request: Request<pb::GetSubscriptionStatusRequest>,
    ) -> Result<Response<pb::GetSubscriptionStatusResponse>, Status> {
        self.serve(request, "GetSubscriptionStatus", |core, call, request| async move {
            let name = convert::subscription_name(&request.name, "name")?;
            subscribe::seek::status(&core, &call, &name).await
        })
        .await
    }

    type SubscribeStream = Frames;

    async fn subscribe(
        &self,
        request: Request<Streaming<pb::SubscribeRequest>>,
    ) -> Result<Response<Frames>, Status> {
        let call = self.begin(&request, "Subscribe")?;
        let (outbox, frames) = Outbox::new(&call.request_id);
        let mut response = Response::new(frames);
        self.0.stamp(&call.request_id, response.metadata_mut());
        tokio::spawn(subscribe::open(self.0.clone(), call, request.into_inner(), outbox));
        Ok(response)
    }
}

/// Forgets what a deletion that was not finished has left of a subscription of this name.
async fn forget_older(core: &Core, call: &Call, name: &SubscriptionName) -> Result<(), Failed> {
    let own = name.agency == call.principal.agency;
    let is_new = core.registry.read(|state| !state.subscriptions.contains_key(name));
    if own && is_new && core.slots.look(name, |progress| progress.epoch() > 0)? == Some(true) {
        core.slots.forget(&core.log, name, core.now()).await?;
    }
    Ok(())
}

fn seek_to(to: Option<seek_subscription_request::To>) -> Result<To, Refusal> {
    use seek_subscription_request::To as Asked;
    match to {
        None => Err(Refusal::field("to", "is required")),
        Some(Asked::Cursor(cursor)) => Ok(To::Cursor(cursor)),
        Some(Asked::Time(time)) => Ok(To::Time(convert::instant(Some(time), "time")?)),
        Some(Asked::Position(position)) => match pb::StartPosition::try_from(position) {
            Ok(pb::StartPosition::Earliest) => Ok(To::Earliest),
            Ok(pb::StartPosition::Latest) => Ok(To::Latest),
            _ => Err(Refusal::field("position", "must be EARLIEST or LATEST")),
        },
    }
}

async fn start_at(
    core: &Core,
    dataset: &DatasetName,
    start: pb::StartPosition,
    time: Option<Timestamp>,
) -> Result<StartAt, Failed> {
    let path = "subscription.start_time";
    let active = core.registry.read(|state| {
        let entry = state.datasets.get(dataset)?;
        (entry.state == DatasetState::Active).then(|| Arc::clone(&entry.dataset))
    });
    if let Some(dataset) = active {
        core.know(&dataset).await?;
    }
    match (start, time) {
        (pb::StartPosition::Time, Some(time)) => {
            Ok(StartAt::Offsets(offsets_at(core, dataset, time).await?))
        }
        (pb::StartPosition::Time, None) => {
            Err(Refusal::field(path, "is required for START_POSITION_TIME").into())
        }
        (_, Some(_)) => Err(Refusal::field(path, "is for START_POSITION_TIME only").into()),
        (pb::StartPosition::Unspecified | pb::StartPosition::Earliest, None) => {
            Ok(StartAt::Earliest)
        }
        (pb::StartPosition::Latest, None) => Ok(StartAt::Offsets(ends(core, dataset))),
    }
}

async fn offsets_at(
    core: &Core,
    dataset: &DatasetName,
    time: Timestamp,
) -> Result<Vec<u64>, Failed> {
    let mut offsets = Vec::new();
    for at in partitions(core, dataset) {
        offsets.push(core.log.offset_at(&at, time).await?);
    }
    Ok(offsets)
}

/// The durable ends of a dataset's partitions. One that is not active has none, and the command
/// refuses it.
fn ends(core: &Core, dataset: &DatasetName) -> Vec<u64> {
    let end = |at: Partition| core.log.follow(&at).map_or(0, |end| *end.borrow());
    partitions(core, dataset).map(end).collect()
}

fn partitions(core: &Core, dataset: &DatasetName) -> impl Iterator<Item = Partition> {
    let count = core
        .registry
        .read(|state| state.datasets.get(dataset).map_or(0, |entry| entry.dataset.partitions));
    let topic = Topic::Data(dataset.clone());
    (0..count).map(move |number| Partition { topic: topic.clone(), number })
}

fn message(name: &SubscriptionName, found: &Subscription) -> pb::Subscription {
    let start = if found.start.is_empty() {
        pb::StartPosition::Earliest
    } else {
        pb::StartPosition::Latest
    };
    pb::Subscription {
        name: name.resource(),
        dataset: found.dataset.resource(),
        access: Some(convert::access_message(&found.purpose, found.agreement.as_ref())),
        start: start.into(),
        start_time: None,
        options: Some(convert::delivery_options_message(&found.options)),
    }
}
