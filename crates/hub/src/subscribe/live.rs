//! One consumer's open stream: delivers while there is credit, settles, until there is a reason to
//! end. What it reads and hands out stands in [`super::deliver`].

use std::{sync::Arc, time::Duration};

use ndxp_delivery::{AckToken, Applied, Change, DeliveryRecord, Room, Stream as Machine};
use ndxp_model::{Dataset, SubscriptionName};
use ndxp_proto::{
    error::Refusal,
    exchange::{
        self as pb, SubscribeRequest, subscribe_request::Frame as In,
        subscribe_response::Frame as Out,
    },
};
use tokio::time::interval;
use tokio_stream::{StreamExt, StreamMap, wrappers::WatchStream};
use tonic::{Code, Status, Streaming};

use super::{end::End, outbox::Outbox, right::Right, slots::Turn, streams::Place};
use crate::{
    call::Call,
    core::Core,
    metrics::{DeliveryLabels, Stage, SubscriptionLabels},
    pulse::Pulse,
    refuse::{self, Failed},
};

/// The bytes that a credit of records grants if it names none.
const DEFAULT_CREDIT: u64 = 16 << 20;
/// How often what was withheld, rather than acknowledged, moves the durable cursor.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// A stream between its opening and its end.
pub(super) struct Live {
    pub(super) core: Arc<Core>,
    pub(super) call: Arc<Call>,
    pub(super) name: SubscriptionName,
    pub(super) dataset: Arc<Dataset>,
    pub(super) right: Right,
    pub(super) turn: Turn,
    pub(super) machine: Machine,
    pub(super) ends: StreamMap<u32, WatchStream<u64>>,
    /// The durable end of each partition, as last seen.
    pub(super) known_ends: Vec<u64>,
    /// The next record needs more bytes than there is credit for: nothing to do until more comes.
    pub(super) starved: bool,
    /// The client knows that there is nothing more. Only a delivery makes that untrue: what a row
    /// filter withholds must not show, not even as another `idle`.
    pub(super) idle_sent: bool,
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
        let mut pulse = Pulse::start();
        let mut checkpoint = interval(CHECKPOINT);
        checkpoint.reset();
        let (fence, drain) = (self.turn.fenced.clone(), self.core.drain.clone());
        loop {
            if let Err(end) = self.deliver(outbox).await {
                return end;
            }
            let busy = self.has_work();
            let turned = tokio::select! {
                biased;
                () = fence.cancelled() => Err(End::fenced()),
                () = drain.cancelled() => Err(End::draining()),
                () = self.right.changed() => self.right.check(),
                frame = incoming.next() => {
                    pulse.heard();
                    self.take(frame, outbox).await
                }
                () = std::future::ready(()), if busy => Ok(()),
                Some((number, end)) = self.ends.next() => {
                    self.see(number, end);
                    Ok(())
                }
                _ = checkpoint.tick() => self.checkpoint().await,
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

    fn see(&mut self, number: u32, end: u64) {
        if let Some(known) = self.known_ends.get_mut(number as usize) {
            *known = end.max(*known);
        }
    }

    /// How many records lie between what was read and the durable ends.
    pub(super) fn behind(&self) -> u64 {
        let nexts = self.machine.next_reads();
        let ends = nexts.map(|(n, next)| (next, self.known_ends.get(n as usize).copied()));
        ends.map(|(next, end)| end.unwrap_or_default().saturating_sub(next)).sum()
    }

    pub(super) fn has_work(&self) -> bool {
        !self.starved && self.machine.room().records > 0 && self.behind() > 0
    }

    /// Takes a frame of the client.
    async fn take(
        &mut self,
        frame: Option<Result<SubscribeRequest, Status>>,
        outbox: &Outbox,
    ) -> Result<(), End> {
        let request = frame.ok_or(End::Closed)?.map_err(|status| unreadable(&status))?;
        match request.frame {
            Some(In::Credit(pb::SubscribeCredit { records: 0, bytes: 0 })) => {
                Err(Refusal::field("credit", "must grant records, bytes or both").into())
            }
            Some(In::Credit(credit)) => {
                let bytes = if credit.bytes == 0 { DEFAULT_CREDIT } else { credit.bytes };
                self.machine.credit(u64::from(credit.records), bytes);
                self.starved = false;
                Ok(())
            }
            Some(In::Settle(settle)) => self.settle(settle, outbox).await,
            Some(In::Extend(_)) => Err(Refusal::field("extend", "is not served yet").into()),
            Some(In::Heartbeat(_)) => Ok(()),
            Some(In::Open(_)) => Err(Refusal::field("open", "the stream is open already").into()),
            None => Err(Refusal::field("frame", "unknown kind of frame").into()),
        }
    }

    async fn settle(&mut self, settle: pb::SubscribeSettle, outbox: &Outbox) -> Result<(), End> {
        let mut tokens = Vec::with_capacity(settle.ack_tokens.len());
        let mut lost = Vec::new();
        for bytes in settle.ack_tokens {
            match AckToken::parse(&bytes) {
                Ok(token) => tokens.push(token),
                Err(_) => lost.push(bytes),
            }
        }
        let settled = self.machine.ack(&tokens, self.core.delivery_now());
        self.starved = false;
        lost.extend(settled.lost.iter().map(|token| token.to_bytes().to_vec().into()));
        self.write_all(settled.change).await?;
        self.count("acked", settled.acked);
        let settled = u32::try_from(settled.acked).unwrap_or(u32::MAX);
        let result = pb::SubscribeSettleResult { lost, settled };
        self.send(Out::SettleResult(result), outbox).await
    }

    async fn checkpoint(&mut self) -> Result<(), End> {
        let change = self.machine.checkpoint();
        self.write_all(change).await
    }

    async fn write_all(&mut self, change: Change) -> Result<(), End> {
        for record in change.append {
            self.write(record).await?;
        }
        Ok(())
    }

    async fn write(&mut self, record: DeliveryRecord) -> Result<(), End> {
        let now = self.core.now();
        let writing = self.turn.write(&self.core.log, record, now);
        let applied = self.right.while_appending(writing).await;
        match applied.map_err(|e| Failed(refuse::append(&e)))? {
            Applied::Taken => Ok(()),
            _ => Err(End::fenced()),
        }
    }

    /// Gives the transport a frame. A peer that does not read is waited for only as long as the
    /// stream keeps its right.
    pub(super) async fn send(&mut self, frame: Out, outbox: &Outbox) -> Result<(), End> {
        let core = Arc::clone(&self.core);
        let _timer = core.metrics.stage(Stage::Write);
        loop {
            // INVARIANT: the decision is checked with nothing between it and the offer; while the
            // offer waits, a change of the decision comes first.
            self.right.check()?;
            tokio::select! {
                biased;
                () = self.turn.fenced.cancelled() => return Err(End::fenced()),
                () = core.drain.cancelled() => return Err(End::draining()),
                () = self.right.changed() => {}
                slot = outbox.slot() => {
                    slot.ok_or(End::Closed)?.fill(frame);
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

    fn labels(&self) -> SubscriptionLabels {
        SubscriptionLabels { subscription: self.name.to_string() }
    }

    pub(super) fn count(&self, outcome: &'static str, records: u64) {
        let labels = DeliveryLabels { subscription: self.name.to_string(), outcome };
        self.core.metrics.delivered.get_or_create(&labels).inc_by(records);
    }

    /// Gives the turn to the next stream, and keeps what the last frames need.
    pub(super) fn retire(self) -> (Right, Place) {
        let labels = self.labels();
        self.core.metrics.lag.remove(&labels);
        self.core.metrics.outstanding.remove(&labels);
        (self.right, self.place)
    }

    /// The room for the next frame.
    pub(super) fn room(&self) -> Room {
        self.machine.room()
    }
}

/// A frame that cannot be read is the client's to mend; a lost connection ends the stream.
fn unreadable(status: &Status) -> End {
    match status.code() {
        Code::Internal | Code::OutOfRange | Code::Unimplemented => {
            Refusal::field("frame", "cannot be read").into()
        }
        _ => End::Closed,
    }
}
