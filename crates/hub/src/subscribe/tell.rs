//! What a consumer is told besides records: that there is nothing more, and that delivery pauses.

use ndxp_delivery::Pause;
use ndxp_proto::{
    convert,
    exchange::{self as pb, subscribe_response::Frame as Out},
};

use super::{end::End, live::Live, outbox::Outbox};

/// A pause that comes and goes is told no more often than this.
const PAUSES_MS: u64 = 60_000;

impl Live {
    /// Says that everything was delivered, once.
    pub(super) async fn tell_idle(&mut self, outbox: &Outbox) -> Result<(), End> {
        let waiting = self.machine.waiting();
        let delivered = self.behind() == 0 && waiting.parked == 0 && waiting.ready == 0;
        if !delivered || self.idle_sent || self.judge.is_behind() {
            return Ok(());
        }
        self.idle_sent = true;
        let cursor = self.place();
        self.send(Out::Idle(pb::SubscribeIdle { cursor }), outbox).await
    }

    /// Returns the place behind everything that was read.
    pub(super) fn place(&mut self) -> bytes::Bytes {
        let nexts = self.next_reads();
        self.sealer.seal(&nexts)
    }

    /// Says that delivery pauses, when it begins to.
    pub(super) async fn tell_pause(
        &mut self,
        paused: Option<Pause>,
        outbox: &Outbox,
    ) -> Result<(), End> {
        let before = std::mem::replace(&mut self.paused, paused);
        let Some(pause) = paused.filter(|_| before != paused) else { return Ok(()) };
        let now = self.core.delivery_now();
        let told = self.paused_told_ms.filter(|told| now.monotonic_ms < told + PAUSES_MS);
        let flaps = pause == Pause::ParkedKeysFull;
        if flaps && told.is_some() {
            return Ok(());
        }
        self.paused_told_ms = Some(now.monotonic_ms);
        let since = match pause {
            Pause::ConsumerFailing { since } => since,
            Pause::ParkedKeysFull | Pause::DeadLettersFull => now.wall,
        };
        let next_step = match pause {
            Pause::ConsumerFailing { .. } => {
                "mend the consumer: one record is offered now and then, and the first that is \
                 acknowledged resumes delivery"
            }
            Pause::ParkedKeysFull => {
                "settle the records that are outstanding: others of their keys wait behind them"
            }
            Pause::DeadLettersFull => "redrive or purge dead letters",
        };
        let frame = pb::SubscribePaused {
            cause: cause(pause).into(),
            since: convert::timestamp(since),
            next_step: next_step.to_owned(),
        };
        self.send(Out::Paused(frame), outbox).await
    }
}

/// A pause's cause on the wire.
pub(crate) fn cause(pause: Pause) -> pb::PauseCause {
    match pause {
        Pause::ConsumerFailing { .. } => pb::PauseCause::ConsumerFailing,
        Pause::ParkedKeysFull => pb::PauseCause::ParkedKeysFull,
        Pause::DeadLettersFull => pb::PauseCause::DeadLettersFull,
    }
}
