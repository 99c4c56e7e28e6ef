//! How far a subscription has come, as the log knows it.

mod books;
mod bytes;
mod filed;
mod partition;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ndxp_model::{AgreementRef, SubscriptionName, Timestamp};
use thiserror::Error;

use crate::{
    letter::{Letter, LetterState},
    place::Place,
    record::{
        Base, Cursor, DeliveryRecord, Failed, Failure, Handed, LetterChanged, Opened, RecordKey,
        Settled, Slot, Sought, Span,
    },
};
use books::Books;
use filed::{Filed, Left, Letters};
use partition::Partition;

/// The durable half: a fold of one subscription's records, in the order of its lane.
///
/// Its size is bounded by what may be unsettled (the limits and the parking), and by the number of
/// dead letters. Folding a lane from which compaction has taken superseded records, and what
/// tombstones forget, gives the same [`Progress::to_bytes`].
#[derive(Debug, Clone)]
pub struct Progress {
    sub: SubscriptionName,
    epoch: u64,
    /// The lowest epoch that the lane's owner gives: what is of a lower one was written by an
    /// earlier owner that did not know yet. Not part of the state: it is the lane's.
    floor: u64,
    /// The epoch is a stream's, not a seek's.
    is_opened: bool,
    partitions: Vec<Partition>,
    failures: BTreeMap<Place, (Failure, Source)>,
    letters: Letters,
    views: Vec<AgreementRef>,
    streak: u32,
    failing_since: Option<Timestamp>,
    probes: u32,
    books: Books,
}

/// The number of the record that says something, in its kind and the latest epoch; 0 where it is in
/// the [`Base`] or older.
pub(crate) type Source = u64;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a frame leaves only if its record was taken"]
pub enum Applied {
    /// It counts.
    Taken,
    /// It is of a stream that a newer one has fenced, and changes nothing.
    Fenced,
    /// It is another subscription's, of the same lane, and changes nothing.
    OtherSubscription,
    /// No correct hub writes it at this place (an epoch that was not opened, a partition that is
    /// not there), and it changes nothing. The shell reports it, unless the lane was compacted.
    Impossible,
}

/// Positions for another number of partitions than the subscription has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("there are {expected} partitions, not {given}")]
pub struct WrongPartitions {
    /// How many the subscription has.
    pub expected: usize,
    /// How many positions there were.
    pub given: usize,
}

impl Progress {
    /// Returns the progress of a subscription that was never opened.
    #[must_use]
    pub fn new(sub: SubscriptionName) -> Self {
        Self {
            sub,
            epoch: 0,
            floor: 0,
            is_opened: false,
            partitions: Vec::new(),
            failures: BTreeMap::new(),
            letters: Letters::default(),
            views: Vec::new(),
            streak: 0,
            failing_since: None,
            probes: 0,
            books: Books::default(),
        }
    }

    /// Returns whose progress it is.
    #[must_use]
    pub fn subscription(&self) -> &SubscriptionName {
        &self.sub
    }

    /// Returns the number of the latest stream or seek, 0 if there never was one.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Notes that the lane has a new owner, whose epochs start at `floor`: see
    /// [`Owned::floor`](crate::Owned::floor). What comes later in the lane with a lower epoch is
    /// an earlier owner's, and changes nothing.
    pub fn raise_floor(&mut self, floor: u64) {
        self.floor = self.floor.max(floor);
    }

    /// Returns the cursor: the lowest offset that is not settled, a partition each. Empty if no
    /// stream was ever opened.
    #[must_use]
    pub fn positions(&self) -> Vec<u64> {
        self.partitions.iter().map(|partition| partition.position).collect()
    }

    /// Returns how often an offset from the cursor on was handed out; 0 is never. What is settled
    /// is forgotten: it has 0 too.
    #[must_use]
    pub fn attempt_of(&self, place: Place) -> u32 {
        self.partition(place.partition).map_or(0, |partition| partition.attempt_of(place.offset))
    }

