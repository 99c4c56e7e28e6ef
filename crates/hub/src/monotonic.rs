//! The clock of leases and delays.

use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};

/// Tells milliseconds of a clock that never goes back and counts the time that the machine was
/// suspended; its zero means nothing.
pub type Monotonic = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Returns the machine's own: `CLOCK_BOOTTIME`.
#[must_use]
pub fn boot_time() -> Monotonic {
    Arc::new(|| {
        let now = clock_gettime(ClockId::Boottime);
        let (whole, rest) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
        // The machine's start is its zero, so neither is negative.
        whole.unwrap_or(0).saturating_mul(1_000) + rest.unwrap_or(0) / 1_000_000
    })
}
