//! What a consumer says of the records that it was handed, and what its silence means.

use std::time::Duration;

use super::{
    Origin, Stream, Wait, Work,
    given::{Outstanding, Standing},
    held::Timer,
};
use crate::{
    change::Change,
    letter::{Cause, RejectReason},
    now::{Now, millis, wall_ms_between},
    options::Backoff,
    place::Place,
    record::Failure,
    token::AckToken,
};

/// What a consumer says of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Which record.
    pub token: AckToken,
    /// What.
    pub outcome: Outcome,
}

/// The ways to settle a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Ack,
    /// It failed and is to be handed out again: after this delay, at most [`Backoff::LONGEST`], or
    /// after the subscription's backoff.
    Retry(Option<Duration>),
    /// It failed for good.
    Reject(RejectReason),
}

/// What became of settlements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettleResult {
    /// How many records they acknowledged. A settlement that is repeated settles nothing again.
    pub acked: u64,
    /// How many they gave back.
    pub retried: u64,
    /// How many they rejected.
    pub rejected: u64,
    /// Tokens of another epoch, tokens that were never given, and tokens whose lease has ended.
    /// Their records, if they exist, will be handed out again.
    pub lost: Vec<AckToken>,
    /// What to write before the result is told.
    pub change: Change,
}

/// What became of extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extended {
    /// As in [`SettleResult::lost`], or settled.
    pub lost: Vec<AckToken>,
    /// Tokens whose extensions are used up: their lease ends when it would have ended.
    pub used_up: Vec<AckToken>,
    /// What to write: leases have ended.
    pub change: Change,
}

impl Stream {
    /// Acknowledges records, in any order.
    pub fn ack(&mut self, tokens: &[AckToken], now: Now) -> SettleResult {
        let ack = |token: &AckToken| Settlement { token: *token, outcome: Outcome::Ack };
        self.settle(&tokens.iter().map(ack).collect::<Vec<_>>(), now)
    }

    /// Settles records, in the order given.
    pub fn settle(&mut self, settlements: &[Settlement], now: Now) -> SettleResult {
        let mut change = Change::default();
        self.expire(now, &mut change);
        let (mut acked, mut retried, mut rejected) = (0, 0, 0);
        let mut lost = Vec::new();
        for Settlement { token, outcome } in settlements {
            match self.given.standing(self.epoch(), *token) {
                Standing::Lost => lost.push(*token),
                Standing::Settled => {}
                Standing::Outstanding => {
                    let Some(given) = self.take(token.sequence) else { continue };
                    match outcome {
                        Outcome::Ack => {
                            acked += 1;
                            self.acknowledge(&given.work, now, &mut change);
                        }
                        Outcome::Retry(delay) => {
                            retried += 1;
                            self.fail(given.work, *delay, now, &mut change);
                        }
                        Outcome::Reject(reason) => {
                            rejected += 1;
                            self.health.answered(now);
                            self.probe_rejected(given.work.place, now);
                            let cause = Cause::Rejected(reason.clone());
                            self.bury(&given.work, cause, now, &mut change);
                        }
                    }
                }
            }
        }
        self.settle_pass(&mut change);
        self.save(false, &mut change);
        self.forget(super::FORGET, &mut change);
        SettleResult { acked, retried, rejected, lost, change }
    }

    /// Extends leases: each ends one lease from now, as far as its extensions reach.
    pub fn extend(&mut self, tokens: &[AckToken], now: Now) -> Extended {
        let mut change = Change::default();
        self.expire(now, &mut change);
        let (mut lost, mut used_up) = (Vec::new(), Vec::new());
        for token in tokens {
            let standing = self.given.standing(self.epoch(), *token);
            if standing != Standing::Outstanding {
                lost.push(*token);
            } else if !self.given.extend(token.sequence, now.monotonic_ms, self.options.lease) {
                used_up.push(*token);
            }
        }
        Extended { lost, used_up, change }
    }

