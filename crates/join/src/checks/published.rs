//! What publishers were told is in the log: once, under the receipt's entry, in order per key.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    audit::Leaves,
    records::{Place, Placed},
};
use crate::{
    Check, Report,
    evidence::Call,
    store::{Log, Partition},
};

/// Joins the publishers' files and the log.
pub(super) fn join(
    log: &Log,
    leaves: &Leaves,
    placed: &Placed<'_>,
    streams: &[Vec<Call>],
    report: &mut Report,
) {
    let mut acknowledged: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut gone: BTreeMap<&str, u64> = BTreeMap::new();
    for topic in &log.topics {
        let deleted = topic.partitions.iter().map(Partition::gone).sum();
        gone.insert(&topic.dataset, deleted);
    }
    for calls in streams {
        let mut last: BTreeMap<(&str, &str), (Place, &str)> = BTreeMap::new();
        for call in calls {
            report.counts.published.0 += 1;
            if let Err(what) = receipt(call, leaves, placed) {
                report.find(Check::Published, log.audit.at(call.index), what.to_owned());
            }
            for (id, key) in &call.records {
                let who = (call.dataset.as_str(), call.source.as_str());
                if acknowledged.entry(who).or_default().insert(id) {
                    report.counts.published.1 += 1;
                    // Not more is missing than was deleted.
                    if placed.find(&call.dataset, &call.source, id).is_none()
                        && let Some(gone) = gone.get_mut(call.dataset.as_str())
                        && *gone > 0
                    {
                        *gone -= 1;
                        report.counts.published_gone += 1;
                        continue;
                    }
                    record(call, id, key, placed, &mut last, report);
                }
            }
        }
    }
    for ((dataset, source), ids) in &acknowledged {
        let there = placed.count(dataset, source);
        let here = ids.iter().filter(|id| placed.find(dataset, source, id).is_some()).count();
        report.counts.unacknowledged += there.saturating_sub(here as u64);
    }
}

fn receipt(call: &Call, leaves: &Leaves, placed: &Placed<'_>) -> Result<(), &'static str> {
    let leaf = leaves.get(&call.index).ok_or("is a receipt of an entry that is not there")?;
    if leaf.hash != call.leaf_hash {
        return Err("is not the entry of the receipt: another hash");
    }
    if leaf.kind() != "publish" || leaf.dataset().0 != call.dataset {
        return Err("is not the entry of a publish call of this dataset");
    }
    let covers = |id: &str| {
        let found = placed.find(&call.dataset, &call.source, id);
        found.and_then(|(_, record)| record.covered).is_some_and(|(entry, _)| entry == call.index)
    };
    // Its records may be gone; then a call of repeats cannot be told from one of its own.
    let is_gone = placed.covered_by(call.index) < leaf.number("n").unwrap_or_default();
    match is_gone || call.records.iter().any(|(id, _)| covers(id)) {
        true => Ok(()),
        false => Err("covers none of the call's records"),
    }
}

fn record<'a>(
    call: &'a Call,
    id: &'a str,
    key: &'a str,
    placed: &Placed<'_>,
    last: &mut BTreeMap<(&'a str, &'a str), (Place, &'a str)>,
    report: &mut Report,
) {
    let at = format!("{} of {} in {}", id, call.source, call.dataset);
    let Some((place, stored)) = placed.find(&call.dataset, &call.source, id) else {
        let what = "was acknowledged and is not there".to_owned();
        report.find(Check::Published, at, what);
        return;
    };
    if stored.key.as_deref() != Some(key.as_bytes()) {
        report.find(Check::Published, at.clone(), "is there under another key".to_owned());
    }
    let before = last.insert((&call.dataset, key), (place, id));
    if let Some((_, before)) = before.filter(|(before, _)| *before >= place) {
        report.find(Check::KeyOrder, at, format!("stands before {before}, acknowledged earlier"));
    }
}
