//! What a publisher says about one record.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a record does to the state under its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Op {
    /// Sets the state.
    Upsert,
    /// Removes the state; the payload is empty.
    Delete,
    /// Something happened; there is no state.
    Event,
}

impl Op {
    /// Returns the word used in headers and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upsert => "UPSERT",
            Self::Delete => "DELETE",
            Self::Event => "EVENT",
        }
    }
}
impl FromStr for Op {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Upsert, Self::Delete, Self::Event]
            .into_iter()
            .find(|op| op.as_str() == text)
            .ok_or(())
    }
}

/// Why a text is not a record id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a record id is 1 to 128 printable ASCII characters")]
pub struct InvalidRecordId;

/// The publisher's own id of a record: 1 to 128 printable ASCII characters without space.
/// (publishing system, record id) is what a retry is recognised by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(String);

impl RecordId {
    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl FromStr for RecordId {
    type Err = InvalidRecordId;
    fn from_str(text: &str) -> Result<Self, InvalidRecordId> {
        let ok = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if ok { Ok(Self(text.to_owned())) } else { Err(InvalidRecordId) }
    }
}
impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
