//! From the log to the consumer: read, decide, project, make the release durable, send.

use ndxp_audit::{DatasetAt, Delivered, Entry, Release};
use ndxp_delivery::{Applied, DeliveryRecord, Fate, HandedRange, Room, lane};
use ndxp_log::{Covered, ReadLimits, Stored};
use ndxp_proto::exchange::{self as pb, subscribe_response::Frame as Out};

use super::{
    batch::{Outgoing, View},
    end::End,
    live::Live,
    open::partition,
    outbox::Outbox,
    slots::log_record,
};
use crate::{
    core::receipt_message,
    metrics::Stage,
    publish::under,
    refuse::{self, Failed},
};

impl Live {
    /// Hands out one frame if there is credit and something to hand out, and says so once if there
    /// is nothing more.
    pub(super) async fn deliver(&mut self, outbox: &Outbox) -> Result<(), End> {
        if self.has_work()
            && let Some((number, from)) = self.furthest_behind()
        {
            let outgoing = self.read(number, from).await?;
            if !outgoing.is_empty() {
                self.hand_out(outgoing, outbox).await?;
            }
        }
        if self.behind() == 0 && !self.idle_sent {
            self.idle_sent = true;
            self.send(Out::Idle(pb::SubscribeIdle::default()), outbox).await?;
        }
        Ok(())
    }

    fn furthest_behind(&self) -> Option<(u32, u64)> {
        let end = |n: u32| self.known_ends.get(n as usize).copied().unwrap_or_default();
        let nexts = self.machine.next_reads().filter(|(n, next)| end(*n) > *next);
        nexts.max_by_key(|(n, next)| end(*n) - next)
    }

    /// Reads what fits into one frame, as the decision of this moment lets it through.
    async fn read(&mut self, number: u32, from: u64) -> Result<Vec<Outgoing>, End> {
        let room = self.room();
        let frame = self.core.limits.frame_records;
        let limits = ReadLimits {
            records: frame.min(usize::try_from(room.records).unwrap_or(usize::MAX)),
            bytes: self.core.limits.frame_bytes,
        };
        let page = self.core.log.read(&partition(&self.dataset, number), from, limits).await?;
        if page.is_empty()
            && let Some(known) = self.known_ends.get_mut(number as usize)
        {
            // Nothing is there after all: wait for the end to move rather than ask again at once.
            *known = from;
        }
        self.right.check()?;
        self.project(number, &page, room)
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
            plan: &self.right.grant().plan,
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
                        self.starved = outgoing.is_empty();
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
    async fn hand_out(&mut self, outgoing: Vec<Outgoing>, outbox: &Outbox) -> Result<(), End> {
        let items: Vec<_> = outgoing.iter().map(|record| record.item).collect();
        let now = self.core.delivery_now();
        let out = self.machine.hand(&self.right.grant().agreement, &items, now);
        let out = out.map_err(|e| Failed(refuse::bug(&e)))?;
        let Some(frame) = out.frame else { return Ok(()) };
        let outgoing: Vec<_> = outgoing
            .into_iter()
            .zip(out.fates)
            .filter_map(|(record, fate)| match fate {
                Fate::Given(delivery) => Some((record, delivery)),
                Fate::Parked | Fate::Left | Fate::Passed => None,
            })
            .collect();
        let count = outgoing.len();
        let entry = self.release(&frame.handed.ranges, count)?;
        let handed = DeliveryRecord::from(frame.handed);
        let record = log_record(&handed, self.core.now());
        let covered = Covered::Handed { lane: lane(&self.name), record };
        self.turn.begin();
        let writing = self.core.ledger.write(&entry, covered);
        let (receipt, _) = self.right.while_appending(writing).await?;
        if self.turn.apply(&handed) != Applied::Taken {
            return Err(End::fenced());
        }
        self.observe(outgoing.iter().map(|(record, _)| record));
        let pairs = outgoing.into_iter();
        let records = pairs.map(|(record, delivery)| record.deliver(delivery)).collect();
        let receipt = Some(receipt_message(receipt, ""));
        // `send` decides again before it offers the frame.
        self.send(
            Out::Deliver(pb::SubscribeDeliver { receipt, records, ..Default::default() }),
            outbox,
        )
        .await?;
        self.idle_sent = false;
        self.count("handed", count as u64);
        Ok(())
    }

    fn observe<'a>(&self, outgoing: impl Iterator<Item = &'a Outgoing>) {
        let now = self.core.now();
        for record in outgoing {
            let waited = now.millis().saturating_sub(record.published_at.millis()).max(0);
            self.core.metrics.delivery_latency.observe(waited as f64 / 1_000.0);
        }
    }

    fn release(&self, ranges: &[HandedRange], count: usize) -> Result<Entry, End> {
        let grant = self.right.grant();
        let delivered = |range: &HandedRange| Delivered {
            partition: range.partition,
            first: range.first,
            last: range.last,
        };
        Ok(Entry::Release(Release {
            by: self.call.principal.clone(),
            ds: DatasetAt { name: self.dataset.name.clone(), version: None },
            sub: self.name.clone(),
            under: under(grant, self.right.subscription().purpose.clone())?,
            rng: (!grant.plan.filters_rows()).then(|| ranges.iter().map(delivered).collect()),
            n: count as u64,
            again: ranges.iter().any(|range| range.attempt > 1),
        }))
    }
}