    /// Ends the stream because the client did, or went away: what it had is taken as failed. The
    /// changes are written before the next stream opens.
    pub fn closed(mut self, now: Now) -> Change {
        let mut change = Change::default();
        self.expire(now, &mut change);
        let ended_on_probe = self.health.failing.as_ref().is_some_and(|failing| failing.out);
        for given in self.given.take_sent() {
            self.fail(given.work, None, now, &mut change);
        }
        if ended_on_probe {
            self.note_outage(self.progress.probes().saturating_add(1), &mut change);
        }
        self.save_pending(&mut change);
        self.save(true, &mut change);
        self.forget(1, &mut change);
        change
    }

    /// Takes a record out of what is outstanding. Its credit is used: who settles grants anew.
    fn take(&mut self, number: u64) -> Option<Outstanding> {
        let given = self.given.take(number)?;
        self.outstanding = self.outstanding.minus(given.room());
        Some(given)
    }

    /// Ends the leases that are over. Their credit comes back: the consumer does not know of it.
    pub(super) fn expire(&mut self, now: Now, change: &mut Change) {
        for given in self.given.expired(now.monotonic_ms) {
            self.outstanding = self.outstanding.minus(given.room());
            self.credit = self.credit.plus(given.room());
            self.fail(given.work, None, now, change);
        }
    }

    fn acknowledge(&mut self, work: &Work, now: Now, change: &mut Change) {
        self.close_redriven(work, crate::Closing::Acknowledged, now, change);
        self.finish(work);
        let ended = self.health.succeeded(now);
        if ended || self.progress.streak() > 0 {
            self.note_outage(0, change);
        }
        if !self.pending.is_empty() {
            self.count(now, change);
        }
    }

    /// A record failed. Whether that is its fault shows when another one is acknowledged.
    fn fail(&mut self, mut work: Work, delay: Option<Duration>, now: Now, change: &mut Change) {
        work.failures = work.failures.saturating_add(1);
        let (wait, by) = match delay {
            Some(delay) => (millis(delay.min(Backoff::LONGEST)), Timer::Asked),
            None => (self.options.backoff.after(work.failures), Timer::Backoff),
        };
        let ms = now.monotonic_ms.saturating_add(wait);
        // It keeps its key's turn, so it is not kept as a new one would be.
        self.held.insert(work, Wait::Until { ms, by });
        self.health.failed();
        match &mut self.health.failing {
            Some(failing) => failing.failed(work.place, now),
            None => {
                let none = Failure { place: work.place, counted: 0, pending: 0, first: now.wall };
                let failure = self.failures.entry(work.place).or_insert(none);
                failure.pending = failure.pending.saturating_add(1);
                self.pending.insert(work.place);
            }
        }
        self.pause_if_failing(now, change);
    }

    /// A record was acknowledged after others had failed: those used up an attempt each.
    fn count(&mut self, now: Now, change: &mut Change) {
        let mut counted = Vec::new();
        let mut over = Vec::new();
        for place in std::mem::take(&mut self.pending) {
            let Some(failure) = self.failures.get_mut(&place) else { continue };
            failure.counted = failure.counted.saturating_add(failure.pending);
            failure.pending = 0;
            let failure = *failure;
            match self.held.get(place) {
                Some((work, _)) if self.gives_up(&work, now) => over.push(work),
                _ => counted.push(failure),
            }
        }
        self.note_failures(&counted, change);
        for work in over {
            self.held.remove(work.place);
            match work.origin {
                Origin::Redriven => self.return_letter(&work, now, change),
                Origin::Log | Origin::Revisit => self.bury(&work, Cause::Exhausted, now, change),
            }
        }
    }

    fn gives_up(&self, work: &Work, now: Now) -> bool {
        work.origin == Origin::Redriven || self.is_exhausted(work.place, now)
    }

    pub(super) fn is_exhausted(&self, place: Place, now: Now) -> bool {
        let patience = self.options.patience;
        self.failures.get(&place).is_some_and(|failure| {
            failure.counted >= patience.attempts()
                && wall_ms_between(failure.first, now.wall) >= patience.horizon_ms()
        })
    }

    fn probe_rejected(&mut self, place: Place, now: Now) {
        if let Some(failing) = &mut self.health.failing {
            failing.answered(place, now);
        }
    }
}
