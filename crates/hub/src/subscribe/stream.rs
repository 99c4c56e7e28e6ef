//! One consumer's stream: opens, delivers while there is credit, settles, and ends with a reason.

use std::{sync::Arc, time::Duration};

use ndxp_audit::{DatasetAt, Delivered, Entry, Release};
use ndxp_delivery::{
    AckToken, Applied, DeliveryRecord, HandedRange, Limits as Bounds, Room, Stream as Machine, lane,
};
use ndxp_log::{Covered, Partition, ReadLimits, Stored};
use ndxp_model::{
    Dataset, DatasetState, Operation, PurposeCode, SubscriptionName, Timestamp, Topic,
};
use ndxp_policy::{AccessRequest, Decision, Denial, Grant};
use ndxp_proto::{
    convert,
    error::{Reason, Refusal},
    exchange::{
        self as pb, SubscribeRequest, SubscribeResponse, subscribe_request::Frame as In,
        subscribe_response::Frame as Out,
    },
};
use ndxp_registry::Subscription;
use tokio::{
    sync::{mpsc, watch},
    time::{interval, sleep, timeout},
};
use tokio_stream::{StreamExt, StreamMap, wrappers::WatchStream};
use tonic::{Code, Status, Streaming};
use tracing::{debug, info};

use super::{
    batch::{Outgoing, View},
    slots::{Turn, log_record},
    streams::Place,
};
use crate::{
    call::Call,
    core::{Core, receipt_message},
    metrics::{DeliveryLabels, KindLabels, Stage, SubscriptionLabels},
    publish::under,
    refuse::{self, Failed},
};

/// How long a client may take for its first frame.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the hub says that it is alive (api.md, section 4).
const HEARTBEAT: Duration = Duration::from_secs(25);
/// How long a peer has to take the last frame, when its right has ended.
const LAST_FRAME: Duration = Duration::from_millis(500);
/// How often what was withheld, rather than acknowledged, moves the durable cursor.
const CHECKPOINT: Duration = Duration::from_secs(5);

type Frames = mpsc::Sender<Result<SubscribeResponse, Status>>;

/// Why a stream ends.
enum End {
    /// The client closed its side, or went away.
    Closed,
    /// The right to receive has ended.
    Denied(Box<Denial>),
    /// Anything else that the status says.
    Refused(Refusal),
}

impl<E: Into<Failed>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Refused(error.into().0)
    }
}

/// A stream between its opening and its end.
struct Live {
    core: Arc<Core>,
    call: Arc<Call>,
    name: SubscriptionName,
    subscription: Subscription,
    dataset: Arc<Dataset>,
    /// The decision in force, and the registry position at which it was made.
    grant: Grant,
    decided_at: u64,
    registry: watch::Receiver<u64>,
    turn: Turn,
    machine: Machine,
    ends: StreamMap<u32, WatchStream<u64>>,
    /// The durable end of each partition, as last seen.
    known_ends: Vec<u64>,
    frames: Frames,
    idle_sent: bool,
    /// Counts among the system's open streams until it is dropped.
    _place: Place,
}

/// Opens a stream and runs it in a task of its own. The answer is the stream of frames.
pub(crate) async fn open(
    core: Arc<Core>,
    call: Arc<Call>,
    mut incoming: Streaming<SubscribeRequest>,
    frames: Frames,
) {
    let kind = KindLabels { kind: "subscribe" };
    core.metrics.streams.get_or_create(&kind).inc();
    let mut open_name = None;
    let end = match Live::open(&core, &call, &mut incoming, &frames, &mut open_name).await {
        Ok(mut live) => live.run(&mut incoming).await,
        Err(end) => end,
    };
    finish(&core, &call, end, &frames).await;
    if let Some(subscription) = open_name {
        let labels = SubscriptionLabels { subscription };
        core.metrics.lag.remove(&labels);
        core.metrics.outstanding.remove(&labels);
    }
    core.metrics.streams.get_or_create(&kind).dec();
}

