//! A call's records, read strictly and validated: pure.

use std::sync::Arc;

use bytes::Bytes;
use ndxp_audit::Sha256Hex;
use ndxp_model::{Dataset, Op, RecordId, Timestamp};
use ndxp_proto::{
    convert,
    error::{MAX_VIOLATIONS, Reason, Refusal, Violation},
    exchange as pb,
};
use ndxp_schema::{Budget, json};
use serde_json::Value;

use super::{judge::Mode, key};
use crate::{duplicates::Identity, limits::Limits, refuse, schemas::Contract, trace};

/// What records are judged by.
pub(super) struct Rules {
    pub dataset: Arc<Dataset>,
    pub contract: Arc<Contract>,
    pub now: Timestamp,
    pub traceparent: Arc<str>,
    /// The publishing system, as records name it.
    pub source: String,
    pub mode: Mode,
}

impl Rules {
    /// Tells whether nothing is to be compiled for the days of these records.
    pub(super) fn are_ready(&self, records: &[pb::Record]) -> bool {
        records.iter().all(|record| {
            let at = convert::optional_instant(record.event_time, "");
            // An instant that cannot be read is refused before anything is judged.
            at.map_or(true, |at| self.contract.is_ready(at.unwrap_or(self.now)))
        })
    }
}

/// A batch that was judged.
#[derive(Debug)]
pub(super) struct Judged {
    /// What may be written, in order.
    pub good: Vec<Prepared>,
    /// What may not, by its index; only where each record has a result of its own.
    pub bad: Vec<(usize, Refusal)>,
    /// How many bytes of payloads are good.
    pub bytes: usize,
    /// The identity of the verdicts.
    pub verdict: Sha256Hex,
}

/// A record that may be written.
#[derive(Debug)]
pub(super) struct Prepared {
    pub record_id: RecordId,
    pub op: Op,
    pub event_time: Timestamp,
    pub payload: Bytes,
    pub key: String,
    pub partition: u32,
    pub traceparent: Arc<str>,
    /// What a retry of it is recognised by.
    pub identity: Identity,
    /// Its place in the batch.
    pub index: usize,
}

impl Limits {
    /// Checks the sizes of a call before anything is read.
    pub(super) fn check(&self, records: &[pb::Record], mode: Mode) -> Result<(), Refusal> {
        let count = records.len();
        if count == 0 {
            return Err(Refusal::field("records", "at least one record is needed"));
        }
        if count > self.publish_records {
            return Err(too_large(
                Reason::BatchTooLarge,
                "records",
                self.publish_records,
                "records",
            ));
        }
        let sizes = || records.iter().map(|record| record.payload.len());
        let large = sizes().position(|size| size > self.record_bytes);
        if let Some(index) = large.filter(|_| mode == Mode::Whole) {
            let path = format!("records[{index}].payload");
            return Err(too_large(Reason::RecordTooLarge, &path, self.record_bytes, "bytes"));
        }
        if sizes().sum::<usize>() > self.publish_bytes {
            return Err(too_large(Reason::BatchTooLarge, "records", self.publish_bytes, "bytes"));
        }
        Ok(())
    }
}

fn too_large(reason: Reason, path: &str, limit: usize, unit: &str) -> Refusal {
    let message = format!("at most {limit} {unit}");
    let place = Violation { path: path.into(), keyword: "limit".into(), message: message.clone() };
    Refusal::new(reason, format!("{path}: {message}"), "send less in one call")
        .with("limit", limit.to_string())
        .with_violations(vec![place])
}

/// What is wrong with one record.
struct Wrong {
    reason: Reason,
    places: Vec<Violation>,
}

/// Judges all records. All that is wrong is named, up to the bound of an error.
pub(super) fn all(rules: &Rules, records: Vec<pb::Record>) -> Result<Judged, Refusal> {
    let total = records.len();
    let (good, verdict) = (Vec::with_capacity(total), rules.contract.verdict);
    let mut judged = Judged { good, bad: Vec::new(), bytes: 0, verdict };
    let mut wrong: Option<Wrong> = None;
    let mut invalid = 0_usize;
    for (index, record) in records.into_iter().enumerate() {
        let found = match (one(rules, index, record), rules.mode) {
            (Ok(record), _) => {
                judged.bytes += record.payload.len();
                judged.good.push(record);
                continue;
            }
            (Err(found), Mode::PerRecord | Mode::PerRecordInOrder) => {
                judged.bad.push((index, of_one(rules, found)));
                continue;
            }
            (Err(found), Mode::Whole) => found,
        };
        invalid += 1;
        match &mut wrong {
            None => wrong = Some(found),
            Some(first) if first.places.len() < MAX_VIOLATIONS => first.places.extend(found.places),
            Some(_) => {}
        }
    }
    match wrong {
        None => Ok(judged),
        Some(wrong) => Err(refusal(rules, wrong, invalid, total)),
    }
}

fn of_one(rules: &Rules, wrong: Wrong) -> Refusal {
    let first = wrong.places.first();
    let text = first.map(|v| format!("{}: {}", v.path, v.message)).unwrap_or_default();
    Refusal::new(wrong.reason, text, "mend the record and send it again")
        .with("dataset", rules.dataset.name.to_string())
        .with_violations(wrong.places)
}

