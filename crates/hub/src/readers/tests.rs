#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod counting;
mod views;
mod windows;

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use ndxp_log::{Covered, Header, Log, Partition, ReadLimits, Record};
use ndxp_model::{
    Category, Classification, Dataset, DatasetName, FieldGrant, Keep, Pointer, RowFilter,
    Timestamp, Title, Topic,
};
use ndxp_policy::Plan;

use super::{Page, Projector, Readers};
use crate::metrics::Metrics;
use counting::Counting;

const ALL: ReadLimits = ReadLimits { records: 500, bytes: 3 << 20 };

fn name() -> DatasetName {
    "moj/persons".parse().unwrap()
}

fn at(number: u32) -> Partition {
    Partition { topic: Topic::Data(name()), number }
}

fn dataset() -> Dataset {
    let title = || "x".to_owned();
    Dataset {
        name: name(),
        title: Title { vi: title(), en: title() },
        category: Category::Master,
        classification: Classification::Internal,
        key_fields: vec!["/id".parse().unwrap()],
        filterable_fields: Vec::new(),
        subject_fields: Vec::new(),
        partitions: 64,
        retention: None,
    }
}

fn plan(fields: &[&str], rows: Option<(&str, &str)>) -> Arc<Plan> {
    let path = |text: &str| -> Pointer { text.parse().unwrap() };
    let fields: BTreeSet<_> = fields.iter().map(|text| FieldGrant { path: path(text) }).collect();
    let rows = rows.map(|(field, equals)| RowFilter { field: path(field), equals: equals.into() });
    Arc::new(Plan::compile(&fields, rows.as_ref()))
}

fn projector(fields: &[&str]) -> Projector {
    Projector::new(&dataset(), plan(fields, None))
}

/// A record as publishing stores it.
fn record(key: &str, op: &str, payload: impl Into<Bytes>) -> Record {
    let header = |name: &'static str, value: &str| Header::new(name, value.to_owned());
    Record {
        key: Some(key.to_owned().into()),
        value: payload.into(),
        timestamp: Timestamp::from_millis(1_000),
        headers: vec![
            header("ce_id", &format!("id-{key}")),
            header("ce_source", "/agency/moj/system/civil"),
            header("ce_type", &format!("ndxp.moj.persons.{op}")),
            header("ce_ndxpschema", "1"),
        ],
    }
}

fn person(number: usize) -> Record {
    let payload = format!(r#"{{"id":"{number}","name":"n{number}","tax":{number}}}"#);
    record(&number.to_string(), "UPSERT", payload)
}

/// A log with one dataset of 64 partitions, the readers over it, and the count of what they read.
struct Bench {
    log: Arc<Counting>,
    readers: Arc<Readers>,
}

impl Bench {
    async fn new(budget: usize) -> Self {
        let log = Arc::new(Counting::default());
        log.create(&name(), 64, Keep::Everything).await.unwrap();
        let shared: Arc<dyn Log> = Arc::<Counting>::clone(&log);
        let readers = Arc::new(Readers::within(budget, shared, Arc::new(Metrics::new())));
        Self { log, readers }
    }

    async fn publish(&self, number: u32, records: impl IntoIterator<Item = Record>) {
        let records = records.into_iter().map(|record| (number, record)).collect();
        let covered = Covered::Records { dataset: name(), records };
        self.log.append_after(Record::default(), covered).await.unwrap();
    }

    async fn read(&self, number: u32, from: u64, by: &Projector) -> Page {
        self.readers.read(&at(number), from, ALL, by).await.unwrap()
    }

    /// Reads a partition to its end and returns the offsets.
    async fn read_all(&self, number: u32, mut from: u64, by: &Projector) -> Vec<u64> {
        let mut offsets = Vec::new();
        loop {
            let page = self.read(number, from, by).await;
            if page.next == from {
                return offsets;
            }
            offsets.extend(page.records.iter().map(|shown| shown.offset));
            from = page.next;
        }
    }
}

fn payloads(page: &Page) -> Vec<String> {
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    page.records.iter().map(|shown| text(&shown.payload)).collect()
}
