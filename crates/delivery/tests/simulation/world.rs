//! A hub of one subscription with its data, its lane, its consumer and its officers; and the faults
//! between.

mod build;
mod checks;
mod faults;

use std::{collections::BTreeSet, time::Duration};

use ndxp_delivery::{
    AckToken, Applied, Change, DeliveryRecord, LetterState, Newer, Now, Outcome, Place, Progress,
    RejectReason, Revisit, Settlement, Stream,
};
use ndxp_model::{AgreementRef, Timestamp};

use crate::{
    chance::Chance,
    compact::{self, Stored},
    live::{Live, State},
    model::Model,
    rows::Rows,
};
use faults::Fate;

pub(crate) struct World {
    chance: Chance,
    rows: Rows,
    start: Vec<u64>,
    now: Now,
    /// What compaction has left of the lane.
    lane: Vec<Stored>,
    fold: Progress,
    /// The stream of the latest epoch, unless it crashed.
    current: Option<Live>,
    /// Streams of older epochs whose process has not noticed.
    fenced: Vec<Live>,
    model: Model,
    /// Records that the consumer fails always.
    poison: BTreeSet<Place>,
    /// The consumer fails everything.
    down: bool,
    tokens: Vec<AckToken>,
}

impl World {
    pub(crate) fn step(&mut self) {
        self.pass_time();
        let Some(mut live) = self.current.take() else { return self.take_over(None) };
        match self.chance.below(100) {
            0..12 => {
                let number = self.chance.below(self.start.len() as u64);
                let more = self.chance.below(6);
                self.rows.publish(&mut self.chance, number, more);
            }
            12..24 => live.credit(self.chance.below(8), self.chance.below(1_500)),
            24..52 => return self.turn(live),
            52..80 => return self.settle(live),
            80..84 => return self.extend(live),
            84..86 => self.down = !self.down,
            86..88 => {
                let change = live.stream.checkpoint();
                return self.write(live, change);
            }
            88..90 => return self.officer(live),
            90..91 => return self.seek(live),
            91..92 => return self.difference(live),
            // The process dies.
            92..93 => return,
            93..94 => return self.retire(live),
            94..96 => return self.close(live),
            96..98 => return self.take_over(Some(live)),
            _ => self.write_of_a_fenced_stream(),
        }
        self.current = Some(live);
    }

    fn pass_time(&mut self) {
        let ms = match self.chance.below(20) {
            0 => self.chance.below(4_000_000),
            1..4 => self.chance.below(90_000),
            _ => self.chance.below(1_500),
        };
        self.now.monotonic_ms += ms;
        let wall = self.now.wall.millis() + ms as i64;
        self.now.wall = Timestamp::from_millis(wall);
    }

    /// One turn of the shell's loop.
    fn turn(&mut self, mut live: Live) {
        self.lose(&mut live);
        for (number, end) in (0..).zip(self.rows.ends()) {
            live.stream.see_end(number, end).unwrap();
        }
        let want = live.stream.want(self.now);
        self.notice_letters(&live, &want.change);
        let again: Vec<Place> = want.again.iter().map(|refetch| refetch.place).collect();
        let Some(mut live) = self.written(live, want.change.clone()) else { return };
        let gone = again.into_iter().find(|place| {
            let goes = !self.chance.is_kind() && self.chance.percent(2);
            goes || self.rows.item(*place).is_none()
        });
        if let Some(place) = gone {
            self.rows.remove(place);
            self.model.settled.insert(place);
            let change = live.stream.withdraw(place, self.now);
            return self.write(live, change);
        }
        let items = live.page(&want, &mut self.chance, &self.rows);
        if items.is_empty() {
            self.current = Some(live);
            return;
        }
        self.deliver(live, &items);
    }

    fn deliver(&mut self, mut live: Live, items: &[ndxp_delivery::Item]) {
        let (out, given) = live.hand(items, self.now);
        for (item, delivery) in &given {
            self.check_delivery(&live, item, delivery);
        }
        let Some(frame) = out.frame else {
            self.current = Some(live);
            return;
        };
        match self.fate() {
            Fate::Lost => return,
            fate => {
                assert_eq!(self.append(&frame.handed.into()), Applied::Taken);
                for (item, _) in &given {
                    *self.model.maybe_sent.entry(item.place).or_default() += 1;
                }
                if fate == Fate::WrittenThenCrash {
                    return;
                }
            }
        }
        self.tokens.extend(given.iter().map(|(_, delivery)| delivery.token));
        live.take_frames(&mut self.chance, self.now);
        self.current = Some(live);
    }