    /// Tells whether an offset is below the cursor, or above it and settled, or a dead letter.
    #[must_use]
    pub fn is_settled(&self, place: Place) -> bool {
        self.partition(place.partition).is_some_and(|partition| partition.is_settled(place.offset))
    }

    /// Tells whether a hand-out of the offset is a replay: it lies below what the subscription had
    /// reached when its positions were last set.
    #[must_use]
    pub fn is_replayed(&self, place: Place) -> bool {
        self.partition(place.partition).is_some_and(|p| place.offset < p.replayed_below)
    }

    /// Returns the dead letters behind a place in order, those that are to be handed out again too.
    /// From `None` they start with the first; the place of the last one on a page gives the next.
    pub fn letters(&self, after: Option<Place>) -> impl Iterator<Item = (&Letter, LetterState)> {
        self.letters.behind(after).map(|filed| (&filed.letter, filed.state))
    }

    /// Returns a dead letter.
    #[must_use]
    pub fn letter(&self, place: Place) -> Option<(&Letter, LetterState)> {
        self.letters.get(place).map(|filed| (&filed.letter, filed.state))
    }

    /// Returns the number of dead letters.
    #[must_use]
    pub fn letter_count(&self) -> usize {
        self.letters.count()
    }

    /// Returns the views, oldest first, under which records of the consumer's copy may stand. With
    /// more than one the difference between them has to be handed out
    /// ([`Stream::begin_pass`](crate::Stream::begin_pass)).
    #[must_use]
    pub fn views(&self) -> &[AgreementRef] {
        &self.views
    }

    /// Returns since when the subscription is paused because its consumer fails everything.
    #[must_use]
    pub fn failing_since(&self) -> Option<Timestamp> {
        self.failing_since
    }

    /// Returns the record that opens the next stream and fences this one. `start` is where the
    /// subscription starts, an offset a partition; it counts for the first stream only. `view` is
    /// the agreement by which the stream is going to show records.
    ///
    /// Two openers may race with the same epoch: the record that comes first in the lane is taken.
    #[must_use]
    pub fn opening(&self, start: &[u64], view: AgreementRef) -> Opened {
        let start = if self.partitions.is_empty() { start.to_vec() } else { self.positions() };
        let (sub, epoch) = (self.sub.clone(), self.next_epoch());
        Opened { sub, epoch, start, view: Some(view) }
    }

    /// Returns the record that sets the positions and fences the stream. Records from them on are
    /// handed out again but for dead letters; earlier ones are not handed out any more. The next
    /// stream has to be opened behind it.
    ///
    /// # Errors
    /// [`WrongPartitions`] if there is not one for each partition.
    pub fn seeking(&self, positions: &[u64]) -> Result<Sought, WrongPartitions> {
        let (expected, given) = (self.partitions.len(), positions.len());
        if given == 0 || (expected > 0 && given != expected) {
            return Err(WrongPartitions { expected, given });
        }
        let (sub, epoch) = (self.sub.clone(), self.next_epoch());
        Ok(Sought { sub, epoch, positions: positions.to_vec() })
    }

    fn next_epoch(&self) -> u64 {
        self.epoch.saturating_add(1).max(self.floor)
    }

