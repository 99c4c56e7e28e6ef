//! `SubscribeService`: hands out records.

use ndxp_log::Partition;
use ndxp_model::{AgencyId, DatasetName, Operation, SubscriptionName, Topic};
use ndxp_proto::{
    convert,
    exchange::{self as pb, subscribe_service_server::SubscribeService},
};
use ndxp_registry::{Command, StartAt, Subscription};
use tonic::{Request, Response, Status, Streaming};

use super::{Services, cut};
use crate::{
    core::Core,
    decide::Asked,
    refuse,
    subscribe::{self, Frames, Outbox},
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
            let (purpose, agreement) = convert::access(wanted.access, "subscription.access")?;
            let asked = Asked {
                dataset: &dataset,
                operation: Operation::Subscribe,
                purpose: &purpose,
                agreement: agreement.as_ref(),
            };
            subscribe::may(&core, &call, asked)?;
            let start = start_at(&core, &dataset, start);
            let created = name.clone();
            let command =
                Command::CreateSubscription { name: created, dataset, purpose, agreement, start };
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

    type SubscribeStream = Frames;

    async fn subscribe(
        &self,
        request: Request<Streaming<pb::SubscribeRequest>>,
    ) -> Result<Response<Frames>, Status> {
        let call = self.begin(&request, "Subscribe")?;
        let (outbox, frames) = Outbox::new(&call.request_id);
        let mut response = Response::new(frames);
        self.0.stamp(&call, response.metadata_mut());
        tokio::spawn(subscribe::open(self.0.clone(), call, request.into_inner(), outbox));
        Ok(response)
    }
}

fn start_at(core: &Core, dataset: &DatasetName, start: pb::StartPosition) -> StartAt {
    match start {
        pb::StartPosition::Unspecified | pb::StartPosition::Earliest => StartAt::Earliest,
        pb::StartPosition::Latest => StartAt::Offsets(ends(core, dataset)),
    }
}

/// The durable ends of a dataset's partitions. One that is not active has none, and the command
/// refuses it.
fn ends(core: &Core, dataset: &DatasetName) -> Vec<u64> {
    let partitions = core
        .registry
        .read(|state| state.datasets.get(dataset).map_or(0, |entry| entry.dataset.partitions));
    let at = |number| Partition { topic: Topic::Data(dataset.clone()), number };
    (0..partitions).map(|n| core.log.follow(&at(n)).map_or(0, |end| *end.borrow())).collect()
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
    }
}
