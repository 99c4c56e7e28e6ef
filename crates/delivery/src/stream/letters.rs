//! Dead letters while a stream lives: what becomes one, and what an officer does with them.

use ndxp_model::Timestamp;
use thiserror::Error;

use super::{FORGET, Origin, Stream, Wait, Work, held::Timer};
use crate::{
    change::Change,
    letter::{Cause, Closing, Letter, LetterState},
    now::{Now, wall_after, wall_ms_between},
    place::Place,
    record::LetterChanged,
};

/// The most letters that may be on their way to being handed out again.
pub const MOST_REDRIVEN: usize = 10_000;

/// What became of a redrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redriven {
    /// How many will be handed out again.
    pub redriven: u64,
    /// How many were closed, because a newer record of their key has come.
    pub superseded: u64,
    /// How many are no dead letters (any more), or are being redriven already.
    pub passed: u64,
    /// What to write before the result is told.
    pub change: Change,
}

/// More letters than may be redriven together. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("at most {MOST_REDRIVEN} dead letters may be redriven together, not {asked}")]
pub struct TooManyRedriven {
    /// How many there would be.
    pub asked: usize,
}

impl Stream {
    /// Has dead letters handed out once more, `per_second` of them (at least 1): each that is chosen
    /// by its place, in this order. With it stands whether a newer record of its key has come, on a
    /// dataset of state: then it is closed.
    ///
    /// # Errors
    /// [`TooManyRedriven`].
    pub fn redrive(
        &mut self,
        chosen: &[(Place, Newer)],
        per_second: u32,
        now: Now,
    ) -> Result<Redriven, TooManyRedriven> {
        let under_way = self.progress.letters(None).filter(|(_, state)| is_redriven(*state));
        let asked = under_way.count() + chosen.len();
        if asked > MOST_REDRIVEN {
            return Err(TooManyRedriven { asked });
        }
        let (mut redriven, mut superseded, mut passed) = (0, 0, 0);
        let mut change = Change::default();
        for (place, newer) in chosen {
            let Some((letter, LetterState::Dead)) = self.progress.letter(*place) else {
                passed += 1;
                continue;
            };
            let letter = letter.clone();
            if *newer == Newer::HasCome {
                superseded += 1;
                self.file(letter, LetterState::Closed(Closing::Superseded), &mut change);
                continue;
            }
            let wait = redriven * 1_000 / u64::from(per_second.max(1));
            redriven += 1;
            let due = wall_after(now.wall, wait);
            let ms = now.monotonic_ms.saturating_add(wait);
            let work = Work {
                place: *place,
                key: letter.key,
                verdict: letter.verdict,
                origin: Origin::Redriven,
                attempts: letter.attempts,
                failures: 0,
            };
            self.file(letter, LetterState::Redriven { due }, &mut change);
            self.held.insert(work, Wait::Until { ms, by: Timer::Paced });
        }
        self.forget(FORGET, &mut change);
        Ok(Redriven { redriven, superseded, passed, change })
    }

    /// Closes dead letters, and returns how many. Those that are being redriven stay.
    pub fn purge(&mut self, places: &[Place]) -> (u64, Change) {
        self.close_dead(places.to_vec(), Closing::Purged)
    }

    /// Closes the dead letters that were kept for as long as they are kept, and returns how many.
    pub fn expire_letters(&mut self, now: Now) -> (u64, Change) {
        let kept = self.options.patience.kept_ms();
        let old = |letter: &Letter| wall_ms_between(letter.since, now.wall) >= kept;
        let letters = self.progress.letters(None).filter(|(letter, _)| old(letter));
        let places = letters.map(|(letter, _)| letter.place).collect();
        self.close_dead(places, Closing::Expired)
    }

    fn close_dead(&mut self, places: Vec<Place>, how: Closing) -> (u64, Change) {
        let mut change = Change::default();
        let mut closed = 0;
        for place in places {
            if let Some((letter, LetterState::Dead)) = self.progress.letter(place) {
                closed += 1;
                let letter = letter.clone();
                self.file(letter, LetterState::Closed(how), &mut change);
            }
        }
        self.forget(FORGET, &mut change);
        (closed, change)
    }

    /// Makes a record a dead letter.
    pub(super) fn bury(&mut self, work: &Work, cause: Cause, now: Now, change: &mut Change) {
        let known = self.failures.get(&work.place).map(|failure| failure.first);
        self.bury_since(work, cause, known.unwrap_or(now.wall), now, change);
    }

    /// Gives a redriven record back to the dead letters.
    pub(super) fn return_letter(&mut self, work: &Work, now: Now, change: &mut Change) {
        let letter = self.progress.letter(work.place);
        let cause = letter.map_or(Cause::Exhausted, |(letter, _)| letter.cause.clone());
        self.bury(work, cause, now, change);
    }

    fn bury_since(
        &mut self,
        work: &Work,
        cause: Cause,
        first: Timestamp,
        now: Now,
        change: &mut Change,
    ) {
        // A letter that comes back keeps its first failure.
        let before = self.progress.letter(work.place).map(|(letter, _)| letter.first_failed);
        let letter = Letter {
            place: work.place,
            key: work.key,
            verdict: work.verdict,
            cause,
            attempts: work.attempts,
            first_failed: before.unwrap_or(first),
            since: now.wall,
        };
        self.file(letter, LetterState::Dead, change);
        self.finish(work);
    }

    /// A redriven record needs its letter no longer.
    pub(super) fn close_redriven(
        &mut self,
        work: &Work,
        how: Closing,
        now: Now,
        change: &mut Change,
    ) {
        if work.origin == Origin::Redriven
            && let Some((letter, _)) = self.progress.letter(work.place)
        {
            let letter = Letter { attempts: work.attempts, since: now.wall, ..letter.clone() };
            self.file(letter, LetterState::Closed(how), change);
        }
    }

    fn file(&mut self, letter: Letter, state: LetterState, change: &mut Change) {
        let changed = LetterChanged {
            sub: self.progress.subscription().clone(),
            epoch: self.epoch(),
            n: self.progress.next_number(),
            letter,
            state,
        };
        self.note(changed, change);
    }
}

/// Whether a newer record of a dead letter's key has come, on a dataset of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newer {
    /// It has: the letter's content is out of date.
    HasCome,
    /// It has not, or the dataset holds no state.
    HasNotCome,
}

fn is_redriven(state: LetterState) -> bool {
    matches!(state, LetterState::Redriven { .. })
}
