//! One consumer's open stream: delivers while there is credit, settles, until there is a reason to
//! end. What it hands out stands in [`super::deliver`], what it is told in [`super::take`].

use std::{sync::Arc, time::Duration};

use ndxp_delivery::{Applied, Change, Pause, Stream as Machine};
use ndxp_model::{Dataset, SubscriptionName};
use ndxp_proto::exchange::{self as pb, SubscribeRequest, subscribe_response::Frame as Out};
use tokio::{
    sync::watch,
    time::{interval, sleep},
};
use tokio_stream::{StreamExt, StreamMap, wrappers::WatchStream};
use tonic::Streaming;

use super::{
    end::End,
    judge::Judge,
    outbox::{HandedOut, Outbox, Slot},
    right::Right,
    slots::{Counts, Turn, Why},
    streams::Place,
};
use crate::{
    call::Call,
    core::Core,
    cursors::Sealer,
    keys::Pseudonyms,
    metrics::{DeliveryLabels, Stage, SubscriptionLabels},
    pulse::Pulse,
    readers::Projector,
    refuse::{self, Failed},
    registry::Blind,
};

/// How often what was withheld, rather than acknowledged, moves the durable cursor.
const CHECKPOINT: Duration = Duration::from_secs(5);
/// How many checkpoints lie between two looks for dead letters that have been kept long enough.
const LETTERS: u32 = 720;
/// How often the clock is looked at while a lease or a delay runs: a timer alone would not see that
/// the machine was suspended.
const LOOK: Duration = Duration::from_millis(400);

/// A stream between its opening and its end.
pub(super) struct Live {
    pub(super) core: Arc<Core>,
    pub(super) call: Arc<Call>,
    pub(super) name: SubscriptionName,
    pub(super) dataset: Arc<Dataset>,
    pub(super) right: Right,
    /// How the consumer sees records: the plan of the right, and names of its own.
    pub(super) projector: Projector,
    pub(super) pseudonyms: Pseudonyms,
    pub(super) judge: Judge,
    pub(super) sealer: Sealer,
    pub(super) turn: Turn,
    pub(super) machine: Machine,
    pub(super) ends: StreamMap<u32, WatchStream<u64>>,
    /// The durable end of each partition, as last seen.
    pub(super) known_ends: Vec<u64>,
    /// Frames that the transport has taken, and how many of them the machine knows of.
    pub(super) taken: watch::Receiver<u64>,
    pub(super) told_taken: u64,
    /// When the machine wants to be asked again.
    pub(super) wake_ms: Option<u64>,
    /// The client knows that there is nothing more. Only a delivery makes that untrue: what a row
    /// filter withholds must not show, not even as another `idle`.
    pub(super) idle_sent: bool,
    pub(super) paused: Option<Pause>,
    /// When a pause was told last.
    pub(super) paused_told_ms: Option<u64>,
    /// A write failed or was fenced: the machine is ahead of the log, and writes nothing more.
    pub(super) broken: bool,
    /// The consumer was away for longer than what its copy depends on is kept.
    pub(super) was_away: bool,
    /// Counts among the system's open streams until it is dropped.
    pub(super) place: Place,
}

impl Live {
    /// Runs until there is a reason to end. Each branch of the `select!` is cancel-safe: channels,
    /// watches and timers lose nothing when they are dropped.
    pub(super) async fn run(
        &mut self,
        incoming: &mut Streaming<SubscribeRequest>,
        outbox: &Outbox,
    ) -> End {
        if let Err(end) = self.tell_away(outbox).await {
            return end;
        }
        let mut pulse = Pulse::start();
        let mut checkpoint = interval(CHECKPOINT);
        checkpoint.reset();
        let mut checkpoints = 0;
        let (fence, drain) = (self.turn.fence.clone(), self.core.drain.clone());
        let mut taken = self.taken.clone();
        loop {
            let busy = match self.deliver(outbox).await {
                Ok(busy) => busy,
                Err(end) => return end,
            };
            self.count_all();
            let turned = tokio::select! {
                biased;
                why = fence.down() => Err(fenced(why)),
                () = drain.cancelled() => Err(End::draining()),
                () = self.right.changed() => self.right.check(),
                frame = incoming.next() => {
                    pulse.heard();
                    self.take(frame, incoming, outbox).await
                }
                () = std::future::ready(()), if busy => Ok(()),
                Some((number, end)) = self.ends.next() => self.see(number, end),
                Ok(()) = taken.changed() => Ok(()),
                () = woken(&self.core, self.wake_ms) => Ok(()),
                _ = checkpoint.tick() => {
                    checkpoints += 1;
                    self.checkpoint(checkpoints % LETTERS == 0).await
                }
                beat = pulse.beat() => match beat {
                    Ok(()) => self.send(Out::Heartbeat(pb::SubscribeHeartbeat {}), outbox).await,
                    Err(refusal) => Err(refusal.into()),
                },
            };
            if let Err(end) = turned {
                return end;
            }
        }
    }

    pub(super) fn see(&mut self, number: u32, end: u64) -> Result<(), End> {
        if let Some(known) = self.known_ends.get_mut(number as usize) {
            *known = end.max(*known);
        }
        self.machine.see_end(number, end).map_err(|e| Failed(refuse::bug(&e)).into())
    }