    /// Applies the next record of the lane. It is total and depends on the record alone.
    pub fn apply(&mut self, record: &DeliveryRecord) -> Applied {
        if *record.subscription() != self.sub {
            return Applied::OtherSubscription;
        }
        let key = record.record_key();
        let applied = match record {
            _ if record.epoch() < self.floor => Applied::Fenced,
            DeliveryRecord::Opened(opened) => self.open(opened),
            DeliveryRecord::Sought(sought) => self.seek(sought),
            _ if record.epoch() < self.epoch => Applied::Fenced,
            _ if record.epoch() > self.epoch || self.epoch == 0 => Applied::Impossible,
            DeliveryRecord::Base(base) => self.rebase(base),
            DeliveryRecord::Handed(handed) => self.hand(handed),
            DeliveryRecord::Cursor(cursor) => self.move_cursor(cursor),
            DeliveryRecord::Settled(settled) => self.settle(settled),
            DeliveryRecord::Failed(failed) => self.fail(failed),
            DeliveryRecord::Letter(changed) => self.file(changed),
            DeliveryRecord::Outage(outage) => {
                (self.streak, self.failing_since) = (outage.streak, outage.failing_since);
                self.probes = outage.probes;
                Applied::Taken
            }
            DeliveryRecord::Viewed(viewed) => {
                self.views = vec![viewed.view.clone()];
                Applied::Taken
            }
        };
        match applied {
            Applied::Taken => self.books.enter(key),
            _ => self.books.discard(key, self.epoch),
        }
        applied
    }

    /// Notes that a key has a tombstone: an empty value in the lane, of any subscription.
    pub fn forgotten(&mut self, key: &str) {
        let Some(key) = RecordKey::parse(key, &self.sub) else { return };
        self.books.forgotten(key);
        match self.letters.forget(key) {
            Some((place, Left::Nothing)) if self.is_settled(place) => self.drop_failure(place),
            Some((place, Left::Earlier(filed))) => {
                self.books.revive(filed.from, self.epoch);
                if filed.is_closed() {
                    self.close(place, filed.from);
                }
            }
            Some((_, Left::Nothing | Left::Same)) | None => {}
        }
    }

