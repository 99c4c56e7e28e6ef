//! Handing out.

use std::collections::{BTreeMap, BTreeSet};

use ndxp_model::AgreementRef;

use super::{
    Delivery, Fate, Frame, HandError, HandOut, Item, Origin, Stream, UnknownPartition, Wait, Work,
    frame::Holding, held::Timer, reader::Reader,
};
use crate::{
    change::Change,
    limits::Room,
    now::Now,
    place::Place,
    progress::index,
    record::{DeliveryRecord, Handed},
    token::AckToken,
};

/// What a hand-out has come to.
#[derive(Debug, Default)]
struct Handing {
    fates: Vec<Fate>,
    holding: Holding,
    given: u64,
    /// Partitions of which a record was left: what is behind it is left too.
    stopped: BTreeSet<u32>,
    run: Option<Run>,
}

/// Neighbours that are the machine's from now on.
#[derive(Debug)]
struct Run {
    partition: u32,
    first: u64,
    end: u64,
}

impl Stream {
    /// Chooses from `items` what goes into one frame, in the order given, and uses credit for it.
    /// Items are records that [`Stream::want`] asked for again, and records read from
    /// [`Stream::next_reads`] on: of each partition in the order of offsets, every offset between
    /// withheld.
    ///
    /// The frame leaves only once its record is durable and taken (see the crate's first page).
    ///
    /// # Errors
    /// [`HandError`]; nothing has changed then.
    pub fn hand(
        &mut self,
        agreement: &AgreementRef,
        items: &[Item],
        now: Now,
    ) -> Result<HandOut, HandError> {
        self.check(items)?;
        let mut handing = Handing { fates: Vec::with_capacity(items.len()), ..Handing::default() };
        for item in items {
            let fate = match self.held.get(item.place) {
                Some((work, Wait::Ready)) => self.offer_held(work, item.size, now, &mut handing),
                Some(_) | None => self.offer_read(item, now, &mut handing),
            };
            handing.fates.push(fate);
        }
        self.end_run(&mut handing);
        self.readers.iter_mut().for_each(Reader::pass);
        Ok(self.frame(agreement, handing))
    }

    /// Says that the transport has taken a frame, so that its leases start.
    pub fn taken(&mut self, frame: u64, now: Now) {
        self.given.taken(frame, now.monotonic_ms, self.options.lease);
    }

    /// Takes a record back that the machine keeps: it is not there any more, or may not leave any
    /// more. One that is outstanding, or that it does not keep, changes nothing.
    pub fn withdraw(&mut self, place: Place, now: Now) -> Change {
        let mut change = Change::default();
        if let Some(work) = self.held.remove(place) {
            self.close_redriven(&work, crate::Closing::Withdrawn, now, &mut change);
            self.finish(&work);
            self.settle_pass(&mut change);
            self.save(false, &mut change);
        }
        change
    }

    /// Checks a whole hand-out before anything changes.
    fn check(&self, items: &[Item]) -> Result<(), HandError> {
        let mut nexts: BTreeMap<u32, u64> = BTreeMap::new();
        let mut again = BTreeSet::new();
        let mut last: Option<(u32, u64)> = None;
        for item in items {
            let place @ Place { partition, offset } = item.place;
            // The fast path: a neighbour of the one before, which nothing else can be known of.
            let is_next = last == Some((partition, offset));
            let reader = self.readers.get(index(partition)).ok_or(UnknownPartition(partition))?;
            if !is_next && self.held.get(place).is_some() {
                if self.held.is_ready(place) && again.insert(place) {
                    continue;
                }
                // A letter that is to be redriven may lie ahead of what was read.
                if !reader.is_settled(offset) {
                    return Err(HandError::NotDue { place });
                }
            }
            if offset < reader.next_read() {
                // The page holds what an earlier stream settled, and the reader may have passed it.
                if reader.is_settled(offset) {
                    continue;
                }
                return Err(HandError::NotDue { place });
            }
            let from = match (is_next, last) {
                (true, _) => offset,
                (false, Some((p, next))) if p == partition => next,
                (false, _) => *nexts.get(&partition).unwrap_or(&reader.next_read()),
            };
            let next = if from == offset { offset } else { reader.after_passed(from, offset) };
            let passed = offset < next && offset >= from && reader.was_settled(offset);
            // The largest offset is never given: the one after it could not be named.
            if (next != offset && !passed) || offset == u64::MAX {
                return Err(HandError::OutOfOrder { place, next });
            }
            if let Some((p, next)) = last.filter(|(p, _)| *p != partition) {
                nexts.insert(p, next);
            }
            last = Some((partition, offset + 1));
        }
        Ok(())
    }

