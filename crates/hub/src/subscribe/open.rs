//! Opening a stream: the first frame, the subscription, the right, the turn.

use std::{sync::Arc, time::Duration};

use ndxp_audit::DatasetAt;
use ndxp_delivery::{Applied, DeliveryRecord, Progress, Stream as Machine};
use ndxp_log::Partition;
use ndxp_model::{
    AgreementRef, Dataset, DatasetState, Keep, OnExpired, SubscriptionName, Timestamp, Topic,
};
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
    judge::Judge,
    live::Live,
    options,
    outbox::Outbox,
    right::Right,
    seek::{expired, first_positions, sealer},
    slots::{Turn, Why},
};
use crate::{
    call::Call,
    core::Core,
    metrics::KindLabels,
    readers::Projector,
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
    match opened(&core, &call, &mut incoming, &outbox).await {
        Err(end) => finish(&core, &call, end, outbox, &mut incoming, None).await,
        Ok(mut live) => {
            let ready = Out::Ready(ready(&live));
            let end = match live.send(ready, &outbox).await {
                Ok(()) => live.run(&mut incoming, &outbox).await,
                Err(end) => end,
            };
            let (right, _place) = live.retire(&end).await;
            finish(&core, &call, end, outbox, &mut incoming, Some(right)).await;
        }
    }
    core.metrics.streams.get_or_create(&kind).dec();
}

async fn opened(
    core: &Arc<Core>,
    call: &Arc<Call>,
    incoming: &mut Streaming<SubscribeRequest>,
    outbox: &Outbox,
) -> Result<Live, End> {
    let open = first_frame(incoming).await?;
    let name = convert::subscription_name(&open.subscription, "open.subscription")?;
    call.system()?;
    let place = core.streams.open(&call.principal, core.limits.streams_per_system)?;
    let (subscription, dataset) = find(core, call, &name)?;
    core.know(&dataset).await?;
    let mut right = Right::open(core, call, name.clone(), subscription)?;
    let mut turn = core.slots.turn(&core.log, &name, Why::Stream).await?;
    // It may have been deleted while this waited.
    right.check()?;
    turn.streams();
    let view = right.grant().agreement.clone();
    let was_away = was_away(core, &turn, &dataset).await?;
    if was_away && right.subscription().options.on_expired == OnExpired::Fail {
        // Before anything is written, or it would not be away any more.
        return Err(expired(core, &name, &dataset).await?.into());
    }
    let opened = open_machine(core, &turn, right.subscription(), &dataset, view).await;
    let (machine, reached) = opened?;
    let (plan, progress) = (&right.grant().plan, machine.progress());
    let kept = turn.kept();
    let judge = Judge::open(core, &dataset, plan, progress, reached, kept).await?;
    let mut ends = StreamMap::new();
    let mut known_ends = Vec::new();
    for number in 0..dataset.partitions {
        let end = core.log.follow(&partition(&dataset, number))?;
        known_ends.push(*end.borrow());
        ends.insert(number, WatchStream::from_changes(end));
    }
    let sealer = sealer(core, &name)?;
    let mut live = Live {
        sealer,
        core: Arc::clone(core),
        call: Arc::clone(call),
        name,
        projector: Projector::new(&dataset, Arc::clone(&right.grant().plan)),
        pseudonyms: core.keys.of(&call.principal.agency, &dataset.name),
        right,
        dataset,
        turn,
        machine,
        judge,
        ends,
        known_ends: known_ends.clone(),
        taken: outbox.taken(),
        told_taken: 0,
        wake_ms: None,
        idle_sent: false,
        paused: None,
        paused_told_ms: None,
        broken: false,
        was_away,
        place,
    };
    for (number, end) in (0..).zip(known_ends) {
        live.see(number, end)?;
    }
    live.refuse_expired().await?;
    Ok(live)
}

/// Makes the opening durable: it fences every earlier stream, and what that one may have sent is
/// known from here on.
pub(super) async fn open_machine(
    core: &Core,
    turn: &Turn,
    subscription: &Subscription,
    dataset: &Dataset,
    view: AgreementRef,
) -> Result<(Machine, Vec<u64>), End> {
    let start = first_positions(core, &subscription.start, dataset).await?;
    let opening = DeliveryRecord::from(turn.look(|progress| progress.opening(&start, view)));
    let applied = turn.write(&core.log, opening, core.now()).await;
    if applied.map_err(Failed::from)? != Applied::Taken {
        return Err(End::fenced());
    }
    let bug = |cause: &(dyn std::error::Error + 'static)| Failed(refuse::bug(cause));
    let options = options::of(&subscription.options, dataset.category);
    let options = options.map_err(|e| bug(&e))?;
    let now = core.delivery_now();
    let opening = turn.look(|progress| Machine::open(progress, options, now));
    let opening = opening.map_err(|e| bug(&e))?;
    let reached = opening.change.append.iter().find_map(|record| match record {
        DeliveryRecord::Base(base) => Some(base.reached.clone()),
        _ => None,
    });
    let applied = turn.write_all(&core.log, opening.change, core.now()).await;
    if applied.map_err(Failed::from)? != Applied::Taken {
        return Err(End::fenced());
    }
    Ok((opening.stream, reached.unwrap_or_default()))
}

fn ready(live: &Live) -> pb::SubscribeReady {
    let options = &live.right.subscription().options;
    pb::SubscribeReady {
        epoch: live.machine.epoch(),
        agreement: convert::revision_resource(&live.right.grant().agreement),
        max_outstanding_records: options.max_outstanding_records,
        max_outstanding_bytes: options.max_outstanding_bytes,
        lease: convert::duration(options.lease_ms),
        order: pb::DeliveryOrder::from(options::order(options, live.dataset.category)).into(),
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

/// Says whether a consumer was away for longer than a log of state keeps what is replaced, and has
/// missed something as old as that: then nobody can tell what of its copy is gone.
async fn was_away(core: &Core, turn: &Turn, dataset: &Dataset) -> Result<bool, Failed> {
    let lag = i64::try_from(Keep::STATE_LAG_MS).unwrap_or(i64::MAX);
    let kept_since = Timestamp::from_millis(core.now().millis().saturating_sub(lag));
    if !dataset.category.is_state() || turn.active_at().is_none_or(|at| at >= kept_since) {
        return Ok(false);
    }
    for (number, position) in (0..).zip(turn.look(Progress::positions)) {
        if position < core.log.offset_at(&partition(dataset, number), kept_since).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Finds a subscription of the caller's agency and its dataset.
pub(super) fn find(
    core: &Core,
    call: &Call,
    name: &SubscriptionName,
) -> Result<(Subscription, Arc<Dataset>), Failed> {
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
