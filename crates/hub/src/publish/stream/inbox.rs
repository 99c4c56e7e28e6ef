//! What came from the publisher and is not appended yet, in its order: judged or being judged.

use std::{collections::VecDeque, sync::Arc};

use ndxp_model::SystemName;
use ndxp_proto::{
    error::{Reason, Refusal},
    exchange::{self as pb, PublishStreamRequest, publish_stream_request::Frame as In},
};
use tokio::task::JoinHandle;
use tonic::{Code, Status};

use super::super::{judge::Mode, prepare::Judged, state::Position, take::Batch, target::Target};
use crate::{
    budget::Held,
    call::Call,
    core::Core,
    refuse::{self, Failed},
};

/// How many records and bytes of payloads one append takes at most, unless one batch has more.
const JOIN_RECORDS: usize = 1_000;
const JOIN_BYTES: usize = 3 << 20;

/// A batch that waits for its append.
#[derive(Debug)]
struct Waiting {
    seq: u64,
    records: usize,
    bytes: usize,
    position: Option<Position>,
    judging: JoinHandle<Result<Judged, Failed>>,
    /// What came of it, once it was looked at.
    judged: Option<Result<Judged, Refusal>>,
    held: Held,
}

/// Batches that are appended together. Their bytes are held until they are answered.
#[derive(Debug)]
pub(super) struct Join {
    pub seqs: Vec<u64>,
    pub batches: Vec<Batch>,
    pub _held: Vec<Held>,
}

/// What waits.
#[derive(Debug)]
pub(super) struct Inbox {
    core: Arc<Core>,
    call: Arc<Call>,
    system: SystemName,
    mode: Mode,
    waiting: VecDeque<Waiting>,
    /// The last batch that came.
    last: u64,
    /// What ends the stream once all before it is answered; nothing is read any more.
    closed: Option<Closed>,
}

/// Why nothing more is read.
#[derive(Debug)]
pub(super) enum Closed {
    /// The publisher ended its side.
    Done,
    /// A frame that must not be, or a batch that cannot be taken.
    Wrong(Refusal),
    /// The connection is gone.
    Gone,
}

/// What is next.
#[derive(Debug)]
pub(super) enum Next {
    /// Nothing yet.
    Nothing,
    /// Batches to append.
    Append(Join),
    /// The end.
    End(Closed),
}

impl Inbox {
    pub(super) fn new(core: Arc<Core>, call: Arc<Call>, system: SystemName, mode: Mode) -> Self {
        Self { core, call, system, mode, waiting: VecDeque::new(), last: 0, closed: None }
    }

    /// Says whether one more frame may be read, with this window.
    pub(super) fn reads(&self, window: u32) -> bool {
        self.closed.is_none() && self.waiting.len() < window as usize
    }

    /// Takes what was read.
    pub(super) fn take(
        &mut self,
        frame: Option<Result<PublishStreamRequest, Status>>,
        target: &Target,
    ) {
        let wrong = match frame {
            None => return self.closed = Some(Closed::Done),
            Some(Err(status)) => {
                let closed = unreadable(&status).map_or(Closed::Gone, Closed::Wrong);
                return self.closed = Some(closed);
            }
            Some(Ok(PublishStreamRequest { frame: Some(In::Heartbeat(_)) })) => return,
            Some(Ok(PublishStreamRequest { frame: Some(In::Batch(batch)) })) => {
                let seq = batch.seq;
                match self.batch(batch, target) {
                    Ok(()) => return,
                    Err(refusal) => refusal.with("seq", seq.to_string()),
                }
            }
            Some(Ok(PublishStreamRequest { frame: Some(In::Open(_)) })) => {
                Refusal::field("open", "the stream is open already")
            }
            Some(Ok(PublishStreamRequest { frame: None })) => {
                Refusal::field("frame", "unknown kind of frame")
            }
        };
        self.closed = Some(Closed::Wrong(wrong));
    }

