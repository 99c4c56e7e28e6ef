//! A clock that stands until the test moves it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ndxp_identity::Clock;
use ndxp_model::Timestamp;

/// A clock that begins at the real time, because clients judge the hub's certificate by theirs, and
/// then moves only when the test says so. Clones show the same time.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// Starts at the real time, in whole seconds.
    #[must_use]
    pub fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(now.as_secs()).unwrap_or_default();
        Self(Arc::new(AtomicI64::new(seconds * 1_000)))
    }

    /// Returns the time that it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Returns it as the hub's clock of leases and delays: they run when the test says so.
    #[must_use]
    pub fn as_monotonic(&self) -> ndxp_hub::Monotonic {
        let clock = self.clone();
        Arc::new(move || u64::try_from(clock.now().millis()).unwrap_or_default())
    }

    /// Returns it as the hub takes it.
    #[must_use]
    pub fn as_clock(&self) -> Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}
