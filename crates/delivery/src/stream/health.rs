//! Whether the consumer fails records or everything.

use ndxp_model::Timestamp;

use crate::{now::Now, place::Place};

/// So many failures in a row are an outage.
const STREAK: u32 = 50;
/// So many are, if nothing was acknowledged or rejected for [`SILENCE_MS`].
const HANDFUL: u32 = 5;
const SILENCE_MS: u64 = 60_000;
/// The interval between the first two probes, and the longest.
const FIRST_PROBE_MS: u64 = 1_000;
const LAST_PROBE_MS: u64 = 300_000;
/// So many records are read at most to find one for a probe that earlier streams did not end on.
pub(super) const MOST_SET_ASIDE: u32 = 16;

/// The consumer's recent settlements.
#[derive(Debug)]
pub(super) struct Health {
    /// Failures since the last settlement that was none.
    pub(super) streak: u32,
    /// When that was; the stream's opening, if there was none.
    since_ms: u64,
    pub(super) failing: Option<Failing>,
    /// After a crash or an outage, how many records may be outstanding.
    pub(super) ramp: Option<u64>,
}

/// An outage: nothing but probes is handed out.
#[derive(Debug)]
pub(super) struct Failing {
    pub(super) since: Timestamp,
    pub(super) probe_at_ms: u64,
    interval_ms: u64,
    /// The probe that is outstanding, and so much of the turn: the record probed last.
    pub(super) out: bool,
    pub(super) last: Option<Place>,
    /// Whether the next probe had better be a record that was not read yet.
    pub(super) unread_next: bool,
    /// How many records to read before the first probe: earlier streams ended on them.
    pub(super) set_aside: u32,
    /// How many streams have ended on a probe.
    pub(super) before: u32,
}

impl Health {
    pub(super) fn new(streak: u32, now: Now) -> Self {
        let ramp = (streak > 0).then_some(1);
        Self { streak, since_ms: now.monotonic_ms, failing: None, ramp }
    }

    pub(super) fn failed(&mut self) {
        self.streak = self.streak.saturating_add(1);
    }

    /// A record was rejected: the consumer works, but tells nothing of the others.
    pub(super) fn answered(&mut self, now: Now) {
        self.streak = 0;
        self.since_ms = now.monotonic_ms;
    }

    /// A record was acknowledged. Tells whether that ends an outage.
    pub(super) fn succeeded(&mut self, now: Now) -> bool {
        self.answered(now);
        if self.failing.take().is_some() {
            self.ramp = Some(1);
            return true;
        }
        self.ramp = self.ramp.map(|ramp| ramp.saturating_add(1));
        false
    }

    /// Tells whether what is known is an outage that nobody has called one yet.
    pub(super) fn is_outage(&self, now: Now) -> bool {
        let silent = now.monotonic_ms.saturating_sub(self.since_ms) >= SILENCE_MS;
        let many = if silent { HANDFUL } else { STREAK };
        self.failing.is_none() && self.streak >= many
    }

    pub(super) fn pause(&mut self, since: Timestamp, probes: u32, now: Now) {
        self.failing = Some(Failing {
            since,
            probe_at_ms: now.monotonic_ms.saturating_add(FIRST_PROBE_MS),
            interval_ms: FIRST_PROBE_MS,
            out: false,
            last: None,
            unread_next: probes > 0,
            set_aside: probes % MOST_SET_ASIDE,
            before: probes,
        });
    }
}

impl Failing {
    pub(super) fn is_due(&self, now: u64) -> bool {
        !self.out && self.probe_at_ms <= now
    }

    pub(super) fn probed(&mut self, place: Place, unread: bool) {
        self.out = true;
        self.last = Some(place);
        self.unread_next = !unread;
    }

    /// The probe was rejected: another record is tried soon.
    pub(super) fn answered(&mut self, place: Place, now: Now) {
        self.interval_ms = FIRST_PROBE_MS;
        self.failed(place, now);
    }

    /// The probe came back and was no success.
    pub(super) fn failed(&mut self, place: Place, now: Now) {
        if self.out && self.last == Some(place) {
            self.out = false;
            self.probe_at_ms = now.monotonic_ms.saturating_add(self.interval_ms);
            self.interval_ms = self.interval_ms.saturating_mul(2).min(LAST_PROBE_MS);
        }
    }
}
