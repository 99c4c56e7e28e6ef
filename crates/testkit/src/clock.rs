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
use tokio::time::Instant;

/// A clock that begins at the real time, because clients judge the hub's certificate by theirs, and
/// then moves only when the test says so, or with the runtime's time. Clones show the same time.
#[derive(Debug, Clone)]
pub struct TestClock {
    moved: Arc<AtomicI64>,
    /// Since when it follows the runtime's time.
    follows: Option<Instant>,
}

impl TestClock {
    /// Starts at the real time, in whole seconds.
    #[must_use]
    pub fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(now.as_secs()).unwrap_or_default();
        Self { moved: Arc::new(AtomicI64::new(seconds * 1_000)), follows: None }
    }

    /// Returns the time that it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let followed = self
            .follows
            .map_or(0, |since| i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX));
        Timestamp::from_millis(self.moved.load(Ordering::SeqCst) + followed)
    }

    /// Returns another clock, which goes on from here with the runtime's time: a paused runtime's
    /// stands still while there is work, and jumps to what is waited for when there is none.
    #[must_use]
    pub fn follow_runtime(&self) -> Self {
        let moved = Arc::new(AtomicI64::new(self.now().millis()));
        Self { moved, follows: Some(Instant::now()) }
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.moved.fetch_add(millis, Ordering::SeqCst);
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
