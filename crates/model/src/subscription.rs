//! How a subscription is delivered.

use serde::{Deserialize, Serialize};

/// In which order records are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryOrder {
    /// Of one key one record is outstanding at a time.
    ByKey,
    /// The order of the log at first; a record that is retried comes later.
    None,
}

/// What happens when records that the subscription has not received are no longer kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnExpired {
    /// Its streams are refused until somebody seeks.
    Fail,
    /// It goes on at the earliest record, and is told of the gap.
    Earliest,
    /// It goes on with what is published from now on, and is told of the gap.
    Latest,
}

/// How a subscription is delivered. Each number lies in the range of its constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryOptions {
    /// In which order; `None` of an option: by the dataset's category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<DeliveryOrder>,
    /// What happens when the cursor's records are no longer kept.
    pub on_expired: OnExpired,
    /// The most records outstanding.
    pub max_outstanding_records: u32,
    /// The most bytes of payloads outstanding.
    pub max_outstanding_bytes: u64,
    /// How long a record may be outstanding, in milliseconds.
    pub lease_ms: u64,
    /// How long extensions may prolong a lease in all, in milliseconds.
    pub max_extension_ms: u64,
    /// The delay before the first retry, in milliseconds; each further one doubles it.
    pub retry_first_ms: u64,
    /// The longest delay, in milliseconds; not below the first.
    pub retry_last_ms: u64,
    /// How many attempts must have failed before a record becomes a dead letter.
    pub max_attempts: u32,
    /// How long after its first failure it becomes one at the earliest, in milliseconds.
    pub retry_horizon_ms: u64,
}

/// A range of one option, in the option's unit, both ends allowed.
pub type OptionRange = std::ops::RangeInclusive<u64>;

impl DeliveryOptions {
    /// What `max_outstanding_records` may be.
    pub const RECORDS: OptionRange = 1..=10_000;
    /// What `max_outstanding_bytes` may be: up to 64 MiB.
    pub const BYTES: OptionRange = 1..=64 << 20;
    /// What `lease_ms` may be: 1 s to 10 min.
    pub const LEASE_MS: OptionRange = 1_000..=600_000;
    /// What `max_extension_ms` may be: up to 6 h.
    pub const EXTENSION_MS: OptionRange = 0..=6 * 3_600_000;
    /// What `retry_first_ms` may be: 100 ms to 1 h.
    pub const RETRY_FIRST_MS: OptionRange = 100..=3_600_000;
    /// What `retry_last_ms` may be: up to 24 h.
    pub const RETRY_LAST_MS: OptionRange = 100..=86_400_000;
    /// What `max_attempts` may be.
    pub const ATTEMPTS: OptionRange = 1..=1_000;
    /// What `retry_horizon_ms` may be: up to 7 days.
    pub const HORIZON_MS: OptionRange = 0..=7 * 86_400_000;

    /// Returns the first option that lies outside its range, with that range.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, OptionRange)> {
        let ranges = [
            ("max_outstanding_records", u64::from(self.max_outstanding_records), Self::RECORDS),
            ("max_outstanding_bytes", self.max_outstanding_bytes, Self::BYTES),
            ("lease", self.lease_ms, Self::LEASE_MS),
            ("max_extension", self.max_extension_ms, Self::EXTENSION_MS),
            ("retry_first", self.retry_first_ms, Self::RETRY_FIRST_MS),
            ("retry_last", self.retry_last_ms, Self::RETRY_LAST_MS),
            ("retry_last", self.retry_last_ms, self.retry_first_ms..=*Self::RETRY_LAST_MS.end()),
            ("max_attempts", u64::from(self.max_attempts), Self::ATTEMPTS),
            ("retry_horizon", self.retry_horizon_ms, Self::HORIZON_MS),
        ];
        let wrong = ranges.into_iter().find(|(_, value, range)| !range.contains(value));
        wrong.map(|(name, _, range)| (name, range))
    }
}

impl Default for DeliveryOptions {
    /// By the dataset's order, 1,000 records and 16 MiB, a lease of a minute, delays of 1 s to
    /// 5 min, dead after 20 attempts and an hour.
    fn default() -> Self {
        Self {
            order: None,
            on_expired: OnExpired::Fail,
            max_outstanding_records: 1_000,
            max_outstanding_bytes: 16 << 20,
            lease_ms: 60_000,
            max_extension_ms: 3_600_000,
            retry_first_ms: 1_000,
            retry_last_ms: 300_000,
            max_attempts: 20,
            retry_horizon_ms: 3_600_000,
        }
    }
}
