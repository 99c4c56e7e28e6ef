//! What the log keeps of a topic.

use serde::{Deserialize, Serialize};

/// How long a dataset of events or cases keeps its records. What is past a bound may be deleted,
/// oldest first; without one, records are kept for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Seconds since the record was published; at least [`Retention::MIN_AGE_S`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_s: Option<u64>,
    /// Bytes of keys, values and headers a partition; at least [`Retention::MIN_BYTES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
}

impl Retention {
    /// A day: the time for which a repeated record id is recognised.
    pub const MIN_AGE_S: u64 = 86_400;
    /// 1 MiB: the largest record has to fit.
    pub const MIN_BYTES: u64 = 1 << 20;
}

/// What an engine may delete of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    Everything,
    /// The oldest records of a partition.
    Recent {
        /// Milliseconds: records older than this may go.
        max_age_ms: Option<u64>,
        /// While a partition holds more bytes of keys, values and headers, its oldest may go.
        max_bytes: Option<u64>,
    },
    /// Of each key, what a newer record of the same partition and key replaces; and tombstones.
    Newest {
        /// Milliseconds: a record replaces older ones, and a tombstone may go itself, only once it
        /// is as old as this. So a reader that is behind by less misses nothing.
        lag_ms: u64,
    },
}

impl Keep {
    /// For how long a dataset of state keeps superseded values and tombstones: 30 days. A cursor
    /// that lags further has expired.
    pub const STATE_LAG_MS: u64 = 30 * 86_400_000;
}
