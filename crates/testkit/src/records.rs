//! Records as a publisher sends them.

use ndxp_proto::exchange::{Op, Record};

fn record(id: &str, op: Op, payload: impl Into<Vec<u8>>) -> Record {
    Record {
        record_id: id.to_owned(),
        op: op.into(),
        payload: payload.into().into(),
        ..Record::default()
    }
}

/// Makes a record that sets a key's state.
#[must_use]
pub fn upsert(id: &str, payload: impl Into<Vec<u8>>) -> Record {
    record(id, Op::Upsert, payload)
}

/// Makes a record that ends a key's state; its payload holds the key fields alone.
#[must_use]
pub fn delete(id: &str, payload: impl Into<Vec<u8>>) -> Record {
    record(id, Op::Delete, payload)
}

/// Makes a record of something that happened.
#[must_use]
pub fn event(id: &str, payload: impl Into<Vec<u8>>) -> Record {
    record(id, Op::Event, payload)
}
