//! Records.

use ndxp_model::{Op, RecordId};

use super::problems::{parse, required};
use crate::{error::Refusal, exchange as pb};

/// Reads what a record does.
///
/// # Errors
/// `INVALID_FIELD` at `path`.
pub fn op(number: i32, path: &str) -> Result<Op, Refusal> {
    match pb::Op::try_from(number).unwrap_or_default() {
        pb::Op::Unspecified => Err(required(path)),
        pb::Op::Upsert => Ok(Op::Upsert),
        pb::Op::Delete => Ok(Op::Delete),
        pb::Op::Event => Ok(Op::Event),
        pb::Op::Leave => {
            Err(Refusal::field(path, "LEAVE is what the hub delivers, never published"))
        }
    }
}

/// Reads the publisher's own id of a record.
///
/// # Errors
/// `INVALID_FIELD` at `path`.
pub fn record_id(text: &str, path: &str) -> Result<RecordId, Refusal> {
    parse(text, path)
}

impl From<Op> for pb::Op {
    fn from(op: Op) -> Self {
        match op {
            Op::Upsert => Self::Upsert,
            Op::Delete => Self::Delete,
            Op::Event => Self::Event,
        }
    }
}
