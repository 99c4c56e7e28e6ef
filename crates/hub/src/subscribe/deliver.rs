//! From the log to the consumer: read, decide, project, make the release durable, send.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use ndxp_audit::{DatasetAt, Delivered, Entry, Release, Way};
use ndxp_delivery::{
    Applied, Change, Delivery, DeliveryRecord, Fate, HandedRange, Item, Place, Read, Refetch,
    Verdict, lane,
};
use ndxp_log::{Covered, Partition, ReadError, ReadLimits};
use ndxp_proto::exchange::{self as pb, subscribe_response::Frame as Out};

use super::{
    end::End,
    judge::{Before, Step, each},
    live::Live,
    members::is_as_judged,
    open::partition,
    outbox::{HandedOut, Outbox},
    slots::log_record,
};
use crate::{
    core::receipt_message,
    metrics::Stage,
    publish::under,
    readers::{Handed, Shown},
    refuse::{self, Failed},
};

/// So many records of a difference are given to the machine at once.
const PASS: usize = 500;

/// A record that may leave, as the machine knows it and as the consumer will.
pub(super) struct Outgoing {
    pub(super) item: Item,
    pub(super) shown: Arc<Shown>,
}

/// What became of a record that is to be handed out again.
enum Fetched {
    Shown(Arc<Shown>),
    /// It is no longer kept.
    Gone,
    /// A newer one of its key has replaced it, or it may not be shown as it was judged any more.
    Hidden,
}

impl Live {
    /// Hands out one frame if there is credit and something to hand out, and says so once if there
    /// is nothing more. Returns whether anything has moved, so that there may be more at once.
    pub(super) async fn deliver(&mut self, outbox: &Outbox) -> Result<bool, End> {
        self.note_taken();
        self.revise().await?;
        let want = self.machine.want(self.core.delivery_now());
        self.wake_ms = want.wake_ms;
        self.write_all(want.change).await?;
        self.tell_pause(want.paused, outbox).await?;
        let moved = if !want.again.is_empty() {
            self.fetch_again(want.again, outbox).await?
        } else if let Some(read) = self.furthest_behind(&want.reads) {
            self.read_on(read, want.room.records, outbox).await?
        } else {
            false
        };
        if !moved {
            self.tell_idle(outbox).await?;
        }
        Ok(moved)
    }

    fn furthest_behind(&self, reads: &[Read]) -> Option<Read> {
        let end = |read: &Read| self.known_ends.get(read.partition as usize).copied();
        let behind = |read: &Read| end(read).unwrap_or_default().saturating_sub(read.from);
        reads.iter().copied().max_by_key(behind)
    }

    /// Reads on in a partition and hands out what the decision of this moment lets through.
    async fn read_on(&mut self, read: Read, records: u64, outbox: &Outbox) -> Result<bool, End> {
        let Read { partition: number, from } = read;
        let most = usize::try_from(records).unwrap_or(usize::MAX);
        let limits = ReadLimits {
            records: self.core.limits.frame_records.min(most),
            bytes: self.core.outbound.room(self.core.limits.frame_bytes),
        };
        let at = partition(&self.dataset, number);
        self.catch_up(&at, from).await?;
        let core = Arc::clone(&self.core);
        let timer = core.metrics.stage(Stage::Project);
        let page = match self.core.readers.read(&at, from, limits, &self.projector).await {
            Err(ReadError::Expired { earliest, .. }) => {
                drop(timer);
                return self.pass_expired(number, earliest, outbox).await.map(|()| true);
            }
            page => page?,
        };
        let before = self.judge.before(&self.core, &at, from..page.next).await?;
        drop(timer);
        self.right.check()?;
        // Offsets that are not there are passed like those that a row filter withholds.
        let mut expected = from;
        let mut skipped = Vec::new();
        let mut outgoing = Vec::with_capacity(page.records.len());
        for shown in page.records {
            let place = Place { partition: number, offset: shown.offset };
            let before = self.sent_before(&before, place);
            let verdict = self.judge.judge(number, &shown, before);
            // Before the next one is judged: a newer version speaks for its key.
            if self.machine.progress().is_settled(place) {
                self.settled_before(place, &shown, verdict, before);
            }
            let Some(verdict) = verdict else { continue };
            skipped.push(expected..place.offset);
            expected = place.offset + 1;
            let item = Refetch { place, key: shown.key_hash, verdict };
            let item = item.item(shown.payload.len() as u64);
            outgoing.push(Outgoing { item, shown });
        }
        skipped.push(expected..page.next);
        self.judge.passed(number, page.next);
        for offsets in skipped.into_iter().filter(|offsets| !offsets.is_empty()) {
            let skipped = self.machine.skip(number, offsets);
            skipped.map_err(|e| Failed(refuse::bug(&e)))?;
        }
        self.hand_out(outgoing, outbox).await?;
        let next = self.machine.next_reads().find(|(n, _)| *n == number);
        let next = next.map_or(from, |(_, next)| next);
        self.judge.rewind(number, next);
        Ok(next != from)
    }