    fn batch(&mut self, batch: pb::PublishStreamBatch, target: &Target) -> Result<(), Refusal> {
        let expected = self.last + 1;
        if batch.seq != expected {
            return Err(Refusal::field("batch.seq", format!("must be {expected}, the next one")));
        }
        self.core.limits.check(&batch.records, self.mode)?;
        let position = Position::read(batch.source_position, "batch.source_position")?;
        self.last = batch.seq;
        let bytes = batch.records.iter().map(|record| record.payload.len()).sum();
        let held = self.core.inbound.hold(&self.call.principal, bytes);
        let now = self.core.now();
        let rules = target.rules(&self.call.traceparent, now, &self.system, self.mode);
        let (core, records) = (Arc::clone(&self.core), batch.records.len());
        let judging = tokio::spawn(async move { core.judge(rules, batch.records, bytes).await });
        self.waiting.push_back(Waiting {
            seq: batch.seq,
            records,
            bytes,
            position,
            judging,
            judged: None,
            held,
        });
        Ok(())
    }

    /// Waits until the first batch is judged; for ever if there is none. Cancel-safe.
    pub(super) async fn judged(&mut self) {
        match self.waiting.front_mut() {
            Some(first) if first.judged.is_none() => first.judge().await,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }

    /// Returns what is next, now that no append is under way.
    pub(super) async fn next(&mut self) -> Next {
        let mut join = Join { seqs: Vec::new(), batches: Vec::new(), _held: Vec::new() };
        let (mut records, mut bytes) = (0, 0);
        while let Some(first) = self.waiting.front_mut() {
            if first.judged.is_none() && !first.judging.is_finished() {
                break;
            }
            (records, bytes) = (records + first.records, bytes + first.bytes);
            let fits = records <= JOIN_RECORDS && bytes <= JOIN_BYTES;
            if !join.seqs.is_empty() && !fits {
                break;
            }
            if first.judged.is_none() {
                first.judge().await;
            }
            if !join.seqs.is_empty() && matches!(first.judged, Some(Err(_))) {
                break;
            }
            // One append is one audit entry, and that names one identity.
            if join.batches.first().is_some_and(|joined| first.is_judged_unlike(&joined.judged)) {
                break;
            }
            let Some(first) = self.waiting.pop_front() else { break };
            match first.judged {
                Some(Ok(judged)) => {
                    join.seqs.push(first.seq);
                    join.batches.push(Batch { judged, position: first.position });
                    join._held.push(first.held);
                }
                Some(Err(refusal)) => {
                    let refusal = refusal.with("seq", first.seq.to_string());
                    return Next::End(Closed::Wrong(refusal));
                }
                None => break,
            }
        }
        if !join.seqs.is_empty() {
            return Next::Append(join);
        }
        match self.closed.take() {
            Some(closed) if self.waiting.is_empty() => Next::End(closed),
            still => {
                self.closed = still;
                Next::Nothing
            }
        }
    }
}

/// A frame that cannot be read is the publisher's to mend. A lost connection is nobody's: `None`.
pub(super) fn unreadable(status: &Status) -> Option<Refusal> {
    match status.code() {
        Code::OutOfRange => {
            let text = "a message is larger than the hub takes";
            Some(Refusal::new(Reason::BatchTooLarge, text, "send less in one batch"))
        }
        Code::Internal | Code::Unimplemented => Some(Refusal::field("frame", "cannot be read")),
        _ => None,
    }
}

impl Waiting {
    /// Says whether it was judged by other rules: a code list was pinned in between.
    fn is_judged_unlike(&self, other: &Judged) -> bool {
        matches!(&self.judged, Some(Ok(judged)) if judged.verdict != other.verdict)
    }

    async fn judge(&mut self) {
        let judged = (&mut self.judging).await;
        self.judged = Some(match judged {
            Ok(Ok(judged)) => Ok(judged),
            Ok(Err(Failed(refusal))) => Err(refusal),
            Err(panicked) => Err(refuse::bug(&panicked)),
        });
    }
}
