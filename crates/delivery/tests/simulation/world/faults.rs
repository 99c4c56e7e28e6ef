//! What becomes of appends.

use ndxp_delivery::{AckToken, Applied, Change, DeliveryRecord, Progress};

use super::World;
use crate::{compact, live::Live};

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fate {
    Written,
    /// It is not written, and the stream is gone.
    Lost,
    /// It is written, and the process dies before it does anything else.
    WrittenThenCrash,
}

impl World {
    pub(super) fn fate(&mut self) -> Fate {
        match self.chance.below(100) {
            _ if self.chance.is_kind() => Fate::Written,
            0..94 => Fate::Written,
            94..97 => Fate::Lost,
            _ => Fate::WrittenThenCrash,
        }
    }

    /// Writes a change; the stream lives on if all of it was written.
    pub(super) fn write(&mut self, live: Live, change: Change) {
        self.current = self.written(live, change);
    }

    /// Writes a change as far as fate allows, and returns the stream if it lives.
    pub(super) fn written(&mut self, live: Live, change: Change) -> Option<Live> {
        self.write_some(change).then_some(live)
    }

    /// Writes the change that a stream leaves.
    pub(super) fn write_last(&mut self, change: Change) {
        let _all = self.write_some(change);
    }

    fn write_some(&mut self, Change { append, forget }: Change) -> bool {
        for record in append {
            let fate = self.fate();
            if fate == Fate::Lost {
                return false;
            }
            self.check_record(&record);
            assert_eq!(self.append(&record), Applied::Taken, "{record:?}");
            if fate == Fate::WrittenThenCrash {
                return false;
            }
        }
        for key in forget {
            // Tombstones may be lost at any place; the process dies then.
            if !self.chance.is_kind() && self.chance.percent(4) {
                return false;
            }
            self.lane.push((key.clone(), Vec::new()));
            self.fold.forgotten(&key);
        }
        true
    }

    /// Appends; sometimes twice, as after an outcome that was unknown.
    pub(super) fn append(&mut self, record: &DeliveryRecord) -> Applied {
        let applied = self.append_once(record);
        if self.chance.percent(10) {
            let _again = self.append_once(record);
        }
        applied
    }

    fn append_once(&mut self, record: &DeliveryRecord) -> Applied {
        let bytes = record.encode();
        assert_eq!(&DeliveryRecord::decode(&bytes).unwrap(), record);
        // What is expected to be taken needs no look at the state before.
        let is_old = record.epoch() < self.fold.epoch() || self.chance.percent(10);
        let before = is_old.then(|| self.fold.to_bytes());
        let applied = self.fold.apply(record);
        let kept = before.is_none_or(|before| before == self.fold.to_bytes());
        assert!(applied == Applied::Taken || kept, "{applied:?} and yet it changed");
        self.lane.push((record.key(), bytes));
        applied
    }

    /// Replays the lane: the same bytes as when it was written.
    pub(super) fn replay(&self) {
        let replayed = compact::fold(&self.lane, Progress::new(self.fold.subscription().clone()));
        assert_eq!(replayed.to_bytes(), self.fold.to_bytes(), "a replay differs");
    }

    /// Tokens that the consumer was given, of any epoch and in any order, and some it was not.
    pub(super) fn some_tokens(&mut self) -> Vec<AckToken> {
        let mut tokens = Vec::new();
        for _ in 0..self.chance.below(8) {
            let recent = self.tokens.len().saturating_sub(self.chance.below(16) as usize + 1);
            tokens.extend(self.tokens.get(recent));
        }
        if self.chance.percent(10) {
            let mut forged = [0; AckToken::BYTES];
            forged[7] = self.chance.below(12) as u8;
            forged[15] = self.chance.below(40) as u8;
            tokens.push(AckToken::parse(&forged).unwrap());
        }
        tokens
    }
}