    /// Offers a record that was fetched again. Its credit is used again.
    fn offer_held(&mut self, work: Work, size: u64, now: Now, handing: &mut Handing) -> Fate {
        let has_room = handing.holding.has_room(work.place, work.next_attempt());
        if !has_room || !self.may_hand(size, now) {
            return Fate::Left;
        }
        self.held.remove(work.place);
        self.probe(work.place, false);
        self.give(work, size, handing)
    }

    fn offer_read(&mut self, item: &Item, now: Now, handing: &mut Handing) -> Fate {
        let Place { partition, offset } = item.place;
        if handing.stopped.contains(&partition) {
            return Fate::Left;
        }
        let reader = self.readers.get(index(partition));
        if reader.is_some_and(|reader| reader.was_settled(offset) || offset < reader.next_read()) {
            return Fate::Passed;
        }
        let work = self.work(item);
        let parks = self.is_by_key() && self.keys.is_busy(item.key);
        let waits = work.failures > 0;
        let set_aside = self.sets_aside(now);
        let room = self.parking_room() > 0 && self.reads_on();
        let fits = if parks || waits || set_aside {
            room
        } else {
            let has_room = handing.holding.has_room(work.place, work.next_attempt());
            room && has_room && self.may_hand(item.size, now)
        };
        if !fits {
            handing.stopped.insert(partition);
            return Fate::Left;
        }
        self.take_place(item.place, handing);
        if parks || waits || set_aside {
            // What failed before the stream was opened waits as if it had failed now.
            let ms = now.monotonic_ms.saturating_add(self.options.backoff.after(work.failures));
            let until = Wait::Until { ms, by: Timer::Backoff };
            self.keep(work, if waits { until } else { Wait::Ready });
            if set_aside {
                self.set_one_aside();
            }
            return Fate::Parked;
        }
        if self.is_by_key() {
            self.keys.add(work.key, work.place);
        }
        self.probe(work.place, true);
        self.give(work, item.size, handing)
    }

    fn work(&self, item: &Item) -> Work {
        let failure = self.failures.get(&item.place);
        Work {
            place: item.place,
            key: item.key,
            verdict: item.verdict,
            origin: Origin::Log,
            attempts: self.progress.attempt_of(item.place),
            failures: failure.map_or(0, |failure| failure.counted.saturating_add(failure.pending)),
        }
    }

    fn may_hand(&self, size: u64, now: Now) -> bool {
        let probes = match &self.health.failing {
            Some(failing) => failing.is_due(now.monotonic_ms),
            None => true,
        };
        probes && self.room().holds(Room { records: 1, bytes: size })
    }

    fn give(&mut self, mut work: Work, size: u64, handing: &mut Handing) -> Fate {
        let room = Room { records: 1, bytes: size };
        self.credit = self.credit.minus(room);
        self.outstanding = self.outstanding.plus(room);
        work.attempts = work.attempts.saturating_add(1);
        let replayed = work.origin != Origin::Log || self.progress.is_replayed(work.place);
        let sequence = self.given.give(work, size);
        handing.given += 1;
        handing.holding.add(work.place, work.attempts);
        let token = AckToken { epoch: self.epoch(), sequence };
        Fate::Given(Delivery { token, attempt: work.attempts, replayed, verdict: work.verdict })
    }

    /// Notes that an offset is the machine's, in runs: an offset at a time costs much more.
    fn take_place(&mut self, Place { partition, offset }: Place, handing: &mut Handing) {
        if let Some(run) = &mut handing.run
            && run.partition == partition
            && run.end == offset
        {
            run.end = offset + 1;
            return;
        }
        self.end_run(handing);
        handing.run = Some(Run { partition, first: offset, end: offset + 1 });
    }

    fn end_run(&mut self, handing: &mut Handing) {
        if let Some(Run { partition, first, end }) = handing.run.take()
            && let Some(reader) = self.readers.get_mut(index(partition))
        {
            reader.take(first..end);
        }
    }

    fn frame(&mut self, agreement: &AgreementRef, handing: Handing) -> HandOut {
        let Handing { fates, holding, given, .. } = handing;
        if given == 0 {
            return HandOut { frame: None, fates };
        }
        let handed = Handed {
            sub: self.progress.subscription().clone(),
            epoch: self.epoch(),
            agreement: agreement.clone(),
            n: self.given.next_frame(),
            ranges: holding.ranges(),
        };
        self.given.end_frame(given);
        // The record travels on its own, behind the audit entry.
        let record = DeliveryRecord::from(handed.clone());
        self.note(record, &mut Change::default());
        HandOut { frame: Some(Frame { handed }), fates }
    }
}