    /// Returns the state as bytes: equal if and only if the states are.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        bytes::of(self)
    }

    fn open(&mut self, opened: &Opened) -> Applied {
        if opened.epoch <= self.epoch {
            return Applied::Fenced;
        }
        if !self.enter_epoch(opened.epoch, &opened.start) {
            return Applied::Impossible;
        }
        self.is_opened = true;
        for (partition, &start) in self.partitions.iter_mut().zip(&opened.start) {
            // Nothing where the whole history is there: the opener knew no more than it tells.
            partition.move_to(start, &mut self.books);
        }
        if let Some(view) = &opened.view
            && !self.views.contains(view)
        {
            self.views.push(view.clone());
        }
        Applied::Taken
    }

    fn seek(&mut self, sought: &Sought) -> Applied {
        if sought.epoch <= self.epoch {
            return Applied::Fenced;
        }
        if !self.enter_epoch(sought.epoch, &sought.positions) {
            return Applied::Impossible;
        }
        self.is_opened = false;
        for (partition, &position) in self.partitions.iter_mut().zip(&sought.positions) {
            partition.seek(position, &mut self.books);
        }
        let places: Vec<Place> = self.letters(None).map(|(letter, _)| letter.place).collect();
        places.into_iter().for_each(|place| self.settle_place(place));
        self.drop_settled_failures();
        Applied::Taken
    }

    /// Fences what is older. `positions` are taken as they are if there were none.
    fn enter_epoch(&mut self, epoch: u64, positions: &[u64]) -> bool {
        let first = self.partitions.is_empty();
        if positions.is_empty() || !(first || positions.len() == self.partitions.len()) {
            return false;
        }
        self.epoch = epoch;
        if first {
            self.partitions = positions.iter().copied().map(Partition::at).collect();
        }
        self.books.age();
        self.partitions.iter_mut().for_each(Partition::age);
        self.failures.values_mut().for_each(|(_, from)| *from = 0);
        true
    }

    fn rebase(&mut self, base: &Base) -> Applied {
        let fits = base.positions.len() == self.partitions.len()
            && base.reached.len() == self.partitions.len()
            && base.replayed_below.len() == self.partitions.len();
        let places = base.settled.iter().map(|span| span.partition);
        let mut places = places.chain(base.handed.iter().map(|range| range.partition));
        if !fits || places.any(|partition| self.partition(partition).is_none()) {
            return Applied::Impossible;
        }
        if self.books.is_based() {
            // A second copy of it: what came in between stands.
            return Applied::Taken;
        }
        self.books.rebase();
        self.partitions = partition::from_base(base);
        // A letter that was redriven then may have ended since, with its records.
        let failures = base.failures.iter().filter(|failure| self.may_fail(failure.place));
        self.failures = failures.map(|failure| (failure.place, (*failure, 0))).collect();
        self.views.clone_from(&base.views);
        (self.streak, self.failing_since) = (base.streak, base.failing_since);
        self.probes = base.probes;
        Applied::Taken
    }

    fn hand(&mut self, handed: &Handed) -> Applied {
        let here = |range: &crate::HandedRange| {
            range.is_possible() && self.partition(range.partition).is_some()
        };
        if !handed.ranges.iter().all(here) {
            return Applied::Impossible;
        }
        let mut books = std::mem::take(&mut self.books);
        for range in &handed.ranges {
            if let Some(partition) = self.partitions.get_mut(index(range.partition)) {
                partition.hand(range, handed.n, handed.epoch, &mut books);
            }
        }
        self.books = books;
        Applied::Taken
    }

    fn move_cursor(&mut self, cursor: &Cursor) -> Applied {
        if cursor.positions.len() != self.partitions.len() {
            return Applied::Impossible;
        }
        for (partition, &position) in self.partitions.iter_mut().zip(&cursor.positions) {
            partition.move_to(position, &mut self.books);
        }
        self.drop_settled_failures();
        let partitions = &self.partitions;
        self.books.drop_closed(|place| {
            let partition = partitions.get(index(place.partition));
            partition.is_none_or(|partition| place.offset < partition.position)
        });
        Applied::Taken
    }

    fn settle(&mut self, settled: &Settled) -> Applied {
        let here = |span: &Span| {
            span.first <= span.last
                && span.last < u64::MAX
                && self.partition(span.partition).is_some()
        };
        if !settled.spans.iter().all(here) {
            return Applied::Impossible;
        }
        for span in &settled.spans {
            if let Some(partition) = self.partitions.get_mut(index(span.partition)) {
                partition.settle(span.first..span.last + 1, &mut self.books);
            }
        }
        self.drop_settled_failures();
        Applied::Taken
    }

    fn fail(&mut self, failed: &Failed) -> Applied {
        for failure in &failed.failures {
            if !self.may_fail(failure.place) {
                continue;
            }
            self.books.refer(failed_key(failed.epoch, failed.n), 1);
            let before = self.failures.insert(failure.place, (*failure, failed.n));
            if let Some((_, from)) = before {
                self.books.release(failed_key(self.epoch, from), 1);
            }
        }
        Applied::Taken
    }

    fn file(&mut self, changed: &LetterChanged) -> Applied {
        let LetterChanged { letter, state, .. } = changed;
        let place = letter.place;
        if self.partition(place.partition).is_none() || place.offset == u64::MAX {
            return Applied::Impossible;
        }
        let from = RecordKey { epoch: changed.epoch, slot: Slot::Letter(changed.n) };
        self.books.refer(from, 1);
        self.settle_place(place);
        self.drop_failure(place);
        self.books.reopen(place);
        let filed = Filed { letter: letter.clone(), state: *state, from };
        if filed.is_closed() {
            self.close(place, from);
        }
        if let Some(Filed { from, .. }) = self.letters.file(filed) {
            self.books.release(from, 1);
        }
        Applied::Taken
    }

    fn close(&mut self, place: Place, from: RecordKey) {
        let below = self.partition(place.partition).is_some_and(|p| place.offset < p.position);
        self.books.close(place, from, below);
    }

    fn settle_place(&mut self, place: Place) {
        if let Some(partition) = self.partitions.get_mut(index(place.partition)) {
            partition.settle(place.offset..place.offset.saturating_add(1), &mut self.books);
        }
    }

    /// Failures matter only as long as their record is to be handed out.
    fn drop_settled_failures(&mut self) {
        let places = self.failures.keys().copied();
        let over: Vec<Place> = places.filter(|place| !self.may_fail(*place)).collect();
        over.into_iter().for_each(|place| self.drop_failure(place));
    }

    fn drop_failure(&mut self, place: Place) {
        if let Some((_, from)) = self.failures.remove(&place) {
            self.books.release(failed_key(self.epoch, from), 1);
        }
    }

    /// Tells whether a record may be handed out, or may turn out to be a letter that is.
    fn may_fail(&self, place: Place) -> bool {
        !self.is_settled(place) || self.letters.knows(place)
    }

    fn is_redriven(&self, place: Place) -> bool {
        let state = self.letters.get(place).map(|filed| filed.state);
        matches!(state, Some(LetterState::Redriven { .. }))
    }

    fn partition(&self, number: u32) -> Option<&Partition> {
        self.partitions.get(index(number))
    }
}

