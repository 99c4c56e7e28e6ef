//! The log as a reader sees it that is not the hub: Kafka's own console consumer, and a join of what
//! stands there with what publishers and consumers kept. Written from `docs/storage.md` alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};

use ndxp_brokers::Line;
use serde_json::Value;

use crate::{book::Book, hub::Hub};

/// Entries of the audit log by their index.
type Entries = BTreeMap<u64, Value>;

/// What this reader has read so far, a topic each. It keeps it: what a later one replaces, compaction
/// may take.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    audit: Read,
    records: Read,
    delivery: Read,
    registry: Read,
}

/// By partition and offset.
type Read = BTreeMap<(u32, u64), Line>;

impl Reader {
    /// Reads all topics as they are now.
    pub(crate) fn read(&mut self, hub: &Hub) {
        let topics = [
            (&mut self.audit, "ndxp.audit.main"),
            (&mut self.records, "ndxp.data.home-affairs.administrative-units"),
            (&mut self.delivery, "ndxp.delivery"),
            (&mut self.registry, "ndxp.registry"),
        ];
        thread::scope(|scope| {
            for (read, topic) in topics {
                let tool = hub.brokers.tool();
                scope.spawn(move || {
                    let lines = tool.all(topic).unwrap().into_iter();
                    read.extend(lines.map(|line| ((line.partition, line.offset), line)));
                });
            }
        });
    }

    /// Returns how often nodes took lanes.
    pub(crate) fn taken(&self) -> usize {
        self.delivery.values().filter(|line| line.key.starts_with("/owned/")).count()
    }

    /// Joins what it read with what publishers and consumers kept: every acknowledged record is
    /// there, behind its entry; every hand-out has its entry, and every frame that came to a
    /// consumer has both. Says what it found.
    pub(crate) fn judge(&self, book: &Book) -> String {
        let json = |line: &Line| serde_json::from_str(&line.value).unwrap();
        let entries: Entries = self.audit.values().map(|line| (line.offset, json(line))).collect();
        let published = published(self.records.values(), &entries);
        let lost: Vec<_> = book.names().difference(&published).collect();
        assert!(lost.is_empty(), "acknowledged, and not in the log: {lost:?}");
        let handed = handed(self.delivery.values(), &entries);
        for (entry, records) in book.receipts() {
            assert_eq!(handed.valid.get(entry), Some(records), "a frame came with entry {entry}");
        }
        registry(self.registry.values(), &entries);
        let taken = self.taken();
        let releases = entries.values().filter(|entry| entry["kind"] == "release").count();
        let void = releases - handed.valid.len() - handed.fenced;
        format!(
            "{} entries; {} records, {} of them by two nodes; {releases} releases, {} of fenced owners, {void} of which nothing was handed out; lanes taken {taken} times",
            entries.len(),
            published.len(),
            self.records.len() - published.len(),
            handed.fenced,
        )
    }
}

fn entry<'a>(line: &Line, entries: &'a Entries) -> (u64, &'a Value) {
    let index = line.header("ce_ndxpentry").strip_prefix("main:").unwrap().parse().unwrap();
    (index, &entries[&index])
}

/// Returns the names of all records.
fn published<'a>(lines: impl Iterator<Item = &'a Line>, entries: &Entries) -> BTreeSet<String> {
    let name = |line: &Line| {
        assert_eq!(entry(line, entries).1["kind"], "publish", "{line:?}");
        let value: Value = serde_json::from_str(&line.value).unwrap();
        value["name"].as_str().unwrap().to_owned()
    };
    lines.map(name).collect()
}

/// What was handed out.
struct Handed {
    /// The entries of hand-outs that count, with their records.
    valid: BTreeMap<u64, u64>,
    /// How many an owner wrote whose lane was another's by then.
    fenced: usize,
}

/// The lines come in order.
fn handed<'a>(lines: impl Iterator<Item = &'a Line>, entries: &Entries) -> Handed {
    let mut floors: BTreeMap<u32, u64> = BTreeMap::new();
    let mut handed = Handed { valid: BTreeMap::new(), fenced: 0 };
    for line in lines {
        let floor = floors.entry(line.partition).or_default();
        if line.key.starts_with("/owned/") {
            *floor = (line.offset + 1) << 24;
        } else if line.key.contains("/handed/") && line.value != "null" {
            let value: Value = serde_json::from_str(&line.value).unwrap();
            let (index, entry) = entry(line, entries);
            assert_eq!(entry["kind"], "release", "{line:?}");
            assert_eq!(entry["sub"], value["sub"], "{line:?}");
            assert_eq!(entry["n"].as_u64().unwrap(), records(&value), "{line:?}");
            if value["epoch"].as_u64().unwrap() < *floor {
                handed.fenced += 1;
            } else {
                handed.valid.insert(index, entry["n"].as_u64().unwrap());
            }
        }
    }
    handed
}

/// Counts the records of a hand-out's ranges.
fn records(handed: &Value) -> u64 {
    let length = |range: &Value| range[2].as_u64().unwrap() - range[1].as_u64().unwrap() + 1;
    handed["ranges"].as_array().unwrap().iter().map(length).sum()
}

/// Each change that somebody made has its entry, once or, around a crash, more often.
fn registry<'a>(lines: impl Iterator<Item = &'a Line>, entries: &Entries) {
    let noted = entries.values().filter(|entry| entry["kind"] == "registry");
    let noted: BTreeSet<u64> = noted.map(|entry| entry["reg"]["pos"].as_u64().unwrap()).collect();
    let mut position = 0;
    for line in lines {
        let record: Value = serde_json::from_str(&line.value).unwrap();
        // The first of a base is the one that was accepted.
        if record["base"].as_u64() == Some(position) {
            let has_actor = record.get("actor").is_some_and(|actor| !actor.is_null());
            assert!(!has_actor || noted.contains(&position), "no entry of change {position}");
            position += 1;
        }
    }
}