    /// How many records lie between what was read and the durable ends.
    pub(super) fn behind(&self) -> u64 {
        let nexts = self.machine.next_reads();
        let ends = nexts.map(|(n, next)| (next, self.known_ends.get(n as usize).copied()));
        ends.map(|(next, end)| end.unwrap_or_default().saturating_sub(next)).sum()
    }

    /// Starts the leases of what the transport has taken.
    pub(super) fn note_taken(&mut self) {
        let taken = *self.taken.borrow();
        if taken > self.told_taken {
            let now = self.core.delivery_now();
            (self.told_taken + 1..=taken).for_each(|frame| self.machine.taken(frame, now));
            self.told_taken = taken;
        }
    }

    async fn checkpoint(&mut self, letters: bool) -> Result<(), End> {
        let change = self.machine.checkpoint();
        self.judge.settle(&self.machine.cursor());
        self.write_all(change).await?;
        if letters {
            let (_, change) = self.machine.expire_letters(self.core.delivery_now());
            self.write_all(change).await?;
        }
        Ok(())
    }

    /// Makes a change of the machine durable.
    pub(super) async fn write_all(&mut self, change: Change) -> Result<(), End> {
        if change.is_empty() {
            return Ok(());
        }
        self.broken = true;
        let writing = self.turn.write_all(&self.core.log, change, self.core.now());
        let applied = self.right.while_appending(writing).await;
        match applied.map_err(Failed::from)? {
            Applied::Taken => {
                self.broken = false;
                Ok(())
            }
            _ => Err(End::fenced()),
        }
    }

    /// Gives the transport a frame. A peer that does not read is waited for only as long as the
    /// stream keeps its right.
    pub(super) async fn send(&mut self, frame: Out, outbox: &Outbox) -> Result<(), End> {
        self.offer(frame, None, outbox).await
    }

    /// As [`Live::send`], of records: their leases start when the frame is taken.
    pub(super) async fn offer(
        &mut self,
        frame: Out,
        handed: Option<HandedOut>,
        outbox: &Outbox,
    ) -> Result<(), End> {
        let core = Arc::clone(&self.core);
        let _timer = core.metrics.stage(Stage::Write);
        loop {
            // INVARIANT: the decision is checked with nothing between it and the offer; while the
            // offer waits, a change of the decision comes first.
            self.right.check()?;
            tokio::select! {
                biased;
                why = self.turn.fence.down() => return Err(fenced(why)),
                () = core.drain.cancelled() => return Err(End::draining()),
                () = self.right.changed() => {}
                slot = sighted(&core, outbox) => {
                    slot?.ok_or(End::Closed)?.fill(frame, handed);
                    self.gauge();
                    return Ok(());
                }
            }
        }
    }

    fn gauge(&self) {
        let labels = self.labels();
        let metrics = &self.core.metrics;
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        metrics.lag.get_or_create(&labels).set(whole(self.behind()));
        metrics.outstanding.get_or_create(&labels).set(whole(self.machine.outstanding().records));
    }

    fn count_all(&self) {
        let waiting = self.machine.waiting();
        self.turn.counts(Counts {
            outstanding: self.machine.outstanding().records,
            parked: waiting.parked,
            retrying: waiting.delayed,
            paused: self.paused,
        });
    }

    fn labels(&self) -> SubscriptionLabels {
        SubscriptionLabels { subscription: self.name.to_string() }
    }

    pub(super) fn count(&self, outcome: &'static str, records: u64) {
        if records > 0 {
            let labels = DeliveryLabels { subscription: self.name.to_string(), outcome };
            self.core.metrics.delivered.get_or_create(&labels).inc_by(records);
        }
    }

    /// Writes what the machine leaves, gives the turn to the next stream, and keeps what the last
    /// frames need. A peer that has lost its right is not kept waiting for the log.
    pub(super) async fn retire(mut self, end: &End) -> (Right, Place) {
        let labels = self.labels();
        self.core.metrics.lag.remove(&labels);
        self.core.metrics.outstanding.remove(&labels);
        self.note_taken();
        let Self { core, turn, machine, judge, right, place, broken, .. } = self;
        if !broken {
            turn.keep(judge.kept());
            let change = match end {
                End::Closed => machine.closed(core.delivery_now()),
                _ => machine.retire(),
            };
            let now = core.now();
            // In a task of its own, so that nothing cancels the append midway.
            let writing = tokio::spawn(async move {
                let written = turn.write_all(&core.log, change, now).await;
                if let Err(cause) = written {
                    tracing::warn!(%cause, "the end of a stream could not be written");
                }
            });
            if !end.is_loss() {
                let _ = writing.await;
            }
        }
        (right, place)
    }
}

/// Waits for room with the transport, but not while this node may have missed a change.
async fn sighted<'a>(core: &Core, outbox: &'a Outbox) -> Result<Option<Slot<'a>>, End> {
    core.registry.sighted().await.map_err(|Blind| refuse::behind())?;
    Ok(outbox.slot().await)
}

/// Why a stream ends whose turn somebody else wants.
fn fenced(why: Why) -> End {
    match why {
        Why::Stream => End::fenced(),
        Why::Change => End::changed(),
        Why::Move => End::moved(),
    }
}

/// Waits until a moment of the monotonic clock. Cancel-safe.
async fn woken(core: &Core, at_ms: Option<u64>) {
    let Some(at_ms) = at_ms else { return std::future::pending().await };
    loop {
        match at_ms.saturating_sub(core.delivery_now().monotonic_ms) {
            0 => return,
            left => sleep(LOOK.min(Duration::from_millis(left))).await,
        }
    }
}
