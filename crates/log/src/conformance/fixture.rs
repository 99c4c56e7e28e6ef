//! What the checks have in common.
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use bytes::Bytes;
use ndxp_model::{DatasetName, HubTopic, Timestamp, Topic};

use crate::{Appended, Covered, Header, Log, Partition, ReadLimits, Record, Stored};

pub(super) const PAGE: ReadLimits = ReadLimits { records: 50, bytes: 1 << 20 };

pub(super) fn dataset() -> DatasetName {
    "tax/income".parse().unwrap()
}

pub(super) fn data(number: u32) -> Partition {
    Partition { topic: Topic::Data(dataset()), number }
}

pub(super) fn hub(topic: HubTopic, number: u32) -> Partition {
    Partition { topic: Topic::Hub(topic), number }
}

pub(super) fn audit() -> Partition {
    hub(HubTopic::Audit, 0)
}

pub(super) fn record(text: &str) -> Record {
    Record {
        key: Some(Bytes::copy_from_slice(text.as_bytes())),
        value: Bytes::from(format!("{{\"text\":\"{text}\"}}")),
        timestamp: Timestamp::from_millis(1_000),
        headers: vec![Header::new("ce_id", text.to_owned())],
    }
}

pub(super) fn at_time(millis: i64) -> Record {
    Record { timestamp: Timestamp::from_millis(millis), ..record("timed") }
}

/// Records of the test's dataset, all for one partition.
pub(super) fn records(number: u32, records: impl IntoIterator<Item = Record>) -> Covered {
    let records = records.into_iter().map(|record| (number, record)).collect();
    Covered::Records { dataset: dataset(), records }
}

pub(super) async fn publish(log: &dyn Log, number: u32, texts: &[&str]) -> Appended {
    let covered = records(number, texts.iter().map(|text| record(text)));
    log.append_after(record("entry"), covered).await.unwrap()
}

pub(super) async fn end(log: &dyn Log, at: &Partition) -> u64 {
    *log.follow(at).unwrap().borrow()
}

/// Reads a partition from an offset to its end, page by page.
pub(super) async fn read_all(log: &dyn Log, at: &Partition, mut from: u64) -> Vec<Stored> {
    let mut all = Vec::new();
    loop {
        let page = log.read(at, from, PAGE).await.unwrap();
        let Some(last) = page.last() else { return all };
        from = last.offset + 1;
        all.extend(page);
    }
}

pub(super) fn keys(stored: &[Stored]) -> Vec<String> {
    stored
        .iter()
        .map(|s| String::from_utf8(s.record.key.clone().unwrap_or_default().to_vec()).unwrap())
        .collect()
}

pub(super) fn offsets(stored: &[Stored]) -> Vec<u64> {
    stored.iter().map(|stored| stored.offset).collect()
}
