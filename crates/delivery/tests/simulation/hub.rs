//! A hub of one subscription, with its data, its lane and its consumer; and the faults between.

use std::collections::{BTreeMap, BTreeSet};

use ndxp_delivery::{
    AckToken, Applied, Cursor, DeliveryRecord, HandOut, Item, Limits, Opened, Progress,
};
use ndxp_model::SubscriptionName;

use crate::{
    chance::Chance,
    live::{Live, Place, Rows},
};

/// What becomes of an append.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Written,
    /// It is not written, and the stream is gone.
    Lost,
    /// It is written, and the process dies before it does anything else.
    WrittenThenCrash,
}

pub(crate) struct Hub {
    chance: Chance,
    rows: Rows,
    start: Vec<u64>,
    /// The lane: each record's bytes, and the state's after it.
    lane: Vec<(Vec<u8>, Vec<u8>)>,
    fold: Progress,
    /// The stream of the latest epoch, unless it crashed.
    current: Option<Live>,
    /// Streams of older epochs whose process has not noticed.
    fenced: Vec<Live>,
    /// How often each record's hand-out became durable: so often it may have been sent.
    maybe_sent: BTreeMap<Place, u32>,
    received: BTreeSet<Place>,
    tokens: Vec<AckToken>,
}

impl Hub {
    pub(crate) fn new(mut chance: Chance) -> Self {
        let partitions = 1 + chance.below(3);
        let mut rows = Rows::default();
        (0..partitions).for_each(|number| rows.publish(&mut chance, number, 3));
        Self {
            start: (0..partitions).map(|_| chance.below(3)).collect(),
            rows,
            lane: Vec::new(),
            fold: Progress::new(sub("statistics/units")),
            current: None,
            fenced: Vec::new(),
            maybe_sent: BTreeMap::new(),
            received: BTreeSet::new(),
            tokens: Vec::new(),
            chance,
        }
    }

    pub(crate) fn step(&mut self) {
        let Some(mut live) = self.current.take() else { return self.take_over(None) };
        match self.chance.below(100) {
            0..15 => {
                let number = self.chance.below(self.start.len() as u64);
                let more = self.chance.below(6);
                self.rows.publish(&mut self.chance, number, more);
            }
            15..30 => live.credit(self.chance.below(8), self.chance.below(1_500)),
            30..60 => {
                let fate = self.fate();
                return self.deliver(live, fate);
            }
            60..85 => {
                let fate = self.fate();
                let settled = live.ack(&self.some_tokens());
                return self.settle(live, settled.cursor, fate);
            }
            85..90 => {
                let cursor = live.stream.checkpoint();
                return self.settle(live, cursor, Fate::Written);
            }
            90..92 => return,
            92..95 => return self.take_over(Some(live)),
            95..98 => self.write_of_a_fenced_stream(),
            _ => self.write_of_another_subscription(),
        }
        self.current = Some(live);
    }

    pub(crate) fn check(&self) {
        if let Some(live) = &self.current {
            assert_eq!(live.stream.progress(), &self.fold, "the live stream and the fold differ");
            live.check(&self.rows);
        }
    }

