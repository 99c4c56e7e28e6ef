//! A record as the log keeps it: Kafka's shape, so that both engines hold the same.

use std::borrow::Cow;

use bytes::Bytes;
use ndxp_model::Timestamp;

use crate::{ENTRY_HEADER, POSITION_HEADER};

/// The header that ends with the record's operation: `ndxp.tax.units.DELETE`.
const TYPE_HEADER: &str = "ce_type";

/// The names of the headers that nearly every record has: what is read back shares them.
const FREQUENT: [&str; 13] = [
    "ce_specversion",
    "content-type",
    "ce_id",
    "ce_source",
    TYPE_HEADER,
    "ce_time",
    "ce_partitionkey",
    "ce_dataschema",
    "ce_ndxpschema",
    "ce_ndxpknown",
    "traceparent",
    ENTRY_HEADER,
    POSITION_HEADER,
];

/// A named value beside the record. Values are UTF-8 text by convention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name, for example `ce_id`.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: Bytes,
}

impl Header {
    /// Makes a header.
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl Into<Bytes>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    /// Makes a header that was read: a frequent name takes no memory.
    pub(crate) fn read(name: &str, value: Bytes) -> Self {
        let frequent = FREQUENT.into_iter().find(|frequent| *frequent == name);
        Self { name: frequent.map_or_else(|| name.to_owned().into(), Cow::Borrowed), value }
    }
}

/// A record to be appended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The key, if it has one.
    pub key: Option<Bytes>,
    /// The value; empty is a tombstone.
    pub value: Bytes,
    /// When the appending node took it, in UTC milliseconds.
    pub timestamp: Timestamp,
    /// What stands beside it, in order.
    pub headers: Vec<Header>,
}

impl Record {
    /// Returns the value of the first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers.iter().find(|header| header.name == name).map(|header| &header.value)
    }

    /// Says whether the record deletes its key: its value is empty, or its `ce_type` names the
    /// operation `DELETE`. (A dataset's delete carries the key's fields as its value.)
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.value.is_empty() || self.header(TYPE_HEADER).is_some_and(|t| t.ends_with(b".DELETE"))
    }

    /// Returns the bytes of key, value and headers.
    #[must_use]
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|h| h.name.len() + h.value.len()).sum();
        self.key.as_ref().map_or(0, Bytes::len) + self.value.len() + headers
    }
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its offset in the partition.
    pub offset: u64,
    /// The record, with the headers that the engine added.
    pub record: Record,
}

/// Returns the record with the headers of its audit entry. A caller's own headers of these names
/// go: only the engine says what covers a record.
#[cfg(feature = "test-util")]
pub(crate) fn cover(mut record: Record, entry: u64, position: u32) -> Record {
    record.headers.retain(|header| !names_the_entry(&header.name));
    record.headers.extend(entry_headers(entry, position));
    record
}

/// Says whether a header is one that only the engine writes.
pub(crate) fn names_the_entry(name: &str) -> bool {
    name == ENTRY_HEADER || name == POSITION_HEADER
}

/// Makes the two headers of a covered record.
pub(crate) fn entry_headers(entry: u64, position: u32) -> [Header; 2] {
    [
        Header::new(ENTRY_HEADER, format!("main:{entry}")),
        Header::new(POSITION_HEADER, position.to_string()),
    ]
}
