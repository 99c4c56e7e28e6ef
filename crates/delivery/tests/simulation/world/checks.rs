//! What holds after each step, and in the end.

use ndxp_delivery::{Delivery, DeliveryRecord, Item, LetterState, Now, Order, Place, Stream};
use ndxp_model::Timestamp;

use super::World;
use crate::{
    compact,
    live::{Live, State},
};

impl World {
    /// What holds after each step. The states are compared now and then: a difference stays.
    pub(crate) fn check(&self, states: bool) {
        let Some(live) = &self.current else { return };
        live.check();
        if !states {
            return;
        }
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let known = text(live.stream.progress().to_bytes());
        assert_eq!(known, text(self.fold.to_bytes()), "the live stream and the fold differ");
    }

    pub(super) fn check_delivery(&self, live: &Live, item: &Item, delivery: &Delivery) {
        let place = item.place;
        assert_eq!(delivery.verdict, item.verdict);
        match self.fold.letter(place) {
            Some((letter, state)) => {
                let redriven = matches!(state, LetterState::Redriven { .. });
                assert!(redriven, "{place} is a dead letter");
                assert!(delivery.attempt > letter.attempts && delivery.replayed);
            }
            None if self.fold.is_settled(place) => {
                assert!(delivery.replayed, "{place} is settled and not revisited");
            }
            None => {
                let sent = self.model.maybe_sent.get(&place).copied().unwrap_or(0);
                assert_eq!(delivery.attempt, sent + 1, "attempt of {place}");
                if !live.revisits.contains(&place) {
                    assert_eq!(delivery.replayed, self.fold.is_replayed(place));
                    self.check_order(live, item);
                }
            }
        }
    }

    /// By key, what comes before it is settled.
    fn check_order(&self, live: &Live, item: &Item) {
        if live.options.order == Order::None {
            return;
        }
        let before = self.rows.visible_from(&self.model.from).filter(|other| {
            other.key == item.key
                && other.place.partition == item.place.partition
                && other.place.offset < item.place.offset
        });
        let open = before.map(|other| other.place).find(|p| !self.model.settled.contains(p));
        assert_eq!(open, None, "{} is handed out before it", item.place);
    }

    /// A record says nothing is settled that is not.
    pub(super) fn check_record(&mut self, record: &DeliveryRecord) {
        let is_passed = |place: Place| match record {
            DeliveryRecord::Cursor(cursor) => {
                place.offset < cursor.positions[place.partition as usize]
            }
            DeliveryRecord::Settled(settled) => settled.spans.iter().any(|span| {
                span.partition == place.partition
                    && (span.first..=span.last).contains(&place.offset)
            }),
            _ => false,
        };
        match record {
            DeliveryRecord::Cursor(_) | DeliveryRecord::Settled(_) => {}
            DeliveryRecord::Letter(changed) => {
                return self.model.durable(|place| place == changed.letter.place);
            }
            DeliveryRecord::Outage(outage) if outage.failing_since.is_some() => {
                return self.model.paused();
            }
            _ => return,
        }
        let visible = self.rows.visible_from(&self.model.from).map(|item| item.place);
        let lost = visible.filter(|p| is_passed(*p)).find(|p| !self.model.settled.contains(p));
        assert_eq!(lost, None, "it was passed and is not settled: {record:?}");
        let fold = &self.fold;
        self.model.durable(|place| is_passed(place) && !fold.is_settled(place));
    }

    /// Crashes once more; then the consumer and the log are well, and everything is settled.
    pub(crate) fn drain(&mut self) {
        self.replay();
        (self.current, self.down) = (None, false);
        self.poison.clear();
        self.chance.be_kind();
        self.take_over(None);
        for _ in 0..20_000 {
            let mut live = self.current.take().unwrap();
            if live.stream.is_idle() && live.stream.paused().is_none() {
                self.current = Some(live);
                break;
            }
            live.credit(10, 10_000);
            self.turn(live);
            self.settle_all();
            self.advance();
        }
        self.check_end();
    }

    fn settle_all(&mut self) {
        let mut live = self.current.take().unwrap();
        self.lose(&mut live);
        let open = live.given.iter().filter(|(_, given)| given.state == State::Outstanding);
        let tokens: Vec<_> = open.map(|(token, _)| *token).collect();
        let result = live.stream.ack(&tokens, self.now);
        for token in &tokens {
            let given = live.given.get_mut(token).unwrap();
            given.state = State::Settled;
            let place = given.item.place;
            self.model.acked(place, self.now);
        }
        self.notice_letters(&live, &result.change);
        self.write(live, result.change);
    }

    fn advance(&mut self) {
        let ms = 500;
        let Now { monotonic_ms, wall } = self.now;
        let wall = Timestamp::from_millis(wall.millis() + ms as i64);
        self.now = Now { monotonic_ms: monotonic_ms + ms, wall };
    }

    fn check_end(&mut self) {
        let mut live = self.current.take().unwrap();
        let change = live.stream.checkpoint();
        self.write(live, change);
        self.check(true);
        assert_eq!(self.fold.positions(), self.rows.ends(), "everything is settled");
        let missing = {
            let mut visible = self.rows.visible_from(&self.model.from).map(|item| item.place);
            visible.find(|place| !self.model.settled.contains(place))
        };
        assert_eq!(missing, None, "it did not arrive");
        self.replay();
        self.compact();
        let letters = self.fold.letter_count();
        // Opened, base, cursor, settled, outage, viewed; and each letter with its epoch's opening.
        let live = compact::live_keys(&self.lane);
        assert!(live.len() <= 2 * letters + 6, "the lane keeps {live:?}, of {letters} letters");
        // A stream that is opened on it finds nothing to do.
        let view = self.view();
        let opened = self.fold.opening(&[], view);
        assert_eq!(self.append(&opened.into()), ndxp_delivery::Applied::Taken);
        let options = self.options();
        let opening = Stream::open(&self.fold, options, self.now).unwrap();
        assert_eq!(opening.stream.cursor(), self.rows.ends());
    }
}