    fn settle(&mut self, mut live: Live) {
        live.take_frames(&mut self.chance, self.now);
        self.lose(&mut live);
        let settlements: Vec<Settlement> =
            self.some_tokens().into_iter().map(|token| self.settlement(&live, token)).collect();
        let result = live.stream.settle(&settlements, self.now);
        let (mut acked, mut retried, mut rejected, mut lost) = (0, 0, 0, Vec::new());
        for Settlement { token, outcome } in &settlements {
            let Some(given) = live.given.get_mut(token) else {
                lost.push(*token);
                continue;
            };
            let place = given.item.place;
            match given.state {
                State::Lost => lost.push(*token),
                State::Settled => {}
                State::Outstanding => {
                    given.state = State::Settled;
                    match outcome {
                        Outcome::Ack => {
                            acked += 1;
                            self.model.acked(place, self.now);
                        }
                        Outcome::Retry(_) => {
                            retried += 1;
                            self.model.failed(place, self.now);
                        }
                        Outcome::Reject(reason) => {
                            rejected += 1;
                            self.model.rejected.insert(place, reason.as_str().to_owned());
                            self.model.answered(place, self.now);
                        }
                    }
                }
            }
        }
        assert_eq!((result.acked, result.retried, result.rejected), (acked, retried, rejected));
        assert_eq!(result.lost, lost);
        self.notice_letters(&live, &result.change);
        self.write(live, result.change);
    }

    fn settlement(&mut self, live: &Live, token: AckToken) -> Settlement {
        let place = live.given.get(&token).map(|given| given.item.place);
        let poison = place.is_some_and(|place| self.poison.contains(&place));
        let roll = self.chance.below(100);
        let outcome = match roll {
            _ if self.down || poison => Outcome::Retry(None),
            0..70 => Outcome::Ack,
            70..85 => Outcome::Retry(None),
            85..92 => Outcome::Retry(Some(Duration::from_millis(self.chance.below(30_000)))),
            _ => Outcome::Reject(RejectReason::new(&format!("reason {roll}")).unwrap()),
        };
        Settlement { token, outcome }
    }

    fn extend(&mut self, mut live: Live) {
        self.lose(&mut live);
        let tokens = self.some_tokens();
        let extended = live.stream.extend(&tokens, self.now);
        let standing = |token: &&AckToken| {
            live.given.get(*token).is_none_or(|given| given.state != State::Outstanding)
        };
        let lost: Vec<AckToken> = tokens.iter().filter(standing).copied().collect();
        assert_eq!(extended.lost, lost);
        live.extend(&tokens, self.now);
        self.notice_letters(&live, &extended.change);
        self.write(live, extended.change);
    }

    /// Leases end in the model as in the machine.
    fn lose(&mut self, live: &mut Live) {
        for place in live.lose(self.now) {
            self.model.failed(place, self.now);
        }
    }

    /// The client went away: what the transport had taken failed.
    fn close(&mut self, mut live: Live) {
        self.lose(&mut live);
        for place in live.sent() {
            self.model.failed(place, self.now);
        }
        let Live { stream, .. } = live;
        let change = stream.closed(self.now);
        self.write_last(change);
    }

    fn retire(&mut self, live: Live) {
        let Live { stream, .. } = live;
        let change = stream.retire();
        self.write_last(change);
    }

    fn officer(&mut self, mut live: Live) {
        let letters: Vec<Place> = self.fold.letters(None).map(|(letter, _)| letter.place).collect();
        let mut chosen: Vec<Place> = Vec::new();
        for place in letters {
            if self.chance.percent(50) {
                chosen.push(place);
            }
        }
        let change = match self.chance.below(4) {
            0 => live.stream.purge(&chosen).1,
            1 => live.stream.expire_letters(self.now).1,
            _ => {
                let newer = |place: Place| match self.chance.percent(10) {
                    true => (place, Newer::HasCome),
                    false => (place, Newer::HasNotCome),
                };
                let chosen: Vec<(Place, Newer)> = chosen.into_iter().map(newer).collect();
                let rate = 1 + self.chance.below(5) as u32;
                live.stream.redrive(&chosen, rate, self.now).unwrap().change
            }
        };
        self.write(live, change);
    }