/// Sends the last frame and the status. A peer that does not take them loses its connection, so that
/// what was decided earlier cannot leave later.
async fn finish(core: &Arc<Core>, call: &Arc<Call>, end: End, frames: &Frames) {
    let (last, status, cut) = match end {
        End::Closed => {
            core.record(call, Code::Ok);
            return;
        }
        End::Denied(denial) => {
            let agreement = denial.agreement.as_ref().map(convert::revision_resource);
            let suspended = pb::SubscribeSuspended {
                agreement: agreement.unwrap_or_default(),
                reason: denial.reason.as_str().to_owned(),
            };
            let status = core.refused(call, call.denied(&denial)).await;
            (Some(Out::Suspended(suspended)), status, true)
        }
        End::Refused(refusal) => {
            let drains = refusal.reason == Reason::NodeDraining;
            let draining = pb::SubscribeDraining {
                reason: refusal.reason.as_str().to_owned(),
                retry_after: refusal.reason.retry_after_ms().and_then(convert::duration),
            };
            let status = core.refused(call, refusal).await;
            (drains.then_some(Out::Draining(draining)), status, false)
        }
    };
    core.record(call, status.code());
    let mut status = status;
    core.stamp(call, status.metadata_mut());
    let sent = timeout(LAST_FRAME, async {
        if let Some(frame) = last {
            let _ = frames.send(Ok(SubscribeResponse { frame: Some(frame) })).await;
        }
        let _ = frames.send(Err(status)).await;
        // The transport drops its end once it has taken everything.
        frames.closed().await;
    });
    if sent.await.is_err() && cut {
        info!(request = call.request_id, "a peer did not take its last frame and is cut");
        call.peer.kill.kill();
    }
}

impl Live {
    async fn open(
        core: &Arc<Core>,
        call: &Arc<Call>,
        incoming: &mut Streaming<SubscribeRequest>,
        frames: &Frames,
        open_name: &mut Option<String>,
    ) -> Result<Self, End> {
        let open = first_frame(incoming).await?;
        let name = convert::subscription_name(&open.subscription, "open.subscription")?;
        call.system()?;
        let place = core.streams.open(&call.principal, core.limits.streams_per_system)?;
        let (subscription, dataset) = find(core, call, &name)?;
        let registry = core.registry.position();
        let decided_at = *registry.borrow();
        let grant = decide(core, call, &subscription).map_err(End::Denied)?;
        let mut turn = core.slots.turn(&name).await;
        let mut start = subscription.start.clone();
        start.resize(dataset.partitions as usize, 0);
        let opening = DeliveryRecord::from(turn.progress().opening(&start));
        if turn
            .write(&core.log, opening, core.now())
            .await
            .map_err(|e| Failed(refuse::append(&e)))?
            != Applied::Taken
        {
            return Err(fenced());
        }
        let bounds =
            Bounds::new(u64::from(core.limits.outstanding_records), core.limits.outstanding_bytes);
        let machine = Machine::open(turn.progress(), bounds.map_err(|e| Failed(refuse::bug(&e)))?)
            .map_err(|e| Failed(refuse::bug(&e)))?;
        let mut ends = StreamMap::new();
        let mut known_ends = Vec::new();
        for number in 0..dataset.partitions {
            let end = core.log.follow(&partition(&dataset, number))?;
            known_ends.push(*end.borrow());
            ends.insert(number, WatchStream::from_changes(end));
        }
        *open_name = Some(name.to_string());
        let live = Self {
            core: Arc::clone(core),
            call: Arc::clone(call),
            name,
            subscription,
            dataset,
            grant,
            decided_at,
            registry,
            turn,
            machine,
            ends,
            known_ends,
            frames: frames.clone(),
            idle_sent: false,
            _place: place,
        };
        live.send(Out::Ready(live.ready())).await?;
        Ok(live)
    }

    fn ready(&self) -> pb::SubscribeReady {
        pb::SubscribeReady {
            epoch: self.machine.epoch(),
            agreement: convert::revision_resource(&self.grant.agreement),
            max_outstanding_records: self.core.limits.outstanding_records,
            max_outstanding_bytes: self.core.limits.outstanding_bytes,
        }
    }

