//! One frame: its release made durable, then sent.

use std::sync::Arc;

use bytes::Bytes;
use ndxp_audit::{DatasetAt, Delivered, Entry, Release, Way};
use ndxp_delivery::{Applied, Delivery, DeliveryRecord, Fate, HandedRange, Item, lane};
use ndxp_log::Covered;
use ndxp_proto::exchange::{self as pb, subscribe_response::Frame as Out};

use crate::{
    core::receipt_message,
    publish::under,
    readers::{Handed, Shown},
    refuse::{self, Failed},
    subscribe::{
        end::End,
        live::Live,
        outbox::{HandedOut, Outbox},
        slots::log_record,
    },
};

/// A record that may leave, as the machine knows it and as the consumer will.
pub(super) struct Outgoing {
    pub(super) item: Item,
    pub(super) shown: Arc<Shown>,
}

impl Live {
    /// Makes the release durable, then sends the frame, if the right still holds. Returns whether
    /// anything was handed out.
    pub(super) async fn hand_out(
        &mut self,
        outgoing: Vec<Outgoing>,
        outbox: &Outbox,
    ) -> Result<bool, End> {
        let items: Vec<_> = outgoing.iter().map(|record| record.item).collect();
        let now = self.core.delivery_now();
        let out = self.machine.hand(&self.right.grant().agreement, &items, now);
        let out = out.map_err(|e| Failed(refuse::bug(&e)))?;
        let mut given = Vec::with_capacity(outgoing.len());
        for (Outgoing { shown, .. }, fate) in outgoing.into_iter().zip(out.fates) {
            match fate {
                Fate::Given(delivery) => given.push((shown, delivery)),
                Fate::Parked | Fate::Left | Fate::Passed => {}
            }
        }
        let Some(frame) = out.frame else { return Ok(false) };
        let (count, number) = (given.len() as u64, frame.handed.n);
        let entry = self.release(&frame.handed.ranges, count)?;
        let handed = DeliveryRecord::from(frame.handed);
        let now = self.core.now();
        let covered = Covered::Handed { lane: lane(&self.name), record: log_record(&handed, now) };
        self.turn.begin();
        self.broken = true;
        let writing = self.core.ledger.write(&entry, covered);
        let (receipt, appended) = self.right.while_appending(writing).await?;
        let at = appended.covered.first().copied().unwrap_or_default();
        // INVARIANT: a frame leaves only behind a `handed` that counts, whoever owns the lane next.
        self.right.while_appending(self.turn.confirm(at)).await.map_err(Failed::from)?;
        if self.turn.apply(&handed, now) != Applied::Taken {
            return Err(End::fenced());
        }
        self.broken = false;
        let payloads = given.iter().map(|(shown, _)| shown.payload.len()).sum();
        let waiting = self.core.outbound.wait(payloads);
        self.observe(given.iter().map(|(shown, _)| &**shown));
        let finished = given.iter().filter_map(|(shown, given)| self.finished(shown, given));
        let records = finished.collect();
        let receipt = Some(receipt_message(receipt, ""));
        let cursor = self.place();
        let deliver = pb::SubscribeDeliver { receipt, records, cursor };
        // `offer` decides again before it offers the frame.
        self.offer(Out::Deliver(deliver), Some(HandedOut { number, waiting }), outbox).await?;
        self.idle_sent = false;
        self.count("handed", count);
        Ok(true)
    }

    /// Finishes a record for the wire.
    fn finished(&self, shown: &Shown, given: &Delivery) -> Option<pb::DeliveredRecord> {
        let ack_token = Bytes::copy_from_slice(&given.token.to_bytes());
        let Delivery { attempt, replayed, .. } = *given;
        shown.deliver(&self.pseudonyms, Handed { ack_token, attempt, replayed })
    }

    fn observe<'a>(&self, given: impl Iterator<Item = &'a Shown>) {
        let now = self.core.now();
        for shown in given {
            let waited = now.millis().saturating_sub(shown.published_at.millis()).max(0);
            self.core.metrics.delivery_latency.observe(waited as f64 / 1_000.0);
        }
    }

    fn release(&self, ranges: &[HandedRange], count: u64) -> Result<Entry, End> {
        let grant = self.right.grant();
        let delivered = |range: &HandedRange| Delivered {
            partition: range.partition,
            first: range.first,
            last: range.last,
        };
        Ok(Entry::Release(Release {
            by: self.call.principal.clone(),
            way: Way::Stream,
            ds: DatasetAt { name: self.dataset.name.clone(), version: None },
            sub: self.name.clone(),
            under: under(grant, self.right.subscription().purpose.clone())?,
            rng: (!grant.plan.filters_rows()).then(|| ranges.iter().map(delivered).collect()),
            n: count,
            again: ranges.iter().any(|range| range.attempt > 1),
        }))
    }
}
