//! Instants and durations.

use ndxp_model::Timestamp;

use super::problems::required;
use crate::error::Refusal;

/// Reads an instant that must be there. What is finer than a millisecond is cut off, towards the
/// past.
///
/// # Errors
/// `INVALID_FIELD` at `path` if it is missing, or outside of what protobuf and the model can say.
pub fn instant(message: Option<prost_types::Timestamp>, path: &str) -> Result<Timestamp, Refusal> {
    let message = message.ok_or_else(|| required(path))?;
    if !(0..1_000_000_000).contains(&message.nanos) {
        return Err(Refusal::field(path, "nanos must be 0 to 999999999"));
    }
    let fraction = i64::from(message.nanos / 1_000_000);
    let millis = message.seconds.checked_mul(1_000).and_then(|ms| ms.checked_add(fraction));
    // The model limits an instant to its range: one that comes back changed was outside of it.
    let within = millis.filter(|millis| Timestamp::from_millis(*millis).millis() == *millis);
    within
        .map(Timestamp::from_millis)
        .ok_or_else(|| Refusal::field(path, "must be within the years 1 to 9999"))
}

/// Reads an instant that may be missing.
///
/// # Errors
/// `INVALID_FIELD` at `path` if it is outside of what protobuf and the model can say.
pub fn optional_instant(
    message: Option<prost_types::Timestamp>,
    path: &str,
) -> Result<Option<Timestamp>, Refusal> {
    message.map(|message| instant(Some(message), path)).transpose()
}

/// Reads a duration as milliseconds, `None` if it is missing. What is finer is cut off.
///
/// # Errors
/// `INVALID_FIELD` at `path` if it is negative, or more than protobuf can say.
pub fn millis(message: Option<prost_types::Duration>, path: &str) -> Result<Option<u64>, Refusal> {
    let Some(message) = message else { return Ok(None) };
    let whole = u64::try_from(message.seconds).ok().and_then(|s| s.checked_mul(1_000));
    let rest = u64::try_from(message.nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    let millis = whole.zip(rest).and_then(|(whole, nanos)| whole.checked_add(nanos / 1_000_000));
    millis.map(Some).ok_or_else(|| Refusal::field(path, "must be a duration of zero or more"))
}

/// Writes an instant, ready for a message's field: it is never `None`.
#[must_use]
pub fn timestamp(instant: Timestamp) -> Option<prost_types::Timestamp> {
    let (seconds, rest) = (instant.millis().div_euclid(1_000), instant.millis().rem_euclid(1_000));
    // INVARIANT: rest is 0 to 999, so the product is below a thousand million.
    let nanos = i32::try_from(rest * 1_000_000).unwrap_or_default();
    Some(prost_types::Timestamp { seconds, nanos })
}

/// Writes a duration of milliseconds, ready for a message's field: it is never `None`.
#[must_use]
pub fn duration(millis: u64) -> Option<prost_types::Duration> {
    let seconds = i64::try_from(millis / 1_000).unwrap_or(i64::MAX);
    let nanos = i32::try_from(millis % 1_000 * 1_000_000).unwrap_or_default();
    Some(prost_types::Duration { seconds, nanos })
}