    fn seek(&mut self, live: Live) {
        let ends = self.rows.ends();
        let positions: Vec<u64> = ends.iter().map(|end| self.chance.below(end + 1)).collect();
        let sought = self.fold.seeking(&positions).unwrap();
        let settled: Vec<Place> = self.model.maybe_sent.keys().copied().collect();
        let settled: Vec<Place> =
            settled.into_iter().filter(|place| self.fold.is_settled(*place)).collect();
        self.fenced.push(live);
        assert_eq!(self.append(&sought.into()), Applied::Taken);
        for place in settled {
            self.model.maybe_sent.remove(&place);
        }
        let back = |place: &Place| place.offset >= positions[place.partition as usize];
        self.model.maybe_sent.retain(|place, _| back(place));
        let letters = self.fold.letters(None).map(|(letter, _)| letter.place).collect();
        self.model.sought(&positions, &letters);
        assert_eq!(self.fold.positions(), positions);
    }

    fn difference(&mut self, mut live: Live) {
        let view = self.view();
        let revisits: Vec<Revisit> = self
            .rows
            .visible_from(&vec![0; self.start.len()])
            .filter(|_| self.chance.percent(30))
            .map(|item| Revisit { place: item.place, key: item.key, verdict: item.verdict })
            .collect();
        live.revisits.extend(revisits.iter().map(|revisit| revisit.place));
        live.stream.begin_pass(view);
        live.stream.revisit(&revisits).unwrap();
        let change = live.stream.end_pass().unwrap();
        self.write(live, change);
    }

    /// Opens a stream. An old one that lives may hand out between the opener's reading and its
    /// append, and goes on without knowing that it is fenced.
    fn take_over(&mut self, old: Option<Live>) {
        let view = self.view();
        let opened = DeliveryRecord::from(self.fold.opening(&self.start, view));
        if let Some(old) = old {
            self.turn(old);
            self.fenced.extend(self.current.take());
        }
        assert_eq!(self.append(&opened), Applied::Taken);
        assert_eq!(self.append(&opened), Applied::Fenced, "the loser of a race is fenced");
        self.compact();
        let options = self.options();
        let opening = Stream::open(&self.fold, options, self.now).unwrap();
        self.model.reopened(self.fold.failing_since().is_some(), self.now);
        self.write(Live::new(opening.stream, options), opening.change);
    }

    fn view(&mut self) -> AgreementRef {
        format!("agr-0042@{}", 1 + self.chance.below(3)).parse().unwrap()
    }

    /// Replaces the lane by what compaction leaves, which folds to the same state.
    fn compact(&mut self) {
        let compacted = compact::compact(&self.lane, &mut self.chance);
        let folded = compact::fold(&compacted, Progress::new(self.fold.subscription().clone()));
        let text = |progress: &Progress| String::from_utf8(progress.to_bytes()).unwrap();
        assert_eq!(text(&folded), text(&self.fold), "compaction changed the state");
        (self.lane, self.fold) = (compacted, folded);
    }

    /// A process that does not know that it is fenced writes; nothing comes of it, and it ends.
    fn write_of_a_fenced_stream(&mut self) {
        let Some(mut live) = self.fenced.pop() else { return };
        live.credit(10, 2_000);
        let _lost = live.lose(self.now);
        let want = live.stream.want(self.now);
        let known = want.again.iter().all(|refetch| self.rows.item(refetch.place).is_some());
        let items = if known { live.page(&want, &mut self.chance, &self.rows) } else { vec![] };
        if let Some(frame) = live.hand(&items, self.now).0.frame {
            assert_eq!(self.append(&frame.handed.into()), Applied::Fenced);
        }
        let tokens = self.some_tokens();
        let Change { append, .. } = live.stream.ack(&tokens, self.now).change;
        for record in append.into_iter().chain(live.stream.closed(self.now).append) {
            assert_eq!(self.append(&record), Applied::Fenced);
        }
    }

    /// What the stream says of letters, against the model.
    fn notice_letters(&mut self, live: &Live, change: &Change) {
        for record in &change.append {
            if let DeliveryRecord::Letter(changed) = record
                && changed.state == LetterState::Dead
            {
                let before = self.fold.letter(changed.letter.place).is_some();
                self.model.buried(&changed.letter, &live.options, self.now, before);
            }
        }
    }
}