/// What the live half needs.
impl Progress {
    /// Tells whether a stream was opened that has not written its base.
    pub(crate) fn is_just_opened(&self) -> bool {
        self.is_opened && !self.books.is_based()
    }

    /// Returns the record that makes what is older unnecessary.
    pub(crate) fn base(&self) -> Base {
        let each = |of: fn(&Partition) -> u64| self.partitions.iter().map(of).collect();
        Base {
            sub: self.sub.clone(),
            epoch: self.epoch,
            positions: self.positions(),
            reached: each(|partition| partition.reached),
            replayed_below: each(|partition| partition.replayed_below),
            settled: partition::settled(&self.partitions),
            handed: partition::handed(&self.partitions),
            failures: self.failures().collect(),
            views: self.views.clone(),
            streak: self.streak,
            failing_since: self.failing_since,
            probes: self.probes,
        }
    }

    pub(crate) fn failure(&self, place: Place) -> Option<Failure> {
        self.failures.get(&place).map(|(failure, _)| *failure)
    }

    /// Returns what still counts against records. Those of an outage are told of as none, so that
    /// the base they stand in does not bring them back; their time does not count either.
    pub(crate) fn failures(&self) -> impl Iterator<Item = Failure> {
        let failures = self.failures.values().map(|(failure, _)| *failure);
        let counts = |failure: &Failure| failure.counted > 0 || failure.pending > 0;
        let goes_out = |place| !self.is_settled(place) || self.is_redriven(place);
        failures.filter(move |failure| counts(failure) && goes_out(failure.place))
    }

    pub(crate) fn streak(&self) -> u32 {
        self.streak
    }

    pub(crate) fn probes(&self) -> u32 {
        self.probes
    }

    /// Returns what is settled above a partition's cursor.
    pub(crate) fn settled_above(&self, partition: u32) -> Vec<std::ops::Range<u64>> {
        let spans = self.partition(partition).map(|partition| partition.settled.iter());
        spans.into_iter().flatten().map(|(span, ())| span).collect()
    }

    /// Returns the number of the epoch's next failures or letter.
    pub(crate) fn next_number(&self) -> u64 {
        self.books.next_number()
    }

    /// Returns up to `most` keys that nothing needs any more, if there are at least `least`.
    pub(crate) fn take_garbage(&mut self, least: usize, most: usize) -> Vec<String> {
        let keys = self.books.take_garbage(least, most);
        keys.iter().for_each(|key| _ = self.letters.forget(*key));
        keys.into_iter().map(|key| key.text(&self.sub)).collect()
    }
}

fn failed_key(epoch: u64, n: Source) -> RecordKey {
    RecordKey { epoch, slot: Slot::Failed(n) }
}

/// A partition's number as an index. A number that no machine could index indexes nothing.
pub(crate) fn index(partition: u32) -> usize {
    usize::try_from(partition).unwrap_or(usize::MAX)
}
