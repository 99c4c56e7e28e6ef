//! What must hold, told without the machine.

use std::collections::{BTreeMap, BTreeSet};

use ndxp_delivery::{Cause, Letter, Now, Options, Place};

/// What the world knows of each record.
#[derive(Default)]
pub(crate) struct Model {
    /// From here on records are to arrive: the start, or what was sought.
    pub(crate) from: Vec<u64>,
    /// Acknowledged, given up or gone. What a seek sets back is taken out.
    pub(crate) settled: BTreeSet<Place>,
    /// How often each one's hand-out became durable while it was not durably settled.
    pub(crate) maybe_sent: BTreeMap<Place, u32>,
    /// Reasons of rejections.
    pub(crate) rejected: BTreeMap<Place, String>,
    failures: BTreeMap<Place, Failing>,
    /// Failures since anything was answered, and when that was.
    streak: u32,
    answered_ms: u64,
    failing: bool,
}

/// A record's failures.
#[derive(Clone, Copy)]
struct Failing {
    counted: u32,
    pending: u32,
    /// Those that an outage wipes out once it is durable. A crash before that brings them back.
    doomed: u32,
    first_ms: i64,
    /// When the first one was after those that are doomed, if nothing else counts.
    fresh_ms: Option<i64>,
}

impl Failing {
    fn fail(&mut self, now_ms: i64) {
        if self.doomed > 0 && self.counted == 0 && self.pending == 0 {
            self.fresh_ms = Some(now_ms);
        }
        self.pending += 1;
    }

    fn doom(&mut self) {
        self.doomed += std::mem::take(&mut self.pending);
        self.fresh_ms = None;
    }

    /// Tells whether something is left.
    fn wipe(&mut self) -> bool {
        self.doomed = 0;
        self.first_ms = self.fresh_ms.take().unwrap_or(self.first_ms);
        self.counted > 0 || self.pending > 0
    }
}

impl Model {
    pub(crate) fn new(start: &[u64]) -> Self {
        Self { from: start.to_vec(), ..Self::default() }
    }

    pub(crate) fn failed(&mut self, place: Place, now: Now) {
        self.streak += 1;
        if self.failing {
            return;
        }
        let first_ms = now.wall.millis();
        let none = Failing { counted: 0, pending: 0, doomed: 0, first_ms, fresh_ms: None };
        self.failures.entry(place).or_insert(none).fail(first_ms);
        let silent = now.monotonic_ms - self.answered_ms >= 60_000;
        if self.streak >= 50 || (silent && self.streak >= 5) {
            self.failing = true;
            self.failures.values_mut().for_each(Failing::doom);
        }
    }

    /// An outage is durably known: failures without an acknowledgement behind them do not count.
    pub(crate) fn paused(&mut self) {
        self.failures.retain(|_, failing| failing.wipe());
    }

    /// The next stream began.
    pub(crate) fn reopened(&mut self, failing: bool, now: Now) {
        (self.streak, self.answered_ms, self.failing) = (0, now.monotonic_ms, failing);
        for failing in self.failures.values_mut() {
            failing.pending += std::mem::take(&mut failing.doomed);
            failing.fresh_ms = None;
        }
    }

    /// Acknowledged: the failures of others were theirs.
    pub(crate) fn acked(&mut self, place: Place, now: Now) {
        self.answered(place, now);
        self.failing = false;
        for failing in self.failures.values_mut() {
            failing.counted += std::mem::take(&mut failing.pending);
        }
    }

    pub(crate) fn answered(&mut self, place: Place, now: Now) {
        (self.streak, self.answered_ms) = (0, now.monotonic_ms);
        self.settled.insert(place);
    }

    /// Records are durably settled. Until then a crash brings their failures back with them.
    pub(crate) fn durable(&mut self, is_passed: impl Fn(Place) -> bool) {
        self.failures.retain(|place, _| !is_passed(*place));
    }

    /// A record became a dead letter: had it a cause?
    pub(crate) fn buried(&mut self, letter: &Letter, options: &Options, now: Now, redriven: bool) {
        let place = letter.place;
        self.settled.insert(place);
        let failing = self.failures.get(&place).copied();
        match &letter.cause {
            Cause::Rejected(reason) => {
                let said = self.rejected.get(&place).map(String::as_str);
                assert_eq!(said, Some(reason.as_str()), "{place} was rejected otherwise");
            }
            Cause::Exhausted if redriven => {}
            Cause::Exhausted => {
                let failing = failing.unwrap_or_else(|| panic!("{place} never failed"));
                let patience = options.patience;
                assert!(failing.counted >= patience.attempts(), "{place} had attempts left");
                let passed = now.wall.millis() - failing.first_ms;
                assert!(passed >= patience.horizon_ms() as i64, "{place} had time left");
            }
        }
    }

    /// The positions were set.
    pub(crate) fn sought(&mut self, positions: &[u64], letters: &BTreeSet<Place>) {
        let back = |place: &Place| place.offset >= positions[place.partition as usize];
        self.settled.retain(|place| !back(place) || letters.contains(place));
        self.from = positions.to_vec();
    }
}