    /// Runs until there is a reason to end. Each branch of the `select!` is cancel-safe: channels,
    /// watches and timers lose nothing when they are dropped.
    async fn run(&mut self, incoming: &mut Streaming<SubscribeRequest>) -> End {
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.reset();
        let mut checkpoint = interval(CHECKPOINT);
        checkpoint.reset();
        let (fence, drain) = (self.turn.fenced.clone(), self.core.drain.clone());
        loop {
            match self.deliver().await {
                Ok(true) => {}
                Ok(false) => {
                    if let Err(end) = self.idle().await {
                        return end;
                    }
                }
                Err(end) => return end,
            }
            let busy = self.has_work();
            let turned = tokio::select! {
                biased;
                () = fence.cancelled() => return fenced(),
                () = drain.cancelled() => return draining(),
                changed = self.registry.changed() => match changed {
                    Ok(()) => self.redecide(),
                    Err(_) => return draining(),
                },
                () = until(self.core.now(), self.grant.holds_until) => self.redecide(),
                frame = incoming.next() => self.take(frame).await,
                () = std::future::ready(()), if busy => Ok(()),
                Some((number, end)) = self.ends.next() => { self.see(number, end); Ok(()) }
                _ = checkpoint.tick() => self.checkpoint().await,
                _ = heartbeat.tick() => self.send(Out::Heartbeat(pb::SubscribeHeartbeat {})).await,
            };
            if let Err(end) = turned {
                return end;
            }
        }
    }

    fn see(&mut self, number: u32, end: u64) {
        if let Some(known) = self.known_ends.get_mut(number as usize) {
            *known = end.max(*known);
        }
        self.idle_sent = false;
    }

    fn behind(&self) -> u64 {
        let nexts = self.machine.next_reads();
        let ends = nexts.map(|(n, next)| (next, self.known_ends.get(n as usize).copied()));
        ends.map(|(next, end)| end.unwrap_or_default().saturating_sub(next)).sum()
    }

    fn has_work(&self) -> bool {
        self.machine.room() != Room::NONE && self.machine.room().records > 0 && self.behind() > 0
    }

    /// Decides again on the registry as it is now.
    fn redecide(&mut self) -> Result<(), End> {
        self.decided_at = *self.registry.borrow_and_update();
        self.grant = decide(&self.core, &self.call, &self.subscription).map_err(End::Denied)?;
        Ok(())
    }

    /// Decides again if the registry moved, or time alone could change the decision.
    fn still_granted(&mut self) -> Result<(), End> {
        let moved = *self.registry.borrow() != self.decided_at;
        if moved || self.core.now() >= self.grant.holds_until { self.redecide() } else { Ok(()) }
    }

    /// Hands out one frame if there is credit and something to hand out. Returns whether there may
    /// be more.
    async fn deliver(&mut self) -> Result<bool, End> {
        if !self.has_work() {
            return Ok(self.behind() > 0);
        }
        let Some((number, from)) = self.next_partition() else { return Ok(false) };
        let room = self.machine.room();
        let frame = self.core.limits.frame_records;
        let limits = ReadLimits {
            records: frame.min(usize::try_from(room.records).unwrap_or(usize::MAX)),
            bytes: self.core.limits.frame_bytes,
        };
        let page = self.core.log.read(&partition(&self.dataset, number), from, limits).await?;
        let Some(last) = page.last() else {
            self.see(number, from);
            return Ok(false);
        };
        let last = last.offset;
        self.still_granted()?;
        let outgoing = self.project(number, &page, room)?;
        if outgoing.is_empty() {
            // Everything read was withheld, or there is no credit for the bytes of the next record.
            return Ok(self.machine.next_reads().any(|(n, next)| n == number && next > last));
        }
        self.hand_out(outgoing).await?;
        Ok(true)
    }

    /// The partition that is furthest behind.
    fn next_partition(&self) -> Option<(u32, u64)> {
        let lag = |n: u32, next: u64| {
            self.known_ends.get(n as usize).copied().unwrap_or_default().saturating_sub(next)
        };
        self.machine
            .next_reads()
            .filter(|(n, next)| lag(*n, *next) > 0)
            .max_by_key(|(n, next)| lag(*n, *next))
    }

    /// Filters and projects what was read, as far as there is room; what is withheld is passed.
    fn project(
        &mut self,
        number: u32,
        page: &[Stored],
        mut room: Room,
    ) -> Result<Vec<Outgoing>, End> {
        let _timer = self.core.metrics.stage(Stage::Project);
        let view = View {
            plan: &self.grant.plan,
            dataset: &self.dataset,
            consumer: &self.call.principal.agency,
            keys: &self.core.keys,
        };
        let mut outgoing = Vec::with_capacity(page.len());
        let mut withheld = Vec::new();
        for stored in page {
            match view.outgoing(number, stored) {
                None => withheld.push(stored.offset),
                Some(record) => {
                    let size = Room { records: 1, bytes: record.item.size };
                    if !room.holds(size) {
                        break;
                    }
                    room.records -= 1;
                    room.bytes -= record.item.size;
                    outgoing.push(record);
                }
            }
        }
        for offset in withheld {
            let skipped = self.machine.skip(number, offset..offset + 1);
            skipped.map_err(|e| Failed(refuse::bug(&e)))?;
        }
        Ok(outgoing)
    }

