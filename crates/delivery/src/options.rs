//! What a subscription asks for, checked.

use std::time::Duration;

use thiserror::Error;

use crate::{limits::Limits, now::millis};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// All that a subscription can choose about its delivery. The default is what api.md names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Which records may be outstanding together.
    pub order: Order,
    /// How much may be outstanding.
    pub limits: Limits,
    /// How long a consumer may take.
    pub lease: Lease,
    /// How long a failed record waits.
    pub backoff: Backoff,
    /// When a record is given up.
    pub patience: Patience,
    /// How many records may be parked or wait.
    pub parking: Parking,
}

/// Which records may be outstanding together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// One of each key. Later ones of the key are parked.
    #[default]
    ByKey,
    /// Any.
    None,
}

/// An option outside of its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{option} must be {from} to {to}")]
pub struct InvalidOption {
    /// Which one.
    pub option: &'static str,
    /// The least, in words.
    pub from: &'static str,
    /// The most, in words.
    pub to: &'static str,
}

fn bounded<T: PartialOrd>(
    value: T,
    least: T,
    most: T,
    invalid: (&'static str, &'static str, &'static str),
) -> Result<T, InvalidOption> {
    let (option, from, to) = invalid;
    match least <= value && value <= most {
        true => Ok(value),
        false => Err(InvalidOption { option, from, to }),
    }
}

/// How long a consumer may take to settle a record that the transport has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    ms: u64,
    extensions_ms: u64,
}

impl Lease {
    /// Checks a lease (1 s to 10 min) and what its extensions may add in all (up to 6 h).
    ///
    /// # Errors
    /// [`InvalidOption`].
    pub fn new(lease: Duration, extensions: Duration) -> Result<Self, InvalidOption> {
        let lease = bounded(lease, SECOND, 10 * MINUTE, ("lease", "1 s", "10 min"))?;
        let extensions =
            bounded(extensions, Duration::ZERO, 6 * HOUR, ("lease extensions", "0", "6 h"))?;
        Ok(Self { ms: millis(lease), extensions_ms: millis(extensions) })
    }

    /// Returns the lease in milliseconds.
    #[must_use]
    pub fn ms(self) -> u64 {
        self.ms
    }

    /// Returns what extensions may add in all, in milliseconds.
    #[must_use]
    pub fn extensions_ms(self) -> u64 {
        self.extensions_ms
    }
}

impl Default for Lease {
    /// 60 s, and 1 h of extensions.
    fn default() -> Self {
        Self { ms: millis(MINUTE), extensions_ms: millis(HOUR) }
    }
}

/// How long a failed record waits before it is handed out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first_ms: u64,
    last_ms: u64,
    factor: u32,
}

impl Backoff {
    /// The longest wait that a consumer can ask for.
    pub const LONGEST: Duration = DAY;

    /// Checks the first wait (100 ms to 24 h), the longest (from the first to 24 h) and the factor
    /// between two (1 to 10).
    ///
    /// # Errors
    /// [`InvalidOption`].
    pub fn new(first: Duration, last: Duration, factor: u32) -> Result<Self, InvalidOption> {
        let least = Duration::from_millis(100);
        let first = bounded(first, least, DAY, ("first retry", "100 ms", "24 h"))?;
        let last = bounded(last, first, DAY, ("last retry", "the first", "24 h"))?;
        let factor = bounded(factor, 1, 10, ("retry factor", "1", "10"))?;
        Ok(Self { first_ms: millis(first), last_ms: millis(last), factor })
    }

    /// Returns how long a record waits after its `failures`th failure in a row, in milliseconds.
    #[must_use]
    pub fn after(self, failures: u32) -> u64 {
        let growth = u64::from(self.factor).saturating_pow(failures.saturating_sub(1));
        self.first_ms.saturating_mul(growth).min(self.last_ms)
    }
}

impl Default for Backoff {
    /// 1 s, doubled up to 5 min.
    fn default() -> Self {
        Self { first_ms: 1_000, last_ms: millis(5 * MINUTE), factor: 2 }
    }
}

/// When a record that fails while others succeed is given up: after so many attempts **and** not
/// before the horizon has passed since its first failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    attempts: u32,
    horizon_ms: u64,
    kept_ms: u64,
}

