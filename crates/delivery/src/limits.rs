//! How much may be outstanding.

use thiserror::Error;

/// An amount of records and of bytes: a credit, what it leaves room for, what is outstanding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// Records.
    pub records: u64,
    /// Bytes of the records as they leave the hub.
    pub bytes: u64,
}

impl Room {
    /// Nothing of either.
    pub const NONE: Self = Self { records: 0, bytes: 0 };

    /// Tells whether `other` fits into it.
    #[must_use]
    pub fn holds(self, other: Self) -> bool {
        other.records <= self.records && other.bytes <= self.bytes
    }

    /// Adds, stopping at the largest number there is.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            records: self.records.saturating_add(other.records),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    /// Takes away, stopping at zero.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            records: self.records.saturating_sub(other.records),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    /// Returns the smaller of each.
    pub(crate) fn least(self, other: Self) -> Self {
        Self { records: self.records.min(other.records), bytes: self.bytes.min(other.bytes) }
    }
}

/// The most that one subscription may have outstanding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits(Room);

/// Limits that no subscription may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "limits must be 1 to {} records and 1 to {} bytes, not {records} and {bytes}",
    Limits::MOST.records,
    Limits::MOST.bytes
)]
pub struct InvalidLimits {
    /// Records asked for.
    pub records: u64,
    /// Bytes asked for.
    pub bytes: u64,
}

impl Limits {
    /// What a subscription has unless it asks for other limits: 1,000 records, 16 MiB.
    pub const DEFAULT: Room = Room { records: 1_000, bytes: 16 * 1024 * 1024 };
    /// The most a subscription can ask for: 10,000 records, 64 MiB.
    pub const MOST: Room = Room { records: 10_000, bytes: 64 * 1024 * 1024 };

    /// Checks limits.
    ///
    /// # Errors
    /// [`InvalidLimits`] if one of them is zero or above [`Limits::MOST`].
    pub fn new(records: u64, bytes: u64) -> Result<Self, InvalidLimits> {
        let asked = Room { records, bytes };
        if records == 0 || bytes == 0 || !Self::MOST.holds(asked) {
            return Err(InvalidLimits { records, bytes });
        }
        Ok(Self(asked))
    }

    /// Returns the most that may be outstanding.
    #[must_use]
    pub fn outstanding(self) -> Room {
        self.0
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self(Self::DEFAULT)
    }
}