    /// Makes the release durable, then sends the frame, if the right still holds.
    async fn hand_out(&mut self, outgoing: Vec<Outgoing>) -> Result<(), End> {
        let items: Vec<_> = outgoing.iter().map(|record| record.item).collect();
        let out = self.machine.hand(&self.grant.agreement, &items);
        let out = out.map_err(|e| Failed(refuse::bug(&e)))?;
        let entry = self.release(&out.handed.ranges, items.len())?;
        let handed = DeliveryRecord::from(out.handed);
        let record = log_record(&handed, self.core.now());
        let covered = Covered::Handed { lane: lane(&self.name), record };
        let (receipt, _) = self.core.ledger.write(&entry, covered).await?;
        if self.turn.apply(&handed) != Applied::Taken {
            return Err(fenced());
        }
        // INVARIANT: between this decision and the transport's taking the frame nothing waits
        // without being cut: `send` gives up as soon as the registry moves.
        self.still_granted()?;
        let now = self.core.now();
        for record in &outgoing {
            let waited = now.millis().saturating_sub(record.published_at.millis()).max(0);
            self.core.metrics.delivery_latency.observe(waited as f64 / 1_000.0);
        }
        let pairs = outgoing.into_iter().zip(out.deliveries);
        let records = pairs.map(|(record, delivery)| record.deliver(delivery)).collect();
        self.count("handed", items.len() as u64);
        let receipt = Some(receipt_message(receipt, ""));
        self.send(Out::Deliver(pb::SubscribeDeliver { receipt, records })).await
    }

    fn release(&self, ranges: &[HandedRange], count: usize) -> Result<Entry, End> {
        let filtered = self.grant.plan.filters_rows();
        let delivered = |range: &HandedRange| Delivered {
            partition: range.partition,
            first: range.first,
            last: range.last,
        };
        Ok(Entry::Release(Release {
            by: self.call.principal.clone(),
            ds: DatasetAt { name: self.dataset.name.clone(), version: None },
            sub: self.name.clone(),
            under: under(&self.grant, self.subscription.purpose.clone())?,
            rng: (!filtered).then(|| ranges.iter().map(delivered).collect()),
            n: count as u64,
            again: ranges.iter().any(|range| range.attempt > 1),
        }))
    }

    /// Takes a frame of the client.
    async fn take(&mut self, frame: Option<Result<SubscribeRequest, Status>>) -> Result<(), End> {
        let Some(Ok(request)) = frame else { return Err(End::Closed) };
        match request.frame {
            Some(In::Credit(credit)) => {
                let most = self.core.limits.outstanding_bytes;
                let bytes = if credit.bytes == 0 { most } else { credit.bytes };
                self.machine.credit(u64::from(credit.records), bytes);
                Ok(())
            }
            Some(In::Settle(settle)) => self.settle(settle).await,
            Some(In::Heartbeat(_)) => Ok(()),
            Some(In::Open(_)) => Err(Refusal::field("open", "the stream is open already").into()),
            None => Err(Refusal::field("frame", "unknown kind of frame").into()),
        }
    }

    async fn settle(&mut self, settle: pb::SubscribeSettle) -> Result<(), End> {
        let mut tokens = Vec::with_capacity(settle.ack_tokens.len());
        let mut lost = Vec::new();
        for bytes in settle.ack_tokens {
            match AckToken::parse(&bytes) {
                Ok(token) => tokens.push(token),
                Err(_) => lost.push(bytes),
            }
        }
        let settled = self.machine.ack(&tokens);
        lost.extend(settled.lost.iter().map(|token| token.to_bytes().to_vec().into()));
        if let Some(cursor) = settled.cursor {
            self.write(cursor.into()).await?;
        }
        self.count("acked", settled.acked);
        let settled = u32::try_from(settled.acked).unwrap_or(u32::MAX);
        self.send(Out::SettleResult(pb::SubscribeSettleResult { lost, settled })).await
    }

    async fn checkpoint(&mut self) -> Result<(), End> {
        match self.machine.checkpoint() {
            Some(cursor) => self.write(cursor.into()).await,
            None => Ok(()),
        }
    }

