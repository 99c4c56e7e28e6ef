//! The stored form of a delivery record. A change in here is a change of a stored format.

use ndxp_model::{AgreementRef, SubscriptionName};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Cursor, DeliveryRecord, Handed, HandedRange, Opened};

/// Why a stored delivery record cannot be read.
#[derive(Debug, Error)]
pub enum UnreadableRecord {
    /// It is of a version that this program does not know.
    #[error("delivery record has version {v}, this program reads version {VERSION}")]
    UnknownVersion {
        /// Its version.
        v: u64,
    },
    /// It is of a kind that this program does not know.
    #[error("delivery record is of unknown type {kind:?}")]
    UnknownType {
        /// Its type.
        kind: String,
    },
    /// It is not JSON, or lacks a member, or has one too many, or one of a wrong type.
    #[error("delivery record does not have the form of its type")]
    Malformed(#[source] serde_json::Error),
    /// A range of offsets ends before it starts, or has no attempt.
    #[error("delivery record has an impossible range {first} to {last}, attempt {attempt}")]
    ImpossibleRange {
        /// The first offset.
        first: u64,
        /// The last offset.
        last: u64,
        /// The attempt.
        attempt: u32,
    },
}

const VERSION: u64 = 1;

/// What every version has.
#[derive(Deserialize)]
struct Envelope {
    v: u64,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenedV1 {
    v: u64,
    #[serde(rename = "type")]
    kind: String,
    sub: SubscriptionName,
    epoch: u64,
    start: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HandedV1 {
    v: u64,
    #[serde(rename = "type")]
    kind: String,
    sub: SubscriptionName,
    epoch: u64,
    agreement: AgreementRef,
    n: u64,
    /// Partition, first offset, last offset, attempt.
    ranges: Vec<(u32, u64, u64, u32)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CursorV1 {
    v: u64,
    #[serde(rename = "type")]
    kind: String,
    sub: SubscriptionName,
    epoch: u64,
    positions: Vec<u64>,
}

pub(super) fn encode(record: &DeliveryRecord) -> Vec<u8> {
    match record.clone() {
        DeliveryRecord::Opened(Opened { sub, epoch, start }) => {
            to_json(&OpenedV1 { v: VERSION, kind: "opened".to_owned(), sub, epoch, start })
        }
        DeliveryRecord::Handed(Handed { sub, epoch, agreement, n, ranges }) => {
            let ranges = ranges.iter().map(|r| (r.partition, r.first, r.last, r.attempt)).collect();
            let kind = "handed".to_owned();
            to_json(&HandedV1 { v: VERSION, kind, sub, epoch, agreement, n, ranges })
        }
        DeliveryRecord::Cursor(Cursor { sub, epoch, positions }) => {
            to_json(&CursorV1 { v: VERSION, kind: "cursor".to_owned(), sub, epoch, positions })
        }
    }
}

pub(super) fn decode(value: &[u8]) -> Result<DeliveryRecord, UnreadableRecord> {
    let Envelope { v, kind } = from_json(value)?;
    if v != VERSION {
        return Err(UnreadableRecord::UnknownVersion { v });
    }
    match kind.as_str() {
        "opened" => {
            let OpenedV1 { sub, epoch, start, .. } = from_json(value)?;
            Ok(Opened { sub, epoch, start }.into())
        }
        "handed" => {
            let HandedV1 { sub, epoch, agreement, n, ranges, .. } = from_json(value)?;
            let ranges = ranges.into_iter().map(range).collect::<Result<_, _>>()?;
            Ok(Handed { sub, epoch, agreement, n, ranges }.into())
        }
        "cursor" => {
            let CursorV1 { sub, epoch, positions, .. } = from_json(value)?;
            Ok(Cursor { sub, epoch, positions }.into())
        }
        _ => Err(UnreadableRecord::UnknownType { kind }),
    }
}

fn range(
    (partition, first, last, attempt): (u32, u64, u64, u32),
) -> Result<HandedRange, UnreadableRecord> {
    let range = HandedRange { partition, first, last, attempt };
    match range.is_possible() {
        true => Ok(range),
        false => Err(UnreadableRecord::ImpossibleRange { first, last, attempt }),
    }
}

impl HandedRange {
    /// Tells whether a correct writer can have written it. The largest offset is never given, so
    /// that the one after the last can always be named.
    pub(crate) fn is_possible(&self) -> bool {
        self.first <= self.last && self.last < u64::MAX && self.attempt > 0
    }
}

fn from_json<'a, T: Deserialize<'a>>(value: &'a [u8]) -> Result<T, UnreadableRecord> {
    serde_json::from_slice(value).map_err(UnreadableRecord::Malformed)
}

/// Writes what cannot fail to be written: structs of numbers and strings.
#[expect(clippy::expect_used, reason = "no map, no float, no writer: nothing in it can fail")]
pub(crate) fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("a struct of numbers and strings is JSON")
}