    /// Judges what the machine passed without reading it, because an earlier stream settled it.
    async fn catch_up(&mut self, at: &Partition, to: u64) -> Result<(), End> {
        let Some(from) = self.judge.next(at.number).filter(|from| *from < to) else {
            return Ok(());
        };
        let before = self.judge.before(&self.core, at, from..to).await?;
        let mut passed = Vec::new();
        each(&self.core, at, from..to, &self.projector, |shown| passed.push(Arc::clone(shown)))
            .await?;
        for shown in passed {
            let place = Place { partition: at.number, offset: shown.offset };
            let before = before.get(&shown.offset).copied();
            let verdict = self.judge.judge(at.number, &shown, before);
            self.settled_before(place, &shown, verdict, before);
        }
        self.judge.passed(at.number, to);
        Ok(())
    }

    /// Judges what is settled behind the last record that was read, too: nobody reads on there.
    async fn catch_up_all(&mut self) -> Result<(), End> {
        let nexts: Vec<_> = self.machine.next_reads().collect();
        for (number, next) in nexts {
            self.catch_up(&partition(&self.dataset, number), next).await?;
        }
        Ok(())
    }

    /// What older views make of a record counts only if it was handed out.
    fn sent_before(&self, before: &HashMap<u64, Before>, place: Place) -> Option<Before> {
        let before = before.get(&place.offset).copied()?;
        let progress = self.machine.progress();
        // After a seek nothing is known of single attempts: then all below what was reached counts.
        let sent = progress.attempt_of(place) > 0
            || progress.is_settled(place)
            || progress.is_replayed(place);
        sent.then_some(before)
    }

    fn settled_before(
        &mut self,
        place: Place,
        shown: &Shown,
        verdict: Option<Verdict>,
        before: Option<Before>,
    ) {
        if self.machine.progress().letter(place).is_none() {
            self.judge.was_settled(place.partition, shown, verdict, before);
        }
    }

    /// Hands out what a revision has left to say, when its time has come, paced by the credit.
    pub(super) async fn revise(&mut self) -> Result<(), End> {
        loop {
            let (cursor, unsettled) = (self.machine.cursor(), self.machine.pass_unsettled());
            match self.judge.step(&cursor, unsettled, PASS as u64) {
                Step::Nothing => return Ok(()),
                Step::Begin => {
                    self.catch_up_all().await?;
                    self.machine.begin_pass(self.right.grant().agreement.clone());
                    self.judge.begin();
                }
                Step::Give => {
                    let some = self.judge.give(PASS);
                    let bug = |e| Failed(refuse::bug(&e));
                    self.machine.revisit(&some).map_err(bug)?;
                    if self.judge.gave_all() {
                        let change = self.machine.end_pass().map_err(bug)?;
                        self.write_all(change).await?;
                    }
                }
                Step::End => self.judge.end(),
            }
        }
    }

    /// Fetches records that the machine keeps, and hands them out.
    async fn fetch_again(&mut self, again: Vec<Refetch>, outbox: &Outbox) -> Result<bool, End> {
        let mut outgoing: Vec<Outgoing> = Vec::new();
        let (mut gone, mut expired) = (Change::default(), Vec::new());
        let room = self.core.outbound.room(self.core.limits.frame_bytes);
        let mut bytes = 0;
        for refetch in again.into_iter().take(self.core.limits.frame_records) {
            match self.fetch(refetch).await? {
                Fetched::Shown(shown) => {
                    bytes += shown.payload.len();
                    if bytes > room && !outgoing.is_empty() {
                        break;
                    }
                    let item = refetch.item(shown.payload.len() as u64);
                    outgoing.push(Outgoing { item, shown });
                }
                fetched @ (Fetched::Gone | Fetched::Hidden) => {
                    let change = self.machine.withdraw(refetch.place, self.core.delivery_now());
                    gone.append.extend(change.append);
                    gone.forget.extend(change.forget);
                    expired.extend(matches!(fetched, Fetched::Gone).then_some(refetch.place));
                    // Tombstones come last in a change.
                    if !gone.forget.is_empty() {
                        break;
                    }
                }
            }
        }
        let moved = !gone.is_empty();
        self.write_all(gone).await?;
        for place in expired {
            self.tell_gone(place, outbox).await?;
        }
        self.right.check()?;
        Ok(self.hand_out(outgoing, outbox).await? || moved)
    }

    /// Fetches one record.
    async fn fetch(&self, refetch: Refetch) -> Result<Fetched, End> {
        let Refetch { place, verdict, .. } = refetch;
        let at = partition(&self.dataset, place.partition);
        let one = ReadLimits { records: 1, bytes: usize::MAX };
        let page = match self.core.readers.read(&at, place.offset, one, &self.projector).await {
            Err(ReadError::Expired { .. }) => return Ok(Fetched::Gone),
            read => read?,
        };
        let found = page.records.into_iter().find(|shown| shown.offset == place.offset);
        let as_judged = found.filter(|shown| is_as_judged(shown.judged, verdict));
        Ok(as_judged.map_or(Fetched::Hidden, Fetched::Shown))
    }

    /// Makes the release durable, then sends the frame, if the right still holds. Returns whether
    /// anything was handed out.
    async fn hand_out(&mut self, outgoing: Vec<Outgoing>, outbox: &Outbox) -> Result<bool, End> {
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
        let (receipt, _) = self.right.while_appending(writing).await?;
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
