//! Each data record names an earlier publish entry, and each such entry has its records.

use std::collections::BTreeMap;

use super::{audit::Leaves, registry::Schemas, spread};
use crate::{
    Check, Report,
    leaf::Leaf,
    record::Record,
    store::{Log, Partition, Topic},
};

const DAY_MS: i64 = 86_400_000;

/// Where a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) partition: u32,
    pub(super) offset: u64,
}

/// A system's records of a dataset, by record id.
type Ids<'a> = BTreeMap<&'a str, (Place, &'a Record)>;

/// Records by dataset and publishing system.
#[derive(Debug, Default)]
pub(super) struct Placed<'a> {
    ids: BTreeMap<(&'a str, &'a str), Ids<'a>>,
    /// How many records there are of each entry.
    covered: BTreeMap<u64, u64>,
}

impl<'a> Placed<'a> {
    /// Finds a record.
    pub(super) fn find(
        &self,
        dataset: &str,
        source: &str,
        id: &str,
    ) -> Option<(Place, &'a Record)> {
        self.ids.get(&(dataset, source))?.get(id).copied()
    }

    /// Returns how many records of an entry are there.
    pub(super) fn covered_by(&self, entry: u64) -> u64 {
        self.covered.get(&entry).copied().unwrap_or_default()
    }

    /// Returns how many records a system has in a dataset.
    pub(super) fn count(&self, dataset: &str, source: &str) -> u64 {
        self.ids.get(&(dataset, source)).map_or(0, |records| records.len() as u64)
    }
}

/// Joins records and publish entries.
pub(super) fn join<'a>(log: &'a Log, leaves: &Leaves, report: &mut Report) -> Placed<'a> {
    let schemas = Schemas::registered(log);
    let mut placed = Placed::default();
    let mut covered: BTreeMap<u64, Vec<(u32, Place)>> = BTreeMap::new();
    for topic in &log.topics {
        for partition in &topic.partitions {
            report.counts.expired += partition.start;
            report.counts.compacted += partition.compacted;
            for record in &partition.records {
                let at = partition.at(record.offset);
                report.counts.records += 1;
                let place = Place { partition: partition.number, offset: record.offset };
                if let Some((entry, position)) = record.covered {
                    covered.entry(entry).or_default().push((position, place));
                    *placed.covered.entry(entry).or_default() += 1;
                }
                if let Err(what) = fits(topic, partition, record, leaves, &schemas) {
                    report.find(Check::Publish, at.clone(), what.to_owned());
                }
                let key = (topic.dataset.as_str(), record.header("ce_source"));
                let ids = placed.ids.entry(key).or_default();
                let before = ids.insert(record.header("ce_id"), (place, record));
                if before.is_some_and(|(_, b)| record.timestamp - b.timestamp < DAY_MS) {
                    let what = "has the id of a record of the last 24 hours".to_owned();
                    report.find(Check::Publish, at, what);
                }
            }
        }
    }
    let mut lacking: BTreeMap<&str, u64> = BTreeMap::new();
    for leaf in leaves.values().filter(|leaf| leaf.kind() == "publish") {
        let places = covered.remove(&leaf.index).unwrap_or_default();
        match is_whole(log, leaf, places) {
            Ok(lacks) => *lacking.entry(leaf.dataset().0).or_default() += lacks,
            Err(what) => report.find(Check::Publish, log.audit.at(leaf.index), what),
        }
    }
    for topic in &log.topics {
        // What no entry lacks was never published; what entries lack beyond it was lost.
        let gone: u64 = topic.partitions.iter().map(Partition::gone).sum();
        let lacks = lacking.get(topic.dataset.as_str()).copied().unwrap_or_default();
        if lacks != gone {
            let what = format!("lacks {lacks} records of its entries, but {gone} were deleted");
            report.find(Check::Publish, topic.dataset.clone(), what);
        }
    }
    placed
}

