//! How a stream begins.

use ndxp_model::Timestamp;
use thiserror::Error;

use super::{
    FORGET_MOST, Given, Health, Held, Keys, Origin, Reader, Stream, Wait, Work, held::Timer,
};
use crate::{
    change::Change,
    letter::LetterState,
    limits::Room,
    now::{Now, wall_ms_between},
    options::Options,
    progress::Progress,
};

/// A stream and what has to be written before its first frame.
#[derive(Debug)]
#[must_use = "the stream counts on its first records"]
pub struct Opening {
    /// The stream.
    pub stream: Stream,
    /// Its first records.
    pub change: Change,
}

/// A stream cannot live on a progress that no opening was applied to, or whose epoch had a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no stream of the subscription was opened")]
pub struct NotOpened;

impl Stream {
    /// Starts at the durable cursor, with no credit. `progress` is the fold after this stream's own
    /// [`Opened`](crate::Opened) was taken: only then is every earlier hand-out in it.
    ///
    /// # Errors
    /// [`NotOpened`] if no opening was applied to it, or only a seek since.
    pub fn open(progress: &Progress, options: Options, now: Now) -> Result<Opening, NotOpened> {
        if !progress.is_just_opened() {
            return Err(NotOpened);
        }
        let reader = |(number, position)| Reader::new(position, progress.settled_above(number));
        let mut stream = Self {
            options,
            credit: Room::NONE,
            outstanding: Room::NONE,
            readers: (0..).zip(progress.positions()).map(reader).collect(),
            given: Given::default(),
            held: Held::default(),
            keys: Keys::default(),
            failures: progress.failures().map(|failure| (failure.place, failure)).collect(),
            pending: progress.failures().filter(|f| f.pending > 0).map(|f| f.place).collect(),
            health: Health::new(progress.streak(), now),
            pass: None,
            unsaved: 0,
            settled_run: None,
            progress: progress.clone(),
        };
        let mut change = Change::default();
        let base = stream.progress.base();
        stream.note(base, &mut change);
        stream.resume_redriving(now);
        if let Some(since) = progress.failing_since() {
            stream.health.pause(since, progress.probes(), now);
            stream.drop_pending(&mut change);
        }
        change.forget = stream.progress.take_garbage(1, FORGET_MOST);
        Ok(Opening { stream, change })
    }

    /// Takes up the letters that are to be handed out again.
    fn resume_redriving(&mut self, now: Now) {
        let letters = self.progress.letters(None);
        let redriven: Vec<(Work, Timestamp)> = letters
            .filter_map(|(letter, state)| {
                let LetterState::Redriven { due } = state else { return None };
                let work = Work {
                    place: letter.place,
                    key: letter.key,
                    verdict: letter.verdict,
                    origin: Origin::Redriven,
                    attempts: letter.attempts,
                    failures: 0,
                };
                Some((work, due))
            })
            .collect();
        for (work, due) in redriven {
            let ms = now.monotonic_ms.saturating_add(wall_ms_between(now.wall, due));
            self.held.insert(work, Wait::Until { ms, by: Timer::Paced });
        }
    }
}
