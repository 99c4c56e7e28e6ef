//! Opening a stream: the first frame, the subscription, the right, the turn.

use std::{sync::Arc, time::Duration};

use ndxp_audit::DatasetAt;
use ndxp_delivery::{Applied, DeliveryRecord, Limits as Bounds, Options, Order, Stream as Machine};
use ndxp_log::Partition;
use ndxp_model::{Dataset, DatasetState, SubscriptionName, Topic};
use ndxp_proto::{
    convert,
    error::Refusal,
    exchange::{
        self as pb, SubscribeRequest, subscribe_request::Frame as In,
        subscribe_response::Frame as Out,
    },
};
use ndxp_registry::Subscription;
use tokio::time::timeout;
use tokio_stream::{StreamExt, StreamMap, wrappers::WatchStream};
use tonic::Streaming;

use super::{
    end::{End, finish},
    live::Live,
    outbox::Outbox,
    right::Right,
    slots::Turn,
};
use crate::{
    call::Call,
    core::Core,
    metrics::KindLabels,
    refuse::{self, Failed},
};

/// How long a client may take for its first frame.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a stream, runs it, and ends it. Spawned in a task of its own.
pub(crate) async fn open(
    core: Arc<Core>,
    call: Arc<Call>,
    mut incoming: Streaming<SubscribeRequest>,
    outbox: Outbox,
) {
    let kind = KindLabels { kind: "subscribe" };
    core.metrics.streams.get_or_create(&kind).inc();
    match opened(&core, &call, &mut incoming).await {
        Err(end) => finish(&core, &call, end, outbox, &mut incoming, None).await,
        Ok(mut live) => {
            let ready = Out::Ready(ready(&live));
            let end = match live.send(ready, &outbox).await {
                Ok(()) => live.run(&mut incoming, &outbox).await,
                Err(end) => end,
            };
            let (right, _place) = live.retire();
            finish(&core, &call, end, outbox, &mut incoming, Some(right)).await;
        }
    }
    core.metrics.streams.get_or_create(&kind).dec();
}

async fn opened(
    core: &Arc<Core>,
    call: &Arc<Call>,
    incoming: &mut Streaming<SubscribeRequest>,
) -> Result<Live, End> {
    let open = first_frame(incoming).await?;
    let name = convert::subscription_name(&open.subscription, "open.subscription")?;
    call.system()?;
    let place = core.streams.open(&call.principal, core.limits.streams_per_system)?;
    let (subscription, dataset) = find(core, call, &name)?;
    let start = subscription.start.clone();
    let right = Right::open(core, call, subscription)?;
    let mut turn = core.slots.turn(&core.log, &name).await?;
    let machine = machine(core, &mut turn, start, &dataset, &right).await?;
    let mut ends = StreamMap::new();
    let mut known_ends = Vec::new();
    for number in 0..dataset.partitions {
        let end = core.log.follow(&partition(&dataset, number))?;
        known_ends.push(*end.borrow());
        ends.insert(number, WatchStream::from_changes(end));
    }
    let (core, call) = (Arc::clone(core), Arc::clone(call));
    let (starved, idle_sent) = (false, false);
    Ok(Live {
        core,
        call,
        name,
        dataset,
        right,
        turn,
        machine,
        ends,
        known_ends,
        starved,
        idle_sent,
        place,
    })
}

/// Makes the opening durable: it fences every earlier stream, and what that one may have sent is
/// known from here on.
async fn machine(
    core: &Core,
    turn: &mut Turn,
    mut start: Vec<u64>,
    dataset: &Dataset,
    right: &Right,
) -> Result<Machine, End> {
    start.resize(dataset.partitions as usize, 0);
    let view = right.grant().agreement.clone();
    let opening = DeliveryRecord::from(turn.progress().opening(&start, view));
    let applied = turn.write(&core.log, opening, core.now()).await;
    if applied.map_err(|e| Failed(refuse::append(&e)))? != Applied::Taken {
        return Err(End::fenced());
    }
    let bug = |cause: &(dyn std::error::Error + 'static)| Failed(refuse::bug(cause));
    let (records, bytes) = (core.limits.outstanding_records, core.limits.outstanding_bytes);
    let bounds = Bounds::new(u64::from(records), bytes).map_err(|e| bug(&e))?;
    let options = Options { order: Order::None, limits: bounds, ..Options::default() };
    let opening = Machine::open(turn.progress(), options, core.delivery_now());
    let opening = opening.map_err(|e| bug(&e))?;
    for record in opening.change.append {
        let applied = turn.write(&core.log, record, core.now()).await;
        if applied.map_err(|e| Failed(refuse::append(&e)))? != Applied::Taken {
            return Err(End::fenced());
        }
    }
    Ok(opening.stream)
}

fn ready(live: &Live) -> pb::SubscribeReady {
    pb::SubscribeReady {
        epoch: live.machine.epoch(),
        agreement: convert::revision_resource(&live.right.grant().agreement),
        max_outstanding_records: live.core.limits.outstanding_records,
        max_outstanding_bytes: live.core.limits.outstanding_bytes,
        ..pb::SubscribeReady::default()
    }
}

async fn first_frame(incoming: &mut Streaming<SubscribeRequest>) -> Result<pb::SubscribeOpen, End> {
    match timeout(OPEN_TIMEOUT, incoming.next()).await {
        Ok(Some(Ok(SubscribeRequest { frame: Some(In::Open(open)) }))) => Ok(open),
        Ok(None | Some(Err(_))) => Err(End::Closed),
        Ok(Some(Ok(_))) => Err(Refusal::field("open", "must be the first frame").into()),
        Err(_) => Err(Refusal::field("open", "did not come within ten seconds").into()),
    }
}

/// Finds a subscription of the caller's agency and its dataset.
fn find(
    core: &Core,
    call: &Call,
    name: &SubscriptionName,
) -> Result<(Subscription, Arc<Dataset>), End> {
    let found = core.registry.read(|state| {
        let subscription = state.subscriptions.get(name)?.clone();
        let entry = state.datasets.get(&subscription.dataset)?;
        (entry.state == DatasetState::Active).then(|| (subscription, Arc::clone(&entry.dataset)))
    });
    let own = found.filter(|_| call.principal.agency == name.agency);
    let (subscription, dataset) = own.ok_or_else(|| refuse::not_found(&name.resource()))?;
    call.is_about(|about| {
        about.dataset = Some(DatasetAt { name: dataset.name.clone(), version: None });
        about.purpose = Some(subscription.purpose.clone());
    });
    Ok((subscription, dataset))
}

/// A partition of a dataset.
pub(super) fn partition(dataset: &Dataset, number: u32) -> Partition {
    Partition { topic: Topic::Data(dataset.name.clone()), number }
}