/// Judges one record by itself and by its entry.
fn fits(
    topic: &Topic,
    partition: &Partition,
    record: &Record,
    leaves: &Leaves,
    schemas: &Schemas,
) -> Result<(), &'static str> {
    let (entry, _) = record.covered.ok_or("is covered by no audit entry")?;
    let leaf = leaves.get(&entry).ok_or("names an audit entry that is not there")?;
    let (dataset, version) = leaf.dataset();
    let key = record.key.as_deref().ok_or("has no key")?;
    let parts = topic.partitions.len() as u64;
    let kind = record.header("ce_type").rsplit_once('.').unwrap_or_default();
    let schema = (record.header("ce_dataschema"), record.header("ce_ndxpschema"));
    let checks = [
        (leaf.kind() == "publish", "names an audit entry that publishes nothing"),
        (dataset == topic.dataset, "names an audit entry of another dataset"),
        (record.header("ce_ndxpschema") == version, "has another schema version than its entry"),
        (is_by(record.header("ce_source"), leaf), "has another source than its entry"),
        (!record.header("ce_id").is_empty(), "has no record id"),
        (record.header("ce_specversion") == "1.0", "is no CloudEvent"),
        (record.header("content-type") == "application/json", "is not JSON by its header"),
        (kind.0 == format!("ndxp.{}", topic.dataset.replace('/', ".")), "has a foreign type"),
        (matches!(kind.1, "UPSERT" | "DELETE" | "EVENT"), "has an unknown operation"),
        (!record.header("ce_time").is_empty(), "has no event time"),
        (schemas.contains(schema), "names a schema that nobody registered"),
        (record.header("ce_partitionkey").as_bytes() == key, "has two keys"),
        (spread(key, parts) == u64::from(partition.number), "is in another key's partition"),
        (
            serde_json::from_slice::<serde_json::Value>(&record.value).is_ok(),
            "has a value that is no JSON",
        ),
        (
            !record
                .headers
                .iter()
                .any(|(name, _)| matches!(name.as_str(), "ce_ndxpentry" | "ce_ndxpposition")),
            "claims its entry in a header",
        ),
    ];
    checks.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, what)| Err(what))
}

/// `/agency/tax/system/portal` is `agency/tax/system/portal`.
fn is_by(source: &str, leaf: &Leaf) -> bool {
    source.strip_prefix('/') == Some(leaf.text("by"))
}

/// Judges that an entry's records are there, once, in order, and returns how many are not any more.
fn is_whole(log: &Log, leaf: &Leaf, mut places: Vec<(u32, Place)>) -> Result<u64, String> {
    let count = leaf.number("n").unwrap_or_default();
    let dataset = leaf.dataset().0;
    let topic = log.topics.iter().find(|topic| topic.dataset == dataset);
    let topic = topic.ok_or("publishes into a dataset that is not there")?;
    places.sort();
    let there = places.len() as u64;
    let is_touched = topic.partitions.iter().any(|partition| partition.gone() > 0);
    if there > count || there < count && !is_touched {
        return Err(format!("publishes {count} records, {there} are there"));
    }
    let mut expected = 0..count;
    // Each position is found behind the one before it.
    if places.iter().any(|(position, _)| !expected.any(|next| next == u64::from(*position))) {
        return Err("has a position twice or not at all".to_owned());
    }
    for partition in &topic.partitions {
        let own = places.iter().filter(|(_, place)| place.partition == partition.number);
        let own: Vec<_> = own.collect();
        if own.windows(2).any(|pair| matches!(pair, [a, b] if !are_together(partition, a, b))) {
            let number = partition.number;
            return Err(format!("has its records of partition {number} apart or out of order"));
        }
    }
    Ok(count - there)
}

/// Between two records of one entry nothing stands, and no more is gone than the entry had there.
fn are_together(partition: &Partition, a: &(u32, Place), b: &(u32, Place)) -> bool {
    let (from, to) = (a.1.offset, b.1.offset);
    from < to
        && to - from <= u64::from(b.0 - a.0)
        && (from + 1..to).all(|offset| partition.get(offset).is_none())
}
