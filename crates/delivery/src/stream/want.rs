//! What the shell is to do next.

use super::{
    Origin, Pause, Reader, Refetch, Stream, Wait, Work, health::MOST_SET_ASIDE, held::Timer,
};
use crate::{change::Change, letter::Cause, limits::Room, now::Now, place::Place, progress::index};

/// What the shell is to do: write the change; fetch `again`, or read on; give it to
/// [`Stream::hand`]; if there is nothing of that, wait until `wake_ms` or until something happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Want {
    /// To write first: leases have ended, records were given up.
    pub change: Change,
    /// Records to fetch again, no more than there is room for. They go before what is read.
    pub again: Vec<Refetch>,
    /// Where to read on, a partition each that has more. Nothing while reading pauses.
    pub reads: Vec<Read>,
    /// How much to read at most, beside `again`.
    pub room: Room,
    /// When, on the monotonic clock, to ask again at the latest. Nothing if only credit, settlements
    /// or new records can change the answer.
    pub wake_ms: Option<u64>,
    /// Why nothing, or so little, is wanted.
    pub paused: Option<Pause>,
}

/// How many records wait, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// For another record of their key.
    pub parked: u64,
    /// For a moment: a retry's delay, or the pace of a redrive.
    pub delayed: u64,
    /// To be fetched and handed out.
    pub ready: u64,
}

/// Where to read on in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// The partition.
    pub partition: u32,
    /// The first offset that was not read.
    pub from: u64,
}

/// What may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    All,
    /// This record alone.
    Again(Place),
    /// One that was not read yet.
    Unread,
}

impl Stream {
    /// Lets time pass, and says what to do.
    pub fn want(&mut self, now: Now) -> Want {
        let mut change = Change::default();
        self.expire(now, &mut change);
        self.wake(now, &mut change);
        let mut room = self.room();
        let mut turn = Turn::All;
        if let Some(failing) = &self.health.failing {
            turn = self.probe_turn();
            // One is handed out; to find one that may be, more are read.
            let most = if failing.is_due(now.monotonic_ms) { MOST_SET_ASIDE } else { 0 };
            room.records = room.records.min(most.into());
        }
        if let Turn::Again(place) = turn
            && room.records > 0
        {
            self.held.make_ready(place);
        }
        let again = self.again(turn, room);
        room.records -= (again.len() as u64).min(room.records);
        let reads = if self.may_read(turn, room) { self.reads() } else { Vec::new() };
        room.records = room.records.min(self.parking_room());
        Want { change, again, reads, room, wake_ms: self.wake_ms(now), paused: self.paused() }
    }

    fn again(&self, turn: Turn, room: Room) -> Vec<Refetch> {
        let refetch = |work: &Work| {
            let Work { place, key, verdict, .. } = *work;
            Refetch { place, key, verdict }
        };
        let most = usize::try_from(room.records).unwrap_or(usize::MAX);
        match turn {
            Turn::Unread => Vec::new(),
            Turn::All => self.held.ready().take(most).map(refetch).collect(),
            Turn::Again(place) => {
                let works = self.held.ready().filter(|work| work.place == place);
                works.take(most).map(refetch).collect()
            }
        }
    }

    fn may_read(&self, turn: Turn, room: Room) -> bool {
        let may = !matches!(turn, Turn::Again(_)) && self.reads_on();
        may && room.records > 0 && room.bytes > 0 && self.parking_room() > 0
    }

    fn reads(&self) -> Vec<Read> {
        let more = (0..).zip(&self.readers).filter(|(_, reader)| reader.has_more());
        more.map(|(partition, reader)| Read { partition, from: reader.next_read() }).collect()
    }

    /// Ends the waits that are over. What has used up its attempts meanwhile is given up.
    fn wake(&mut self, now: Now, change: &mut Change) {
        while let Some(place) = self.held.due(now.monotonic_ms) {
            if let Some((work, Wait::Until { by: Timer::Paced, .. })) = self.held.get(place) {
                self.keep(work, Wait::Ready);
                continue;
            }
            self.held.make_ready(place);
            if self.is_exhausted(place, now)
                && let Some((work, Wait::Ready)) = self.held.get(place)
                && work.origin != Origin::Redriven
            {
                self.held.remove(place);
                self.bury(&work, Cause::Exhausted, now, change);
            }
        }
        if !change.append.is_empty() {
            self.settle_pass(change);
            self.save(false, change);
            self.forget(super::FORGET, change);
        }
    }

    fn wake_ms(&self, now: Now) -> Option<u64> {
        let probe = self.health.failing.as_ref();
        let probe = probe.map(|failing| failing.probe_at_ms).filter(|ms| *ms > now.monotonic_ms);
        let moments = [self.given.next_end(), self.held.next_timer(), probe];
        moments.into_iter().flatten().min()
    }

    /// Returns how many records the machine keeps that are not outstanding, by what they wait for.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        self.held.waiting()
    }

    /// Tells whether everything that the log holds, as far as is known, was handed out and settled.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let read = !self.readers.iter().any(Reader::has_more);
        read && self.outstanding == Room::NONE && self.held.is_empty()
    }

    /// Tells whether an offset was read and is settled.
    pub(super) fn is_settled(&self, place: Place) -> bool {
        let reader = self.readers.get(index(place.partition));
        reader.is_some_and(|reader| reader.is_settled(place.offset))
    }
}