    async fn write(&mut self, record: DeliveryRecord) -> Result<(), End> {
        let now = self.core.now();
        let applied = self.turn.write(&self.core.log, record, now).await;
        match applied.map_err(|e| Failed(refuse::append(&e)))? {
            Applied::Taken => Ok(()),
            _ => Err(fenced()),
        }
    }

    /// Tells the client once that there is nothing more.
    async fn idle(&mut self) -> Result<(), End> {
        if self.idle_sent || self.behind() > 0 {
            return Ok(());
        }
        self.idle_sent = true;
        self.send(Out::Idle(pb::SubscribeIdle {})).await
    }

    /// Gives the transport a frame. A peer that does not read is waited for only as long as the
    /// stream keeps its right.
    async fn send(&self, frame: Out) -> Result<(), End> {
        let _timer = self.core.metrics.stage(Stage::Write);
        let mut registry = self.registry.clone();
        loop {
            let granted_until = until(self.core.now(), self.grant.holds_until);
            tokio::select! {
                biased;
                () = self.turn.fenced.cancelled() => return Err(fenced()),
                () = self.core.drain.cancelled() => return Err(draining()),
                Ok(()) = registry.changed() => self.check()?,
                () = granted_until => self.check()?,
                permit = self.frames.reserve() => {
                    let Ok(permit) = permit else { return Err(End::Closed) };
                    permit.send(Ok(SubscribeResponse { frame: Some(frame) }));
                    self.gauge();
                    return Ok(());
                }
            }
        }
    }

    /// Ends the stream if nothing grants it any more; what waits was decided on an older state.
    fn check(&self) -> Result<(), End> {
        let grant = decide(&self.core, &self.call, &self.subscription).map_err(End::Denied)?;
        let same = grant.agreement == self.grant.agreement;
        debug!(same, "decided again while a frame waits");
        if same {
            Ok(())
        } else {
            Err(Refusal::new(
                Reason::NodeDraining,
                "the agreement was revised while a frame waited",
                "connect again",
            )
            .into())
        }
    }

    fn gauge(&self) {
        let labels = SubscriptionLabels { subscription: self.name.to_string() };
        let metrics = &self.core.metrics;
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        metrics.lag.get_or_create(&labels).set(whole(self.behind()));
        metrics.outstanding.get_or_create(&labels).set(whole(self.machine.outstanding().records));
    }

    fn count(&self, outcome: &'static str, records: u64) {
        let labels = DeliveryLabels { subscription: self.name.to_string(), outcome };
        self.core.metrics.delivered.get_or_create(&labels).inc_by(records);
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

/// Decides whether the subscription may receive now.
fn decide(core: &Core, call: &Call, subscription: &Subscription) -> Result<Grant, Box<Denial>> {
    let now = core.now();
    let decision = core.registry.read(|state| decide_subscribe(state, call, subscription, now));
    core.count_decision(&decision);
    match decision {
        Decision::Allow(grant) => Ok(grant),
        Decision::Deny(denial) => Err(Box::new(denial)),
    }
}

fn decide_subscribe(
    state: &ndxp_registry::State,
    call: &Call,
    subscription: &Subscription,
    now: Timestamp,
) -> Decision {
    let purpose: &PurposeCode = &subscription.purpose;
    let asked = AccessRequest {
        consumer: &call.principal.agency,
        dataset: &subscription.dataset,
        operation: Operation::Subscribe,
        purpose,
        agreement: subscription.agreement.as_ref(),
        provider_active: state.is_active(&subscription.dataset.agency),
        consumer_active: state.is_active(&call.principal.agency),
    };
    ndxp_policy::decide(state.in_force(), &asked, now)
}

fn partition(dataset: &Dataset, number: u32) -> Partition {
    Partition { topic: Topic::Data(dataset.name.clone()), number }
}

fn fenced() -> End {
    End::Refused(Refusal::new(
        Reason::StreamFenced,
        "a newer stream of this subscription was opened",
        "run one stream a subscription",
    ))
}

fn draining() -> End {
    End::Refused(Refusal::new(
        Reason::NodeDraining,
        "this node is shutting down",
        "connect again after the delay; nothing is lost",
    ))
}

/// Waits until an instant of the hub's clock.
async fn until(now: Timestamp, instant: Timestamp) {
    let wait = u64::try_from(instant.millis().saturating_sub(now.millis())).unwrap_or(0);
    // A longer timer is not needed: it is set again at every turn, and tokio's have a limit.
    sleep(Duration::from_millis(wait.min(86_400_000))).await;
}
