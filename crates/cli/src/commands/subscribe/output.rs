//! A delivered record as one line of JSON.

use ndxp_client::proto::{
    common::Receipt,
    convert,
    exchange::{DeliveredRecord, Op},
};
use ndxp_model::Timestamp;
use serde::Serialize;

/// What stands before the payload.
#[derive(Serialize)]
struct Envelope<'a> {
    record_id: &'a str,
    key: &'a str,
    op: &'static str,
    attempt: u32,
    #[serde(skip_serializing_if = "is_first")]
    replayed: bool,
    schema_version: u32,
    event_time: Option<Timestamp>,
    published_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "str::is_empty")]
    traceparent: &'a str,
    receipt: Option<Place<'a>>,
}

fn is_first(replayed: &bool) -> bool {
    !replayed
}

/// Where the audit entry of the release stands.
#[derive(Serialize)]
struct Place<'a> {
    shard: &'a str,
    index: u64,
    leaf_hash: String,
}

/// Returns the line with its end. The payload stands in it as the hub sent it, so that no number
/// is read and written again; only ends of lines in it become spaces.
pub(crate) fn line(record: &DeliveredRecord, receipt: Option<&Receipt>) -> String {
    let envelope = Envelope {
        record_id: &record.record_id,
        key: &record.key,
        op: match record.op() {
            Op::Unspecified => "UNKNOWN",
            Op::Upsert => "UPSERT",
            Op::Delete => "DELETE",
            Op::Event => "EVENT",
            Op::Leave => "LEAVE",
        },
        attempt: record.attempt,
        replayed: record.replayed,
        schema_version: record.schema_version,
        event_time: convert::instant(record.event_time, "event_time").ok(),
        published_at: convert::instant(record.published_at, "published_at").ok(),
        traceparent: &record.traceparent,
        receipt: receipt.map(|receipt| Place {
            shard: &receipt.shard,
            index: receipt.index,
            leaf_hash: hex::encode(&receipt.leaf_hash),
        }),
    };
    let mut line = serde_json::to_string(&envelope).unwrap_or_default();
    line.pop();
    line.push_str(",\"payload\":");
    line.push_str(&payload(&record.payload));
    line.push_str("}\n");
    line
}

/// JSON has no end of a line inside of texts, so each one stands between tokens.
fn payload(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok("") | Err(_) => "null".to_owned(),
        Ok(text) => text.replace(['\n', '\r'], " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(payload: &'static str) -> DeliveredRecord {
        DeliveredRecord {
            record_id: "r-1".to_owned(),
            key: "\"01\"".to_owned(),
            op: Op::Upsert.into(),
            attempt: 1,
            schema_version: 2,
            payload: payload.into(),
            ..DeliveredRecord::default()
        }
    }

    #[test]
    fn payload_is_not_read_and_written_again() {
        let receipt = Receipt { shard: "main".to_owned(), index: 7, ..Receipt::default() };
        assert_eq!(
            line(&record("{\"n\":\n 1.50}"), Some(&receipt)),
            "{\"record_id\":\"r-1\",\"key\":\"\\\"01\\\"\",\"op\":\"UPSERT\",\"attempt\":1,\
             \"schema_version\":2,\"event_time\":null,\"published_at\":null,\
             \"receipt\":{\"shard\":\"main\",\"index\":7,\"leaf_hash\":\"\"},\
             \"payload\":{\"n\":  1.50}}\n"
        );
    }

    #[test]
    fn deletion_has_no_payload() {
        assert!(line(&record(""), None).ends_with("\"receipt\":null,\"payload\":null}\n"));
    }
}