fn refusal(rules: &Rules, wrong: Wrong, invalid: usize, total: usize) -> Refusal {
    let first = wrong.places.first();
    let first = first.map(|v| format!("{}: {}", v.path, v.message)).unwrap_or_default();
    let text =
        format!("{invalid} of {total} records are wrong, so nothing was written; first {first}");
    Refusal::new(wrong.reason, text, "mend the records and send the whole batch again")
        .with("dataset", rules.dataset.name.to_string())
        .with("invalid_records", invalid.to_string())
        .with_violations(wrong.places)
}

fn one(rules: &Rules, index: usize, record: pb::Record) -> Result<Prepared, Wrong> {
    let at = |member: &str| format!("records[{index}].{member}");
    let field = |refusal: Refusal| Wrong { reason: refusal.reason, places: refusal.violations };
    if record.payload.len() > json::Limits::default().max_bytes {
        let limit = json::Limits::default().max_bytes;
        return Err(field(too_large(Reason::RecordTooLarge, &at("payload"), limit, "bytes")));
    }
    let record_id = convert::record_id(&record.record_id, &at("record_id")).map_err(field)?;
    let op = convert::op(record.op, &at("op")).map_err(field)?;
    if !rules.dataset.category.admits(op) {
        let allowed = "UPSERT and DELETE belong to REFERENCE and MASTER, EVENT to EVENT and CASE";
        return Err(field(Refusal::field(at("op"), allowed)));
    }
    let event_time =
        convert::optional_instant(record.event_time, &at("event_time")).map_err(field)?;
    let event_time = event_time.unwrap_or(rules.now);
    let value = valid(rules, index, (op, event_time), &record.payload)?;
    let key = key::derive(&value, &rules.dataset.key_fields).map_err(|(pointer, message)| {
        let path = format!("records[{index}]{pointer}");
        violation(Reason::SchemaViolation, path, "key", message)
    })?;
    if !record.key.is_empty() && record.key != key {
        let text = "is not what the key fields give";
        return Err(violation(Reason::KeyMismatch, at("key"), "key", text));
    }
    let own = trace::parent(&record.traceparent);
    let id = record_id.as_str();
    let identity = Identity::new(&rules.source, id, op, key.as_bytes(), &record.payload);
    Ok(Prepared {
        record_id,
        op,
        event_time,
        traceparent: if own.is_empty() { Arc::clone(&rules.traceparent) } else { own.into() },
        identity,
        index,
        partition: key::partition(&key, rules.dataset.partitions),
        payload: record.payload,
        key,
    })
}

/// Reads a payload strictly and validates it, with the codes of its event's day. A DELETE names the key alone, so no schema applies.
fn valid(
    rules: &Rules,
    index: usize,
    (op, event_time): (Op, Timestamp),
    payload: &[u8],
) -> Result<Value, Wrong> {
    let value = json::read(payload, &json::Limits::default()).map_err(|refusal| {
        let pointer = refusal.pointer.clone().unwrap_or_default();
        let message =
            format!("line {} column {}: {}", refusal.at.line, refusal.at.column, refusal.message);
        let path = format!("records[{index}]{pointer}");
        violation(Reason::SchemaViolation, path, refusal.keyword.as_str(), &message)
    })?;
    if op == Op::Delete {
        return only_key(rules, index, &value).map(|()| value);
    }
    let validator = rules.contract.on(event_time).map_err(|cause| {
        let refusal = refuse::bug(&cause);
        Wrong { reason: refusal.reason, places: refusal.violations }
    })?;
    if validator.decide(&value) {
        return Ok(value);
    }
    let places = validator.explain(&value, Budget::default()).violations.into_iter().map(|found| {
        let path = format!("records[{index}]{}", found.instance_path);
        Violation { path, keyword: found.keyword, message: found.message }
    });
    Err(Wrong { reason: Reason::SchemaViolation, places: places.collect() })
}

/// What else a DELETE held would be stored without having been validated.
fn only_key(rules: &Rules, index: usize, value: &Value) -> Result<(), Wrong> {
    let keyed = rules.dataset.key_fields.iter().map(ndxp_model::Pointer::as_str);
    let keyed: Vec<&str> = keyed.collect();
    match stray(value, String::new(), &keyed) {
        None => Ok(()),
        Some(pointer) => {
            let path = format!("records[{index}]{pointer}");
            Err(violation(
                Reason::SchemaViolation,
                path,
                "key",
                "a DELETE holds the key fields alone",
            ))
        }
    }
}

/// Returns the first place that is neither a key field nor on the way to one.
fn stray(value: &Value, at: String, keyed: &[&str]) -> Option<String> {
    if keyed.contains(&at.as_str()) {
        return None;
    }
    let Value::Object(members) = value else { return Some(at) };
    members.iter().find_map(|(name, value)| {
        let name = name.replace('~', "~0").replace('/', "~1");
        stray(value, format!("{at}/{name}"), keyed)
    })
}

fn violation(reason: Reason, path: String, keyword: &str, message: &str) -> Wrong {
    let (keyword, message) = (keyword.to_owned(), message.to_owned());
    Wrong { reason, places: vec![Violation { path, keyword, message }] }
}
