//! Datasets: what an agency shares.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{DatasetName, InvalidId, Keep, Op, Pointer, Retention, Title};

/// The most partitions that a dataset may have.
pub const MAX_PARTITIONS: u32 = 64;

/// What a dataset's records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Category {
    /// A code list.
    Reference,
    /// The state of things and persons.
    Master,
    /// What happened.
    Event,
    /// Steps of tracked requests.
    Case,
}

impl Category {
    /// Says whether the records are a state that consumers fold: of each key the newest counts.
    #[must_use]
    pub fn is_state(self) -> bool {
        matches!(self, Self::Reference | Self::Master)
    }

    /// Says whether a record with this operation belongs into a dataset of this category: state is
    /// upserted and deleted, events and cases happen.
    #[must_use]
    pub fn admits(self, op: Op) -> bool {
        match self {
            Self::Reference | Self::Master => matches!(op, Op::Upsert | Op::Delete),
            Self::Event | Self::Case => matches!(op, Op::Event),
        }
    }
}

/// How sensitive a dataset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Classification {
    /// Anybody may know.
    Public,
    /// Public bodies may know.
    Internal,
    /// Only those who need to may know.
    Confidential,
    /// Only named systems may know.
    Secret,
}

/// The life of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetState {
    /// Being described; nothing can be published.
    Draft,
    /// Its partitions exist and their number is fixed.
    Active,
}

/// What a dataset's next schema owes to all schemas before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compatibility {
    /// New readers read old records.
    Backward,
    /// Old readers read new records.
    Forward,
    /// Both: unless the owner chooses otherwise.
    #[default]
    Full,
}

impl Compatibility {
    /// Returns the word used on the command line and in errors.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Backward => "backward",
            Self::Forward => "forward",
            Self::Full => "full",
        }
    }
}

/// The description of a dataset, as its owner registers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Owner and id.
    pub name: DatasetName,
    /// Its title.
    pub title: Title,
    /// What its records are.
    pub category: Category,
    /// How sensitive it is.
    pub classification: Classification,
    /// The fields whose values, in this order, are the record's key. At least one.
    pub key_fields: Vec<Pointer>,
    /// The fields that a row filter may name.
    #[serde(default)]
    pub filterable_fields: Vec<Pointer>,
    /// The fields that say whose data a record is.
    #[serde(default)]
    pub subject_fields: Vec<Pointer>,
    /// How many partitions it has: 1 to [`MAX_PARTITIONS`], fixed at activation.
    pub partitions: u32,
    /// How long events and cases are kept; a dataset of state has none, it keeps the newest record
    /// of each key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}

impl Dataset {
    /// Returns what the log keeps of its records.
    #[must_use]
    pub fn keep(&self) -> Keep {
        match self.retention {
            _ if self.category.is_state() => Keep::Newest { lag_ms: Keep::STATE_LAG_MS },
            None | Some(Retention { max_age_s: None, max_bytes: None }) => Keep::Everything,
            Some(Retention { max_age_s, max_bytes }) => Keep::Recent {
                max_age_ms: max_age_s.map(|seconds| seconds.saturating_mul(1_000)),
                max_bytes,
            },
        }
    }
}

/// The number of a dataset's schema: 1, 2, 3, in order of registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SchemaVersion(pub u32);

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl FromStr for SchemaVersion {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        crate::id::number(text).map(Self).ok_or(InvalidId { kind: "schema version" })
    }
}
