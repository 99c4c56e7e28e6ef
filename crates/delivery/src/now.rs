//! The moment at which something happens, as the shell tells it.

use ndxp_model::Timestamp;

/// A moment on two clocks. The crate has none of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds on a clock that never goes back and counts the time that the machine was
    /// suspended. Leases and backoff run on it; its zero means nothing, and it is never stored.
    pub monotonic_ms: u64,
    /// Time of day. Facts that are stored carry it: a first failure, a dead letter's end.
    pub wall: Timestamp,
}

/// Returns the milliseconds of a span of time, at most the largest number there is.
pub(crate) fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// Returns how long after `from` the moment `to` is, 0 if it is before.
pub(crate) fn wall_ms_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.millis().saturating_sub(from.millis())).unwrap_or(0)
}

/// Returns the time of day `ms` after `from`.
pub(crate) fn wall_after(from: Timestamp, ms: u64) -> Timestamp {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    Timestamp::from_millis(from.millis().saturating_add(ms))
}
