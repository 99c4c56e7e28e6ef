//! An open stream between its first frame and its end.

use std::sync::Arc;

use ndxp_model::SystemName;
use ndxp_proto::{
    error::Refusal,
    exchange::{self as pb, PublishStreamRequest, publish_stream_response::Frame as Out},
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_stream::StreamExt;
use tonic::Streaming;

use super::{
    super::{judge::Mode, take::Taken},
    end::End,
    inbox::{Closed, Inbox, Join, Next},
    outbox::Outbox,
    right::Right,
};
use crate::{
    call::Call,
    core::Core,
    pulse::Pulse,
    refuse::{self, Failed},
};

/// What an append came to: the numbers of its batches, and what became of those taken.
type Appended = (Vec<u64>, Vec<Taken>, Option<Failed>);

/// An open stream.
pub(super) struct Live {
    pub(super) core: Arc<Core>,
    pub(super) call: Arc<Call>,
    pub(super) system: SystemName,
    pub(super) mode: Mode,
    pub(super) right: Right,
    pub(super) inbox: Inbox,
    pub(super) outbox: Outbox,
    /// INVARIANT: at most one append of a stream is under way, so that none overtakes another.
    appending: Option<JoinHandle<Appended>>,
    /// Up to this batch all is durable.
    pub(super) durable: u64,
    window: u32,
    freed: watch::Receiver<()>,
}

impl Live {
    pub(super) fn new(
        core: &Arc<Core>,
        call: &Arc<Call>,
        system: SystemName,
        mode: Mode,
        right: Right,
        outbox: Outbox,
    ) -> Self {
        let inbox = Inbox::new(Arc::clone(core), Arc::clone(call), system.clone(), mode);
        let window = core.inbound.window(&call.principal, core.limits.publish_window).max(1);
        let freed = core.inbound.freed();
        let (core, call) = (Arc::clone(core), Arc::clone(call));
        let (appending, durable) = (None, 0);
        Self { core, call, system, mode, right, inbox, outbox, appending, durable, window, freed }
    }

    /// Says that the stream is open.
    pub(super) fn ready(&mut self) {
        let limits = &self.core.limits;
        self.outbox.push(Out::Ready(pb::PublishStreamReady {
            window: self.window,
            schema_version: self.right.target().version.0,
            max_records: u32::try_from(limits.publish_records).unwrap_or(u32::MAX),
            max_bytes: limits.publish_bytes as u64,
        }));
    }

    /// Runs until there is a reason to end. Each branch of the `select!` is cancel-safe: what was
    /// begun in tasks goes on, and channels, watches and timers lose nothing when they are dropped.
    pub(super) async fn run(&mut self, incoming: &mut Streaming<PublishStreamRequest>) -> End {
        let mut pulse = Pulse::start();
        let drain = self.core.drain.clone();
        loop {
            if let Err(end) = self.append().await {
                return end;
            }
            let room = self.narrow();
            let reading = room && self.inbox.reads(self.window) && self.outbox.is_read();
            if !reading {
                // What it says is not listened to, so its silence says nothing.
                pulse.heard();
            }
            let turned = tokio::select! {
                biased;
                () = drain.cancelled() => Err(End::Refused(refuse::draining())),
                () = self.right.changed() => self.right.check().await.map_err(End::Condemned),
                done = done(&mut self.appending), if self.appending.is_some() => self.answer(done),
                () = self.inbox.judged(), if self.appending.is_none() => Ok(()),
                sent = self.outbox.sent() => sent.map_err(|_| End::Closed),
                frame = incoming.next(), if reading => {
                    pulse.heard();
                    self.inbox.take(frame, self.right.target());
                    Ok(())
                }
                _ = self.freed.changed(), if !room => Ok(()),
                beat = pulse.beat() => match beat {
                    Ok(()) => {
                        self.outbox.push(Out::Heartbeat(pb::PublishStreamHeartbeat {}));
                        Ok(())
                    }
                    Err(refusal) => Err(End::Refused(refusal)),
                },
            };
            if let Err(end) = turned {
                return end;
            }
        }
    }

    /// Begins the next append if none is under way and a batch is judged.
    async fn append(&mut self) -> Result<(), End> {
        if self.appending.is_some() {
            return Ok(());
        }
        let join = match self.inbox.next().await {
            Next::Nothing => return Ok(()),
            Next::End(Closed::Wrong(refusal)) => return Err(End::Refused(refusal)),
            Next::End(Closed::Done) => return Err(End::Done),
            Next::End(Closed::Gone) => return Err(End::Closed),
            Next::Append(join) => join,
        };
        self.right.check().await.map_err(End::Condemned)?;
        let (core, call) = (Arc::clone(&self.core), Arc::clone(&self.call));
        let (system, mode) = (self.system.clone(), self.mode);
        let target = Arc::clone(self.right.target());
        // A task of its own: what is begun is finished, whatever becomes of the stream.
        self.appending = Some(tokio::spawn(async move {
            let Join { seqs, batches, _held } = join;
            let now = core.now();
            let (taken, failed) = core.take(&call, &system, &target, mode, &batches, now).await;
            (seqs, taken, failed)
        }));
        Ok(())
    }

    /// Answers the batches of an append, in order.
    pub(super) fn answer(
        &mut self,
        done: Result<Appended, tokio::task::JoinError>,
    ) -> Result<(), End> {
        self.appending = None;
        let (seqs, taken, failed) =
            done.map_err(|panicked| End::Refused(refuse::bug(&panicked)))?;
        let mut seqs = seqs.into_iter();
        for (seq, taken) in seqs.by_ref().zip(taken) {
            self.durable = seq;
            self.outbox.push(Out::Result(pb::PublishStreamResult {
                seq,
                accepted: taken.accepted,
                duplicates: taken.duplicates,
                receipt: taken.receipt,
                results: taken.results,
            }));
        }
        match failed {
            None => Ok(()),
            Some(Failed(refusal)) => Err(End::Refused(of_batch(refusal, self.durable + 1))),
        }
    }

    /// Waits for the append that is under way, if there is one, and answers it.
    pub(super) async fn settle(&mut self) -> Result<(), End> {
        match &mut self.appending {
            None => Ok(()),
            some => {
                let done = done(some).await;
                self.answer(done)
            }
        }
    }

    /// Follows the budget with the window, and says whether anything may be read at all.
    fn narrow(&mut self) -> bool {
        self.freed.mark_unchanged();
        let most = self.core.limits.publish_window;
        let window = self.core.inbound.window(&self.call.principal, most);
        let shown = window.max(1);
        if shown != self.window {
            self.window = shown;
            self.outbox.push(Out::Window(pb::PublishStreamWindow { window: shown }));
        }
        window > 0
    }
}

fn of_batch(refusal: Refusal, seq: u64) -> Refusal {
    refusal.with("seq", seq.to_string())
}

/// Waits for an append; for ever if there is none. Cancel-safe.
async fn done(
    appending: &mut Option<JoinHandle<Appended>>,
) -> Result<Appended, tokio::task::JoinError> {
    match appending {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}
