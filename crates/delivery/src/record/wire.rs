//! The stored form of a delivery record. A change in here is a change of a stored format.

mod forms;
mod letter;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Base, Cursor, DeliveryRecord, Failed, Handed, LetterChanged, Opened, Outage, Settled, Sought,
    Viewed,
};
use forms::{
    BaseV1, CursorV1, FailedV1, HandedV1, OpenedV1, OpenedV2, OutageV1, SettledV1, SoughtV1,
    ViewedV1,
};
use letter::LetterV1;

pub(crate) use forms::{failure_row, handed_row, span_row};
pub(crate) use letter::{LetterForm, StateForm};

/// Why a stored delivery record cannot be read.
#[derive(Debug, Error)]
pub enum UnreadableRecord {
    /// It is of a kind or a version of it that this program does not know.
    #[error("delivery record is of unknown type {kind:?} in version {v}")]
    Unknown {
        /// Its type.
        kind: String,
        /// Its version.
        v: u64,
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
    /// A dead letter whose members do not fit together.
    #[error("delivery record has an impossible letter: {0}")]
    ImpossibleLetter(&'static str),
}

/// What every version has.
#[derive(Deserialize)]
struct Envelope {
    v: u64,
    #[serde(rename = "type")]
    kind: String,
}

pub(super) fn encode(record: &DeliveryRecord) -> Vec<u8> {
    let kind = |name: &str| name.to_owned();
    match record.clone() {
        DeliveryRecord::Opened(Opened { sub, epoch, start, view: None }) => {
            to_json(&OpenedV1 { v: 1, kind: kind("opened"), sub, epoch, start })
        }
        DeliveryRecord::Opened(Opened { sub, epoch, start, view: Some(view) }) => {
            to_json(&OpenedV2 { v: 2, kind: kind("opened"), sub, epoch, start, view })
        }
        DeliveryRecord::Handed(handed) => to_json(&HandedV1::from(handed)),
        DeliveryRecord::Cursor(Cursor { sub, epoch, positions }) => {
            to_json(&CursorV1 { v: 1, kind: kind("cursor"), sub, epoch, positions })
        }
        DeliveryRecord::Base(base) => to_json(&BaseV1::from(base)),
        DeliveryRecord::Settled(settled) => to_json(&SettledV1::from(settled)),
        DeliveryRecord::Failed(failed) => to_json(&FailedV1::from(failed)),
        DeliveryRecord::Outage(Outage { sub, epoch, streak, failing_since, probes }) => {
            let kind = kind("outage");
            to_json(&OutageV1 { v: 1, kind, sub, epoch, streak, failing_since, probes })
        }
        DeliveryRecord::Letter(letter) => to_json(&LetterV1::from(letter)),
        DeliveryRecord::Sought(Sought { sub, epoch, positions }) => {
            to_json(&SoughtV1 { v: 1, kind: kind("sought"), sub, epoch, positions })
        }
        DeliveryRecord::Viewed(Viewed { sub, epoch, view }) => {
            to_json(&ViewedV1 { v: 1, kind: kind("viewed"), sub, epoch, view })
        }
    }
}

pub(super) fn decode(value: &[u8]) -> Result<DeliveryRecord, UnreadableRecord> {
    let Envelope { v, kind } = from_json(value)?;
    Ok(match (kind.as_str(), v) {
        ("opened", 1) => {
            let OpenedV1 { sub, epoch, start, .. } = from_json(value)?;
            Opened { sub, epoch, start, view: None }.into()
        }
        ("opened", 2) => {
            let OpenedV2 { sub, epoch, start, view, .. } = from_json(value)?;
            Opened { sub, epoch, start, view: Some(view) }.into()
        }
        ("handed", 1) => Handed::try_from(from_json::<HandedV1>(value)?)?.into(),
        ("cursor", 1) => {
            let CursorV1 { sub, epoch, positions, .. } = from_json(value)?;
            Cursor { sub, epoch, positions }.into()
        }
        ("base", 1) => Base::try_from(from_json::<BaseV1>(value)?)?.into(),
        ("settled", 1) => Settled::try_from(from_json::<SettledV1>(value)?)?.into(),
        ("failed", 1) => Failed::from(from_json::<FailedV1>(value)?).into(),
        ("outage", 1) => {
            let OutageV1 { sub, epoch, streak, failing_since, probes, .. } = from_json(value)?;
            Outage { sub, epoch, streak, failing_since, probes }.into()
        }
        ("letter", 1) => LetterChanged::try_from(from_json::<LetterV1>(value)?)?.into(),
        ("sought", 1) => {
            let SoughtV1 { sub, epoch, positions, .. } = from_json(value)?;
            Sought { sub, epoch, positions }.into()
        }
        ("viewed", 1) => {
            let ViewedV1 { sub, epoch, view, .. } = from_json(value)?;
            Viewed { sub, epoch, view }.into()
        }
        _ => return Err(UnreadableRecord::Unknown { kind, v }),
    })
}

fn from_json<'a, T: Deserialize<'a>>(value: &'a [u8]) -> Result<T, UnreadableRecord> {
    serde_json::from_slice(value).map_err(UnreadableRecord::Malformed)
}

/// Writes what cannot fail to be written: structs of numbers and strings.
#[expect(clippy::expect_used, reason = "no map, no float, no writer: nothing in it can fail")]
pub(crate) fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("a struct of numbers and strings is JSON")
}
