//! What a stream is opened with, and what happens on it.

use std::time::Duration;

use bytes::Bytes;
use ndxp_model::Timestamp;
use ndxp_proto::{
    common::Receipt,
    convert,
    exchange::{
        DeliveredRecord, GapCause, PauseCause, SubscribeDeliver, subscribe_response::Frame,
    },
};

/// How much may come before it is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribeOptions {
    /// Names this process for the hub's operators; may be empty.
    pub instance_id: String,
    /// Records outstanding at once, at least 1.
    pub records: u32,
    /// Bytes of payloads outstanding at once, at least 1.
    pub bytes: u64,
    /// Records asked for in all, on this stream; `None`: as many as there are.
    pub at_most: Option<u64>,
}

impl Default for SubscribeOptions {
    /// The hub's defaults: 1,000 records, 16 MiB; as many as there are.
    fn default() -> Self {
        Self { instance_id: String::new(), records: 1_000, bytes: 16 << 20, at_most: None }
    }
}

/// A record's handle: settles it, once it is where it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    pub(super) token: Bytes,
    pub(super) bytes: u64,
}

impl Ack {
    /// Takes a record's handle.
    #[must_use]
    pub fn of(record: &DeliveredRecord) -> Self {
        Self { token: record.ack_token.clone(), bytes: record.payload.len() as u64 }
    }

    pub(crate) fn token(&self) -> &Bytes {
        &self.token
    }
}

/// What became of records, for one frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settlement {
    /// They are done: they do not come again.
    pub acks: Vec<Ack>,
    /// They are to come again, after so long; `None`: by the subscription's delays.
    pub retries: Vec<(Ack, Option<Duration>)>,
    /// They can never be taken, for this reason (at most 256 bytes, no personal data): they
    /// become dead letters.
    pub rejects: Vec<(Ack, String)>,
}

impl Settlement {
    /// Returns how many records it settles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.acks.len() + self.retries.len() + self.rejects.len()
    }

    /// Says whether it settles nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the handles of all.
    pub(super) fn handles(&self) -> impl Iterator<Item = &Ack> {
        let retries = self.retries.iter().map(|(ack, _)| ack);
        self.acks.iter().chain(retries).chain(self.rejects.iter().map(|(ack, _)| ack))
    }

    /// Cuts off a part that one frame may hold.
    pub(super) fn next_frame(&mut self, most: usize) -> Self {
        fn cut<T>(all: &mut Vec<T>, room: &mut usize) -> Vec<T> {
            let taken: Vec<T> = all.drain(..all.len().min(*room)).collect();
            *room -= taken.len();
            taken
        }
        let mut room = most;
        let acks = cut(&mut self.acks, &mut room);
        let retries = cut(&mut self.retries, &mut room);
        Self { acks, retries, rejects: cut(&mut self.rejects, &mut room) }
    }
}

/// What was released at once: one audit entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Evidence of the release.
    pub receipt: Option<Receipt>,
    /// The records, in the order in which they were handed out.
    pub records: Vec<DeliveredRecord>,
    /// The place behind them, for [`crate::Client::seek_subscription`]; opaque.
    pub cursor: Bytes,
}

/// What happens on a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Records came.
    Deliver(Delivery),
    /// Everything that is there now was delivered.
    Idle {
        /// The place up to which it was; opaque.
        cursor: Bytes,
    },
    /// Records will not come.
    Gap {
        /// The place before the first of them; opaque.
        from: Bytes,
        /// The place behind the last of them; opaque.
        to: Bytes,
        /// Why.
        cause: GapCause,
        /// How many at most; `None` under a row filter.
        count: Option<u64>,
    },
    /// The hub delivers nothing for a reason of the consumer's; it goes on by itself.
    Paused {
        /// Why.
        cause: PauseCause,
        /// Since when.
        since: Option<Timestamp>,
        /// What the consumer can do.
        next_step: String,
    },
    /// One frame of acknowledgements is durable.
    Settled {
        /// How many were taken.
        settled: u32,
        /// Tokens that were not of this stream: those records come again.
        lost: Vec<Bytes>,
    },
    /// The right to receive has ended; the stream's end follows, with the reason.
    Suspended {
        /// The agreement's revision.
        agreement: String,
        /// The reason, for example `AGREEMENT_SUSPENDED`.
        reason: String,
    },
    /// The hub ends the stream in an orderly way.
    Draining {
        /// The reason, for example `NODE_DRAINING`.
        reason: String,
        /// When to connect again.
        retry_after: Duration,
    },
}

impl Event {
    /// Reads a frame; `None` for one that is no news.
    pub(super) fn of(frame: Frame) -> Option<Self> {
        match frame {
            Frame::Deliver(deliver) => {
                let SubscribeDeliver { receipt, records, cursor } = deliver;
                Some(Self::Deliver(Delivery { receipt, records, cursor }))
            }
            Frame::SettleResult(result) => {
                Some(Self::Settled { settled: result.settled, lost: result.lost })
            }
            Frame::Idle(idle) => Some(Self::Idle { cursor: idle.cursor }),
            Frame::Suspended(suspended) => {
                let (agreement, reason) = (suspended.agreement, suspended.reason);
                Some(Self::Suspended { agreement, reason })
            }
            Frame::Draining(draining) => {
                let after = draining.retry_after.unwrap_or_default();
                let seconds = u64::try_from(after.seconds).unwrap_or_default();
                let nanos = u32::try_from(after.nanos).unwrap_or_default();
                let retry_after = Duration::new(seconds, nanos);
                Some(Self::Draining { reason: draining.reason, retry_after })
            }
            Frame::Gap(gap) => {
                let cause = gap.cause();
                Some(Self::Gap { from: gap.from, to: gap.to, cause, count: gap.count })
            }
            Frame::Paused(paused) => {
                let (cause, since) = (paused.cause(), paused.since);
                let since = convert::instant(since, "since").ok();
                Some(Self::Paused { cause, since, next_step: paused.next_step })
            }
            Frame::Ready(_) | Frame::Heartbeat(_) => None,
        }
    }
}