    /// Crashes once more, then delivers and settles everything.
    pub(crate) fn drain(&mut self) {
        self.current = None;
        self.take_over(None);
        let unsettled = self.rows.visible_from(&self.fold.positions());
        while self.fold.positions() != self.rows.ends() {
            let mut live = self.current.take().unwrap();
            live.credit(10, 10_000);
            self.deliver(live, Fate::Written);
            let mut live = self.current.take().unwrap();
            let settled = live.ack(&self.tokens);
            self.settle(live, settled.cursor, Fate::Written);
        }
        let handed = &self.current.as_ref().unwrap().handed;
        assert_eq!(handed, &unsettled, "what is not settled is handed out again, and no more");
        assert_eq!(self.received, self.rows.visible_from(&self.start), "everything arrives");
        assert!(self.fold.to_bytes().ends_with(br#""handed":[]}"#), "what is settled is forgotten");
    }

    /// Replays the lane: after each record the same bytes as when it was written.
    pub(crate) fn replay(&self) -> Progress {
        let mut replayed = Progress::new(self.fold.subscription().clone());
        for (record, state) in &self.lane {
            let _any = replayed.apply(&DeliveryRecord::decode(record).unwrap());
            assert_eq!(&replayed.to_bytes(), state);
        }
        replayed
    }

    /// Opens a stream. An old one that lives may hand out between the opener's reading and its
    /// append, and goes on without knowing that it is fenced.
    fn take_over(&mut self, old: Option<Live>) {
        let opened = self.fold.opening(&self.start);
        if let Some(old) = old {
            self.deliver(old, Fate::Written);
            self.fenced.extend(self.current.take());
        }
        assert_eq!(self.append(&opened.clone().into()), Applied::Taken);
        assert_eq!(self.append(&opened.into()), Applied::Fenced, "the loser of a race is fenced");
        let limits = Limits::new(1 + self.chance.below(20), 400 + self.chance.below(4_000));
        let replayed = self.replay();
        self.current = Some(Live::open(&replayed, limits.unwrap()));
    }

    fn deliver(&mut self, mut live: Live, fate: Fate) {
        let items = live.frame(&mut self.chance, &self.rows);
        if items.is_empty() {
            self.current = Some(live);
            return;
        }
        let out = live.hand(&items);
        self.check_hand_out(&items, &out);
        if fate == Fate::Lost {
            return;
        }
        assert_eq!(self.append(&out.handed.into()), Applied::Taken);
        for item in &items {
            *self.maybe_sent.entry((item.partition, item.offset)).or_default() += 1;
        }
        if fate == Fate::Written {
            self.received.extend(items.iter().map(|item| (item.partition, item.offset)));
            self.tokens.extend(out.deliveries.iter().map(|delivery| delivery.token));
            self.current = Some(live);
        }
    }

    fn check_hand_out(&self, items: &[Item], out: &HandOut) {
        let positions = self.fold.positions();
        for (item, delivery) in items.iter().zip(&out.deliveries) {
            let place = (item.partition, item.offset);
            assert!(item.offset >= positions[item.partition as usize], "{place:?} is settled");
            let sent = self.maybe_sent.get(&place).copied().unwrap_or(0);
            assert_eq!(delivery.attempt, sent + 1, "attempt of {place:?}");
        }
    }

    fn settle(&mut self, live: Live, cursor: Option<Cursor>, fate: Fate) {
        if let Some(cursor) = cursor {
            if fate == Fate::Lost {
                return;
            }
            let passed = self.rows.visible_from(&self.fold.positions());
            let above = self.rows.visible_from(&cursor.positions);
            let unsettled = passed.difference(&above).find(|place| !live.acked.contains(place));
            assert_eq!(unsettled, None, "the cursor passed it");
            assert_eq!(self.append(&cursor.into()), Applied::Taken);
        }
        self.current = (fate == Fate::Written).then_some(live);
    }

    /// A process that does not know that it is fenced writes; nothing comes of it, and it ends.
    fn write_of_a_fenced_stream(&mut self) {
        let Some(mut live) = self.fenced.pop() else { return };
        live.credit(10, 2_000);
        let items = live.frame(&mut self.chance, &self.rows);
        if !items.is_empty() {
            let out = live.hand(&items);
            assert_eq!(self.append(&out.handed.into()), Applied::Fenced);
        }
        if let Some(cursor) = live.ack(&self.some_tokens()).cursor {
            assert_eq!(self.append(&cursor.into()), Applied::Fenced);
        }
    }

    fn write_of_another_subscription(&mut self) {
        let (sub, epoch) = (sub("statistics/persons"), 1 + self.chance.below(30));
        let start = vec![self.chance.below(9); self.start.len()];
        let opened = Opened { sub: sub.clone(), epoch, start: start.clone() };
        assert_eq!(self.append(&opened.into()), Applied::OtherSubscription);
        let cursor = Cursor { sub, epoch, positions: start };
        assert_eq!(self.append(&cursor.into()), Applied::OtherSubscription);
    }

    /// Appends; sometimes twice, as after an outcome that was unknown.
    fn append(&mut self, record: &DeliveryRecord) -> Applied {
        let applied = self.append_once(record);
        if self.chance.percent(10) {
            let _again = self.append_once(record);
        }
        applied
    }

    fn append_once(&mut self, record: &DeliveryRecord) -> Applied {
        let bytes = record.encode();
        assert_eq!(&DeliveryRecord::decode(&bytes).unwrap(), record);
        let before = self.fold.to_bytes();
        let applied = self.fold.apply(record);
        let after = self.fold.to_bytes();
        assert!(applied == Applied::Taken || before == after, "{applied:?} and yet it changed");
        self.lane.push((bytes, after));
        applied
    }

    /// Tokens that the consumer was given, of any epoch and in any order, and some it was not.
    fn some_tokens(&mut self) -> Vec<AckToken> {
        let mut tokens = Vec::new();
        for _ in 0..self.chance.below(8) {
            let recent = self.tokens.len().saturating_sub(self.chance.below(24) as usize + 1);
            tokens.extend(self.tokens.get(recent));
        }
        if self.chance.percent(20) {
            let mut forged = [0; AckToken::BYTES];
            forged[7] = self.chance.below(12) as u8;
            forged[15] = self.chance.below(40) as u8;
            tokens.push(AckToken::parse(&forged).unwrap());
        }
        tokens
    }

    fn fate(&mut self) -> Fate {
        match self.chance.below(100) {
            0..86 => Fate::Written,
            86..93 => Fate::Lost,
            _ => Fate::WrittenThenCrash,
        }
    }
}

fn sub(name: &str) -> SubscriptionName {
    name.parse().unwrap()
}
