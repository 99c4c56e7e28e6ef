//! A shell that does what the crate's first page says, over rows that never fail.

use std::time::Duration;

use ndxp_delivery::{
    AckToken, Applied, Change, Delivery, DeliveryRecord, Fate, Item, KeyHash, Now, Options,
    Outcome, Pause, Place, Progress, RejectReason, Settlement, Stream, Verdict, Want,
};
use ndxp_model::{AgreementRef, Timestamp};

pub(crate) struct Shell {
    pub(crate) progress: Progress,
    pub(crate) stream: Stream,
    pub(crate) options: Options,
    pub(crate) now: Now,
    /// The key of each record of the one partition.
    pub(crate) keys: Vec<u128>,
    /// Every record that was handed out, with what was said of it.
    pub(crate) handed: Vec<(u64, Delivery)>,
    pub(crate) acked: Vec<u64>,
    /// The lane: key and value, empty for a tombstone.
    pub(crate) lane: Vec<(String, Vec<u8>)>,
}

pub(crate) fn view() -> AgreementRef {
    "agr-0042@7".parse().unwrap()
}

pub(crate) fn at(offset: u64) -> Place {
    Place { partition: 0, offset }
}

pub(crate) fn rejection(text: &str) -> Outcome {
    Outcome::Reject(RejectReason::new(text).unwrap())
}

impl Shell {
    /// A subscription with ample credit on records of these keys.
    pub(crate) fn new(keys: &[u128], options: Options) -> Self {
        let now = Now { monotonic_ms: 0, wall: Timestamp::from_millis(1_790_000_000_000) };
        let mut progress = Progress::new("statistics/units".parse().unwrap());
        assert_eq!(progress.apply(&progress.opening(&[0], view()).into()), Applied::Taken);
        let opening = Stream::open(&progress, options, now).unwrap();
        let mut shell = Self {
            progress,
            stream: opening.stream,
            options,
            now,
            keys: keys.to_vec(),
            handed: Vec::new(),
            acked: Vec::new(),
            lane: Vec::new(),
        };
        shell.write(opening.change);
        shell.stream.credit(1_000_000, 1 << 40);
        shell
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        let ms = time.as_millis() as u64;
        self.now.monotonic_ms += ms;
        self.now.wall = Timestamp::from_millis(self.now.wall.millis() + ms as i64);
    }

    pub(crate) fn write(&mut self, change: Change) {
        for record in change.append {
            self.append(record);
        }
        for key in change.forget {
            self.progress.forgotten(&key);
            self.lane.push((key, Vec::new()));
        }
    }

    pub(crate) fn append(&mut self, record: DeliveryRecord) {
        assert_eq!(self.progress.apply(&record), Applied::Taken, "{record:?}");
        self.lane.push((record.key(), record.encode()));
    }

    pub(crate) fn want(&mut self) -> Want {
        self.stream.see_end(0, self.keys.len() as u64).unwrap();
        let want = self.stream.want(self.now);
        self.write(want.change.clone());
        want
    }

    pub(crate) fn item(&self, offset: u64) -> Item {
        let key = KeyHash(self.keys[offset as usize]);
        Item { place: at(offset), size: 10, key, verdict: Verdict(offset as u8 % 3) }
    }

    /// Hands out what is wanted, in one frame that the transport takes at once. What is read may be
    /// parked: then it asks again.
    pub(crate) fn deliver(&mut self) -> Vec<(u64, AckToken)> {
        loop {
            let before = self.stream.next_reads().next();
            let given = self.deliver_once();
            if !given.is_empty() || self.stream.next_reads().next() == before {
                return given;
            }
        }
    }

    fn deliver_once(&mut self) -> Vec<(u64, AckToken)> {
        let want = self.want();
        let mut items: Vec<Item> = want.again.iter().map(|refetch| refetch.item(10)).collect();
        for read in &want.reads {
            let end = (read.from + want.room.records.min(100)).min(self.keys.len() as u64);
            items.extend((read.from..end).map(|offset| self.item(offset)));
        }
        self.hand(&items)
    }