impl Patience {
    /// Checks the attempts (1 to 1,000), the horizon (up to 7 days) and how long a dead letter is
    /// kept (1 day to 365 days).
    ///
    /// # Errors
    /// [`InvalidOption`].
    pub fn new(attempts: u32, horizon: Duration, kept: Duration) -> Result<Self, InvalidOption> {
        let attempts = bounded(attempts, 1, 1_000, ("attempts", "1", "1,000"))?;
        let horizon = bounded(horizon, Duration::ZERO, 7 * DAY, ("horizon", "0", "7 days"))?;
        let kept = bounded(kept, DAY, 365 * DAY, ("dead letters kept", "1 day", "365 days"))?;
        Ok(Self { attempts, horizon_ms: millis(horizon), kept_ms: millis(kept) })
    }

    /// Returns the number of failures that use it up.
    #[must_use]
    pub fn attempts(self) -> u32 {
        self.attempts
    }

    /// Returns the horizon in milliseconds.
    #[must_use]
    pub fn horizon_ms(self) -> u64 {
        self.horizon_ms
    }

    /// Returns how long a dead letter is kept, in milliseconds.
    #[must_use]
    pub fn kept_ms(self) -> u64 {
        self.kept_ms
    }
}

impl Default for Patience {
    /// 20 attempts and 1 h; dead letters are kept 30 days.
    fn default() -> Self {
        Self { attempts: 20, horizon_ms: millis(HOUR), kept_ms: millis(30 * DAY) }
    }
}

/// How many records may be parked behind others of their key or wait for their retry. Reading
/// pauses when it is full; what is outstanding then may still come on top of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parking(u32);

impl Parking {
    /// Checks the number: 1 to 10,000.
    ///
    /// # Errors
    /// [`InvalidOption`].
    pub fn new(records: u32) -> Result<Self, InvalidOption> {
        Ok(Self(bounded(records, 1, 10_000, ("parked records", "1", "10,000"))?))
    }

    /// Returns the number.
    #[must_use]
    pub fn records(self) -> u64 {
        self.0.into()
    }
}

impl Default for Parking {
    /// 1,000.
    fn default() -> Self {
        Self(1_000)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use super::*;

    #[test]
    fn options_outside_of_their_bounds_are_refused_by_name() {
        let check = |refused: Result<(), InvalidOption>, text: &str| {
            assert_eq!(refused.unwrap_err().to_string(), text);
        };
        let ms = Duration::from_millis(1);
        check(Lease::new(SECOND - ms, HOUR).map(|_| ()), "lease must be 1 s to 10 min");
        check(Lease::new(10 * MINUTE + ms, HOUR).map(|_| ()), "lease must be 1 s to 10 min");
        let text = "lease extensions must be 0 to 6 h";
        check(Lease::new(SECOND, 6 * HOUR + ms).map(|_| ()), text);
        let text = "first retry must be 100 ms to 24 h";
        check(Backoff::new(99 * ms, SECOND, 2).map(|_| ()), text);
        let text = "last retry must be the first to 24 h";
        check(Backoff::new(SECOND, SECOND - ms, 2).map(|_| ()), text);
        check(Backoff::new(SECOND, DAY + ms, 2).map(|_| ()), text);
        check(Backoff::new(SECOND, DAY, 0).map(|_| ()), "retry factor must be 1 to 10");
        check(Patience::new(0, HOUR, DAY).map(|_| ()), "attempts must be 1 to 1,000");
        check(Patience::new(1_001, HOUR, DAY).map(|_| ()), "attempts must be 1 to 1,000");
        check(Patience::new(1, 7 * DAY + ms, DAY).map(|_| ()), "horizon must be 0 to 7 days");
        let text = "dead letters kept must be 1 day to 365 days";
        check(Patience::new(1, HOUR, DAY - ms).map(|_| ()), text);
        check(Parking::new(0).map(|_| ()), "parked records must be 1 to 10,000");
        check(Parking::new(10_001).map(|_| ()), "parked records must be 1 to 10,000");
    }

    #[test]
    fn backoff_grows_by_its_factor_and_never_overflows() {
        let backoff = Backoff::new(SECOND, 5 * MINUTE, 2).unwrap();
        let waits = [0, 1, 2, 3, 9, 10, u32::MAX].map(|failures| backoff.after(failures));
        assert_eq!(waits, [1_000, 1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
    }
}
