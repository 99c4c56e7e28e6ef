//! A stream beside what the consumer and the transport know of it.

use std::collections::{BTreeMap, BTreeSet};

use ndxp_delivery::{
    AckToken, Delivery, Fate, HandOut, Item, Now, Options, Order, Place, Room, Stream, Want,
};

use crate::{chance::Chance, rows::Rows};

pub(crate) struct Live {
    pub(crate) stream: Stream,
    pub(crate) options: Options,
    granted: Room,
    /// Used and not given back.
    used: Room,
    frames: u64,
    /// Frames that the transport has not taken.
    outbox: Vec<u64>,
    /// What was to be revisited.
    pub(crate) revisits: BTreeSet<Place>,
    /// All that this stream ever gave.
    pub(crate) given: BTreeMap<AckToken, Given>,
}

#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) item: Item,
    frame: u64,
    /// When its lease ends, and when at the latest.
    lease: Option<(u64, u64)>,
    pub(crate) state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Outstanding,
    Settled,
    Lost,
}

impl Live {
    pub(crate) fn new(stream: Stream, options: Options) -> Self {
        Self {
            stream,
            options,
            granted: Room::NONE,
            used: Room::NONE,
            frames: 0,
            outbox: Vec::new(),
            revisits: BTreeSet::new(),
            given: BTreeMap::new(),
        }
    }

    pub(crate) fn credit(&mut self, records: u64, bytes: u64) {
        self.stream.credit(records, bytes);
        self.granted.records += records;
        self.granted.bytes += bytes;
    }

    /// Leases that are over by now, in the order of their tokens.
    pub(crate) fn lose(&mut self, now: Now) -> Vec<Place> {
        let mut lost = Vec::new();
        for given in self.given.values_mut() {
            let over = given.lease.is_some_and(|(end, _)| end <= now.monotonic_ms);
            if given.state == State::Outstanding && over {
                given.state = State::Lost;
                self.used.records -= 1;
                self.used.bytes -= given.item.size;
                lost.push(given.item.place);
            }
        }
        lost
    }

    /// Items for a frame: what is wanted again, then what is read on. What is withheld is told.
    pub(crate) fn page(&mut self, want: &Want, chance: &mut Chance, rows: &Rows) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        for refetch in &want.again {
            let item = rows.item(refetch.place).unwrap();
            assert_eq!(refetch.item(item.size), item, "it remembers key and verdict");
            items.push(item);
        }
        for read in &want.reads {
            let most = (1 + chance.below(8)).min(want.room.records);
            for offset in read.from..read.from + most {
                let place = Place { partition: read.partition, offset };
                if offset >= rows.ends()[read.partition as usize] {
                    break;
                }
                match rows.item(place) {
                    Some(item) => items.push(item),
                    None => self.stream.skip(read.partition, offset..offset + 1).unwrap(),
                }
            }
        }
        items
    }

    /// Hands out and checks that the record says exactly what the frame holds.
    pub(crate) fn hand(&mut self, items: &[Item], now: Now) -> (HandOut, Vec<(Item, Delivery)>) {
        let paused = self.stream.progress().failing_since().is_some();
        let before = self.stream.outstanding().records;
        let out = self.stream.hand(&"agr-0042@7".parse().unwrap(), items, now).unwrap();
        assert_eq!(out.fates.len(), items.len());
        let given: Vec<(Item, Delivery)> = items.iter().zip(&out.fates).filter_map(given).collect();
        let mut said = BTreeMap::new();
        for range in out.frame.iter().flat_map(|frame| &frame.handed.ranges) {
            for offset in range.first..=range.last {
                let twice = said.insert((range.partition, offset), range.attempt);
                assert_eq!(twice, None, "ranges overlap: {:?}", out.frame);
            }
        }
        let frame: BTreeMap<(u32, u64), u32> = given
            .iter()
            .map(|(item, d)| ((item.place.partition, item.place.offset), d.attempt))
            .collect();
        assert_eq!(said, frame, "the record and the frame differ");
        assert!(!paused || given.len() <= 1, "more than a probe was handed out in an outage");
        let Some(frame) = &out.frame else { return (out, given) };
        self.frames += 1;
        assert_eq!(frame.handed.n, self.frames, "compaction would lose a hand-out");
        self.outbox.push(self.frames);
        for (item, delivery) in &given {
            self.check_outstanding(item);
            let record =
                Given { item: *item, frame: self.frames, lease: None, state: State::Outstanding };
            assert!(self.given.insert(delivery.token, record).is_none(), "a token was given twice");
            self.used.records += 1;
            self.used.bytes += item.size;
        }
        assert_eq!(self.stream.outstanding().records, before + given.len() as u64);
        (out, given)
    }

    fn check_outstanding(&self, item: &Item) {
        for other in self.given.values().filter(|given| given.state == State::Outstanding) {
            let place = item.place;
            assert_ne!(other.item.place, place, "{place} is outstanding twice");
            let same_key = other.item.key == item.key && self.options.order == Order::ByKey;
            assert!(!same_key, "{place} and {} of one key are outstanding", other.item.place);
        }
    }

    /// The transport takes frames.
    pub(crate) fn take_frames(&mut self, chance: &mut Chance, now: Now) {
        while !self.outbox.is_empty() && (chance.is_kind() || chance.percent(90)) {
            let frame = self.outbox.remove(0);
            self.stream.taken(frame, now);
            let end = now.monotonic_ms + self.options.lease.ms();
            let latest = end + self.options.lease.extensions_ms();
            for given in self.given.values_mut().filter(|given| given.frame == frame) {
                given.lease = Some((end, latest));
            }
        }
    }

    pub(crate) fn extend(&mut self, tokens: &[AckToken], now: Now) {
        for token in tokens {
            if let Some(given) = self.given.get_mut(token)
                && given.state == State::Outstanding
                && let Some((end, latest)) = given.lease
            {
                let longer = (now.monotonic_ms + self.options.lease.ms()).min(latest).max(end);
                given.lease = Some((longer, latest));
            }
        }
    }

    /// Records of frames that the transport took.
    pub(crate) fn sent(&self) -> Vec<Place> {
        let sent = self.given.values().filter(|g| g.state == State::Outstanding);
        sent.filter(|given| given.lease.is_some()).map(|given| given.item.place).collect()
    }

    pub(crate) fn check(&self) {
        let open = self.given.values().filter(|given| given.state == State::Outstanding);
        let sizes: Vec<u64> = open.map(|given| given.item.size).collect();
        let outstanding = Room { records: sizes.len() as u64, bytes: sizes.iter().sum() };
        assert_eq!(self.stream.outstanding(), outstanding);
        assert!(self.granted.holds(self.used), "{:?} used of {:?}", self.used, self.granted);
        assert!(self.options.limits.outstanding().holds(outstanding), "{outstanding:?}");
    }
}

fn given((item, fate): (&Item, &Fate)) -> Option<(Item, Delivery)> {
    match fate {
        Fate::Given(delivery) => Some((*item, *delivery)),
        Fate::Parked | Fate::Left | Fate::Passed => None,
    }
}
