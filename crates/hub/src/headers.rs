//! What stands beside a record in the log: CloudEvents in Kafka's binding, so that any Kafka tool
//! can read a topic (CloudEvents 1.0.2, Kafka Protocol Binding, section 3.2).

use bytes::Bytes;
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

/// What the headers of all records of a call share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    source: Bytes,
    types: [(Op, Bytes); 3],
    data_schema: Bytes,
    schema: Bytes,
}

impl Shared {
    pub(crate) fn new(
        dataset: &DatasetName,
        system: &SystemName,
        (schema, hash): (SchemaVersion, &str),
    ) -> Self {
        let DatasetName { agency, dataset: own } = dataset;
        let of = |op: Op| (op, format!("ndxp.{agency}.{own}.{}", op.as_str()).into());
        Self {
            source: source(system).into(),
            types: [Op::Upsert, Op::Delete, Op::Event].map(of),
            data_schema: format!("ndxp:{dataset}@{hash}").into(),
            schema: schema.to_string().into(),
        }
    }

    fn of_type(&self, op: Op) -> Bytes {
        let found = self.types.iter().find(|(of, _)| *of == op);
        found.map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

/// What a publisher's record says beside its payload.
#[derive(Debug, Clone)]
pub(crate) struct Facts<'a> {
    pub shared: &'a Shared,
    pub record_id: &'a RecordId,
    pub key: Bytes,
    pub op: Op,
    pub event_time: Timestamp,
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
    pub(crate) fn headers(self) -> Vec<Header> {
        let mut headers = Vec::with_capacity(11);
        headers.extend([
            Header::new("ce_specversion", &b"1.0"[..]),
            Header::new("content-type", &b"application/json"[..]),
            Header::new(ID, self.record_id.as_str().to_owned()),
            Header::new(SOURCE, self.shared.source.clone()),
            Header::new(TYPE, self.shared.of_type(self.op)),
            Header::new(TIME, self.event_time.to_string()),
            Header::new("ce_partitionkey", self.key),
            Header::new("ce_dataschema", self.shared.data_schema.clone()),
            Header::new(SCHEMA, self.shared.schema.clone()),
        ]);
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
