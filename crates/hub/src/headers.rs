//! What stands beside a record in the log: CloudEvents in Kafka's binding, so that any Kafka tool
//! can read a topic (CloudEvents 1.0.2, Kafka Protocol Binding, section 3.2).

use ndxp_log::{ENTRY_HEADER, Header, Record};
use ndxp_model::{DatasetName, Op, RecordId, SchemaVersion, SystemName, Timestamp};

const ID: &str = "ce_id";
const SOURCE: &str = "ce_source";
const TYPE: &str = "ce_type";
const TIME: &str = "ce_time";
const SCHEMA: &str = "ce_ndxpschema";
const TRACE: &str = "traceparent";
/// Below this offset of the partition the writing node knew of no record of this id: see
/// [`crate::readers`] on repeats.
const KNOWN: &str = "ce_ndxpknown";

/// What a publisher's record says beside its payload.
#[derive(Debug, Clone)]
pub(crate) struct Facts<'a> {
    pub dataset: &'a DatasetName,
    pub system: &'a SystemName,
    pub record_id: &'a RecordId,
    pub op: Op,
    pub event_time: Timestamp,
    pub schema: SchemaVersion,
    pub schema_hash: &'a str,
    pub traceparent: &'a str,
    /// Below which offset of its partition there is no record of its id; none where this node
    /// alone writes.
    pub known: Option<u64>,
}

/// Returns the value of `ce_source`.
pub(crate) fn source(system: &SystemName) -> String {
    format!("/agency/{}/system/{}", system.agency, system.system)
}

impl Facts<'_> {
    pub(crate) fn headers(&self, key: &str) -> Vec<Header> {
        let mut headers = vec![
            Header::new("ce_specversion", &b"1.0"[..]),
            Header::new("content-type", &b"application/json"[..]),
            Header::new(ID, self.record_id.as_str().to_owned()),
            Header::new(SOURCE, source(self.system)),
            Header::new(
                TYPE,
                format!(
                    "ndxp.{}.{}.{}",
                    self.dataset.agency,
                    self.dataset.dataset,
                    self.op.as_str()
                ),
            ),
            Header::new(TIME, self.event_time.to_string()),
            Header::new("ce_partitionkey", key.to_owned()),
            Header::new("ce_dataschema", format!("ndxp:{}@{}", self.dataset, self.schema_hash)),
            Header::new(SCHEMA, self.schema.to_string()),
        ];
        if !self.traceparent.is_empty() {
            headers.push(Header::new(TRACE, self.traceparent.to_owned()));
        }
        if let Some(known) = self.known {
            headers.push(Header::new(KNOWN, known.to_string()));
        }
        headers
    }
}

/// The same facts, read back from a stored record. Borrowed: nothing is copied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored<'a> {
    pub record_id: &'a str,
    pub source: &'a str,
    pub op: Op,
    pub event_time: Option<Timestamp>,
    pub schema: u32,
    pub traceparent: &'a str,
    /// The index of the audit entry of its publication.
    pub entry: u64,
    /// Below which offset of its partition its writer knew that there is no record of its id.
    pub known: Option<u64>,
}

impl<'a> Stored<'a> {
    /// Reads a stored record's headers. A record without its audit entry or its id is no record of
    /// this hub: `None`, and it is never delivered.
    pub(crate) fn read(record: &'a Record) -> Option<Self> {
        let text = |name| record.header(name).and_then(|value| std::str::from_utf8(value).ok());
        let entry = text(ENTRY_HEADER)?.strip_prefix("main:")?.parse().ok()?;
        Some(Self {
            record_id: text(ID)?,
            source: text(SOURCE)?,
            op: text(TYPE)?.rsplit('.').next()?.parse().ok()?,
            event_time: text(TIME).and_then(|time| time.parse().ok()),
            schema: text(SCHEMA)?.parse().ok()?,
            traceparent: text(TRACE).unwrap_or_default(),
            entry,
            known: text(KNOWN).and_then(|known| known.parse().ok()),
        })
    }
}
