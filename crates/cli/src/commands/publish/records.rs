//! Lines become records.

use bytes::Bytes;
use ndxp_client::proto::exchange::{Op as WireOp, Record};
use ndxp_model::{Op, Pointer, RecordId};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Bytes of the hash that is a record's id unless a field is: no two lines meet by chance.
const ID_BYTES: usize = 16;

/// Makes records out of lines.
pub(super) struct Maker {
    pub(super) op: Op,
    pub(super) id_field: Option<Pointer>,
}

impl Maker {
    /// Makes a record. A line without a usable id goes under the hash of its bytes: whatever is
    /// wrong with it, the hub says so with the place.
    pub(super) fn record(&self, line: Bytes) -> Record {
        let field = self.id_field.as_ref().and_then(|field| id_in(&line, field));
        let record_id = field.unwrap_or_else(|| hash(&line));
        Record { record_id, op: WireOp::from(self.op).into(), payload: line, ..Record::default() }
    }
}

fn id_in(line: &[u8], field: &Pointer) -> Option<String> {
    let record: Value = serde_json::from_slice(line).ok()?;
    let text = match record.pointer(field.as_str())? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    text.parse::<RecordId>().ok().map(|id| id.as_str().to_owned())
}

fn hash(line: &[u8]) -> String {
    let hash = Sha256::digest(line);
    hex::encode(hash.get(..ID_BYTES).unwrap_or_default())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn id(field: Option<&str>, line: &'static str) -> String {
        let id_field = field.map(|field| field.parse().unwrap());
        Maker { op: Op::Upsert, id_field }.record(Bytes::from(line)).record_id
    }

    #[test]
    fn the_same_line_has_the_same_id() {
        assert_eq!(id(None, "{}"), id(None, "{}"));
        assert_ne!(id(None, "{}"), id(None, "{ }"));
        assert_eq!(id(None, "{}").len(), 32);
    }

    #[test]
    fn a_field_gives_the_id_if_it_can() {
        assert_eq!(id(Some("/a/b"), r#"{"a":{"b":"x-1"}}"#), "x-1");
        assert_eq!(id(Some("/n"), r#"{"n":7}"#), "7");
        for line in [r#"{"n":null}"#, r#"{"n":"with space"}"#, "{", "{}"] {
            assert_eq!(id(Some("/n"), line), id(None, line), "{line}");
        }
    }
}