    pub(crate) fn hand(&mut self, items: &[Item]) -> Vec<(u64, AckToken)> {
        let out = self.stream.hand(&view(), items, self.now).unwrap();
        let Some(frame) = out.frame else { return Vec::new() };
        let number = frame.handed.n;
        self.append(frame.handed.into());
        self.stream.taken(number, self.now);
        let given = items.iter().zip(out.fates).filter_map(|(item, fate)| match fate {
            Fate::Given(delivery) => Some((item.place.offset, delivery)),
            Fate::Parked | Fate::Left | Fate::Passed => None,
        });
        let given: Vec<(u64, Delivery)> = given.collect();
        self.handed.extend(&given);
        given.into_iter().map(|(offset, delivery)| (offset, delivery.token)).collect()
    }

    pub(crate) fn settle(&mut self, token: AckToken, outcome: Outcome) {
        let settlement = Settlement { token, outcome };
        let result = self.stream.settle(&[settlement], self.now);
        assert_eq!(result.lost, [], "lost");
        self.write(result.change);
    }

    /// Delivers until there is nothing to do now; the consumer says what becomes of each record.
    pub(crate) fn run(&mut self, consumer: impl Fn(u64) -> Outcome) {
        loop {
            let given = self.deliver();
            if given.is_empty() {
                return;
            }
            for (offset, token) in given {
                let outcome = consumer(offset);
                if outcome == Outcome::Ack {
                    self.acked.push(offset);
                }
                self.settle(token, outcome);
            }
        }
    }

    /// Does so for a while, whenever the machine wants something.
    pub(crate) fn run_for(&mut self, time: Duration, consumer: impl Fn(u64) -> Outcome) {
        let end = self.now.monotonic_ms + time.as_millis() as u64;
        loop {
            self.run(&consumer);
            let wake = self.want().wake_ms.unwrap_or(end).min(end);
            assert!(wake > self.now.monotonic_ms || wake == end, "it waits for what has come");
            if wake >= end {
                self.pass(Duration::from_millis(end.saturating_sub(self.now.monotonic_ms)));
                return;
            }
            self.pass(Duration::from_millis(wake.saturating_sub(self.now.monotonic_ms)));
        }
    }

    /// Opens the next stream; what the last one left was written before.
    pub(crate) fn reopen(&mut self) {
        let opening = self.progress.opening(&[0], view());
        self.append(opening.into());
        let opening = Stream::open(&self.progress, self.options, self.now).unwrap();
        self.stream = opening.stream;
        self.write(opening.change);
        self.stream.credit(1_000_000, 1 << 40);
    }

    /// The client goes away.
    pub(crate) fn close(&mut self) {
        let (progress, options, now) = (self.progress.clone(), self.options, self.now);
        let spare = spare(&progress, options, now);
        let change = std::mem::replace(&mut self.stream, spare).closed(self.now);
        self.write(change);
    }

    /// The hub ends the stream.
    pub(crate) fn retire(&mut self) {
        let spare = spare(&self.progress, self.options, self.now);
        let change = std::mem::replace(&mut self.stream, spare).retire();
        self.write(change);
    }

    pub(crate) fn is_failing(&self) -> bool {
        matches!(self.stream.paused(), Some(Pause::ConsumerFailing { .. }))
    }

    pub(crate) fn letters(&self) -> Vec<u64> {
        self.progress.letters(None).map(|(letter, _)| letter.place.offset).collect()
    }
}

/// A stream that nobody uses, to put in place of one that ends.
fn spare(progress: &Progress, options: Options, now: Now) -> Stream {
    let mut progress = progress.clone();
    let _applied = progress.apply(&progress.opening(&[0], view()).into());
    Stream::open(&progress, options, now).unwrap().stream
}
