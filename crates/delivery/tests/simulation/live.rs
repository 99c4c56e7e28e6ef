//! A stream beside a plain model of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ndxp_delivery::{AckToken, HandOut, Item, Limits, Progress, Room, Settled, Stream};

use crate::chance::Chance;

/// A record's partition and offset.
pub(crate) type Place = (u32, u64);

/// The dataset: each row's size, `None` where the filter withholds it.
#[derive(Default)]
pub(crate) struct Rows(Vec<Vec<Option<u64>>>);

impl Rows {
    pub(crate) fn publish(&mut self, chance: &mut Chance, partition: u64, rows: u64) {
        let partition = partition as usize;
        self.0.resize_with(self.0.len().max(partition + 1), Vec::new);
        for _ in 0..rows {
            let row = chance.percent(70).then(|| 1 + chance.below(300));
            self.0[partition].push(row);
        }
    }

    pub(crate) fn ends(&self) -> Vec<u64> {
        self.0.iter().map(|rows| rows.len() as u64).collect()
    }

    pub(crate) fn visible_from(&self, positions: &[u64]) -> BTreeSet<Place> {
        let mut visible = BTreeSet::new();
        for ((number, rows), from) in (0..).zip(&self.0).zip(positions) {
            let entitled = (0..).zip(rows).filter(|(offset, row)| offset >= from && row.is_some());
            visible.extend(entitled.map(|(offset, _)| (number, offset)));
        }
        visible
    }
}

pub(crate) struct Live {
    pub(crate) stream: Stream,
    limits: Limits,
    start: Vec<u64>,
    granted: Room,
    used: Room,
    frames: u64,
    /// All that this stream ever gave.
    tokens: BTreeMap<AckToken, Item>,
    pub(crate) handed: BTreeSet<Place>,
    pub(crate) acked: BTreeSet<Place>,
}

impl Live {
    pub(crate) fn open(progress: &Progress, limits: Limits) -> Self {
        Self {
            stream: Stream::open(progress, limits).unwrap(),
            limits,
            start: progress.positions(),
            granted: Room::NONE,
            used: Room::NONE,
            frames: 0,
            tokens: BTreeMap::new(),
            handed: BTreeSet::new(),
            acked: BTreeSet::new(),
        }
    }

    pub(crate) fn credit(&mut self, records: u64, bytes: u64) {
        self.stream.credit(records, bytes);
        self.granted.records += records;
        self.granted.bytes += bytes;
    }

    /// Reads some of each partition and picks what there is room for, the partitions mixed. What is
    /// withheld behind a record that finds no room is told all the same.
    pub(crate) fn frame(&mut self, chance: &mut Chance, rows: &Rows) -> Vec<Item> {
        let mut queues: Vec<VecDeque<Item>> = Vec::new();
        let nexts: Vec<Place> = self.stream.next_reads().collect();
        for ((partition, next), rows) in nexts.into_iter().zip(&rows.0) {
            let mut queue = VecDeque::new();
            for offset in next..(next + 1 + chance.below(8)).min(rows.len() as u64) {
                match rows[offset as usize] {
                    Some(size) => queue.push_back(Item { partition, offset, size }),
                    None => self.stream.skip(partition, offset..offset + 1).unwrap(),
                }
            }
            queues.push(queue);
        }
        let room = self.stream.room();
        let mut asked = Room::NONE;
        let mut items = Vec::new();
        queues.retain(|queue| !queue.is_empty());
        while !queues.is_empty() {
            let picked = chance.below(queues.len() as u64) as usize;
            let item = queues[picked].pop_front().unwrap();
            let more = Room { records: asked.records + 1, bytes: asked.bytes + item.size };
            if room.holds(more) {
                asked = more;
                items.push(item);
            } else {
                queues[picked].clear();
            }
            queues.retain(|queue| !queue.is_empty());
        }
        items
    }

    /// Hands out and checks that the record says exactly what the frame holds.
    pub(crate) fn hand(&mut self, items: &[Item]) -> HandOut {
        let out = self.stream.hand(&"agr-0042@7".parse().unwrap(), items).unwrap();
        self.frames += 1;
        assert_eq!(out.handed.n, self.frames, "compaction would lose a hand-out");
        let mut said = BTreeMap::new();
        for range in &out.handed.ranges {
            for offset in range.first..=range.last {
                let twice = said.insert((range.partition, offset), range.attempt);
                assert_eq!(twice, None, "ranges overlap: {:?}", out.handed);
            }
        }
        let mut given = BTreeMap::new();
        assert_eq!(out.deliveries.len(), items.len());
        for (item, delivery) in items.iter().zip(&out.deliveries) {
            let place = (item.partition, item.offset);
            given.insert(place, delivery.attempt);
            assert!(self.handed.insert(place), "{place:?} was handed out twice by one stream");
            assert_eq!(self.tokens.insert(delivery.token, *item), None, "a token was given twice");
            self.used.records += 1;
            self.used.bytes += item.size;
        }
        assert_eq!(said, given, "the record and the frame differ");
        out
    }

    /// Acknowledges and checks what was settled and what was lost.
    pub(crate) fn ack(&mut self, tokens: &[AckToken]) -> Settled {
        let settled = self.stream.ack(tokens);
        let mut acked = 0;
        let mut lost = Vec::new();
        for token in tokens {
            match self.tokens.get(token) {
                Some(item) => acked += u64::from(self.acked.insert((item.partition, item.offset))),
                None => lost.push(*token),
            }
        }
        assert_eq!((settled.acked, &settled.lost), (acked, &lost));
        settled
    }

    pub(crate) fn check(&self, rows: &Rows) {
        let open: BTreeSet<Place> = self.handed.difference(&self.acked).copied().collect();
        let sizes = self.tokens.values().filter(|i| open.contains(&(i.partition, i.offset)));
        let outstanding =
            Room { records: open.len() as u64, bytes: sizes.map(|item| item.size).sum() };
        assert_eq!(self.stream.outstanding(), outstanding);
        assert!(self.granted.holds(self.used), "{:?} used of {:?}", self.used, self.granted);
        assert!(self.limits.outstanding().holds(outstanding), "{outstanding:?} are outstanding");

        let cursor = self.stream.cursor();
        let nexts: Vec<u64> = self.stream.next_reads().map(|(_, next)| next).collect();
        for ((number, next), cursor) in (0..).zip(&nexts).zip(&cursor) {
            let lowest = open.range((number, 0)..(number + 1, 0)).next();
            assert_eq!(cursor, lowest.map_or(next, |(_, offset)| offset));
        }
        let from_start = rows.visible_from(&self.start);
        let read: BTreeSet<Place> =
            from_start.difference(&rows.visible_from(&nexts)).copied().collect();
        assert_eq!(read, self.handed, "what was read and may leave was handed out");
        let kept = self.handed.intersection(&rows.visible_from(&cursor)).count() as u64;
        assert!(kept <= self.limits.window_records(), "{kept} are kept above the cursor");
    }
}
