//! Each frame that was handed out has its release entry, and each such entry its frame.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{audit::Leaves, spread};
use crate::{
    Check, Report,
    delivery::{Line, Range, What},
    leaf::Leaf,
    record::Record,
    store::{Log, Partition, Topic},
};

const LANES: u64 = 64;

/// A frame that was handed out.
#[derive(Debug)]
pub(super) struct Frame {
    /// Its release entry.
    pub(super) entry: u64,
    pub(super) ranges: Vec<Range>,
}

impl Frame {
    /// Returns how many records it holds.
    pub(super) fn count(&self) -> u64 {
        self.ranges.iter().map(|range| range.last - range.first + 1).sum()
    }
}

/// A stream of a subscription.
#[derive(Debug, Default)]
pub(super) struct Epoch {
    pub(super) start: Vec<u64>,
    /// By number, from 1.
    pub(super) frames: BTreeMap<u64, Frame>,
}

/// A subscription's history.
#[derive(Debug, Default)]
pub(super) struct Subscription {
    /// Where its latest record stands, for findings.
    pub(super) at: String,
    pub(super) dataset: String,
    pub(super) epochs: BTreeMap<u64, Epoch>,
    /// The last cursor that counts.
    pub(super) cursor: Vec<u64>,
    /// Some release had no `rng`: what was withheld is not known here.
    pub(super) filtered: bool,
    /// Compaction has been in its lane: what is there fits, but does not tell all.
    pub(super) compacted: bool,
}

/// Histories by subscription.
pub(super) type History = BTreeMap<String, Subscription>;

/// Joins handed records and release entries.
pub(super) fn join(log: &Log, leaves: &Leaves, report: &mut Report) -> History {
    let mut history = History::new();
    let mut released = BTreeSet::new();
    for lane in &log.lanes {
        // An empty value is a tombstone: what it forgets stands in other records.
        for record in lane.records.iter().filter(|record| !record.value.is_empty()) {
            let at = lane.at(record.offset);
            if let Err(what) = take(log, lane, record, leaves, &mut history, &mut released, report)
            {
                report.find(Check::Release, at, what.to_owned());
            }
        }
    }
    let mut gone: BTreeMap<u64, u64> =
        log.lanes.iter().map(|lane| (u64::from(lane.number), lane.compacted)).collect();
    for leaf in leaves.values().filter(|leaf| leaf.kind() == "release") {
        if released.contains(&leaf.index) || leaf.shows_dead_letter() {
            continue;
        }
        // A frame that compaction took left a hole in its lane.
        match gone.get_mut(&spread(leaf.text("sub").as_bytes(), LANES)) {
            Some(holes) if *holes > 0 => {
                *holes -= 1;
                report.counts.forgotten += 1;
                let sub = history.entry(leaf.text("sub").to_owned()).or_default();
                sub.compacted = true;
            }
            _ => {
                let what = "releases a frame that was not handed out".to_owned();
                report.find(Check::Release, log.audit.at(leaf.index), what);
            }
        }
    }
    history
}

fn take(
    log: &Log,
    lane: &Partition,
    record: &Record,
    leaves: &Leaves,
    history: &mut History,
    released: &mut BTreeSet<u64>,
    report: &mut Report,
) -> Result<(), &'static str> {
    let line = Line::read(&record.value).ok_or("is no delivery record")?;
    if record.key.as_deref() != Some(line.key().as_bytes()) {
        return Err("has another key than its value says");
    }
    if spread(line.sub.as_bytes(), LANES) != u64::from(lane.number) {
        return Err("is in another subscription's lane");
    }
    let sub = history.entry(line.sub.clone()).or_default();
    sub.at = lane.at(record.offset);
    sub.compacted |= lane.compacted > 0;
    let latest = sub.epochs.last_key_value().map_or(0, |(epoch, _)| *epoch);
    match &line.what {
        What::Opened { .. } | What::Cursor { .. } | What::Sought { .. } | What::Other { .. }
            if record.covered.is_some() =>
        {
            return Err("is covered by an audit entry, but hands out nothing");
        }
        What::Other { .. } => {}
        What::Sought { positions } => {
            if line.epoch <= latest {
                return Err("opens an epoch that was opened before");
            }
            sub.epochs.insert(line.epoch, Epoch::default());
            sub.cursor.clone_from(positions);
        }
        What::Opened { start } => {
            if line.epoch <= latest {
                return Err("opens an epoch that was opened before");
            }
            sub.epochs.insert(line.epoch, Epoch { start: start.clone(), ..Epoch::default() });
        }
        What::Cursor { positions } => {
            if line.epoch == latest {
                sub.cursor.clone_from(positions);
            }
        }
        What::Handed { agreement, n, ranges } => {
            let leaf = release(record, leaves)?;
            if !released.insert(leaf.index) {
                return Err("names the entry of another frame");
            }
            fits(&line.sub, agreement, ranges, leaf)?;
            let topic = log.topics.iter().find(|topic| topic.dataset == leaf.dataset().0);
            all_earlier(topic.ok_or("hands out an unknown dataset")?, ranges, leaf)?;
            sub.dataset = leaf.dataset().0.to_owned();
            sub.filtered |= leaf.member("rng").is_none();
            let frame = Frame { entry: leaf.index, ranges: ranges.clone() };
            report.counts.handed += 1;
            report.counts.handed_records += frame.count();
            if sub.compacted {
                sub.epochs.entry(line.epoch).or_default();
            }
            let epoch = sub.epochs.get_mut(&line.epoch).ok_or("is of an epoch never opened")?;
            epoch.frames.insert(*n, frame);
        }
    }
    Ok(())
}

fn release<'a>(record: &Record, leaves: &'a Leaves) -> Result<&'a Leaf, &'static str> {
    let (entry, position) = record.covered.ok_or("hands out without an audit entry")?;
    let leaf = leaves.get(&entry).ok_or("names an audit entry that is not there")?;
    match (leaf.kind(), position) {
        ("release", 0) if leaf.shows_dead_letter() => Err("names the entry of a dead letter"),
        ("release", 0) => Ok(leaf),
        ("release", _) => Err("is not the first that its entry covers"),
        _ => Err("names an audit entry that releases nothing"),
    }
}

fn fits(sub: &str, agreement: &str, ranges: &[Range], leaf: &Leaf) -> Result<(), &'static str> {
    let count: u64 = ranges.iter().map(|range| range.last - range.first + 1).sum();
    let rng: Value = ranges.iter().map(|r| json!([r.partition, r.first, r.last])).collect();
    let again = ranges.iter().any(|range| range.attempt > 1);
    let agency = sub.split_once('/').map(|(agency, _)| agency);
    let checks = [
        (leaf.text("sub") == sub, "is of another subscription than its entry"),
        (agency == Some(leaf.text("cons")), "is handed to another agency than the subscription's"),
        (leaf.text("agr") == agreement, "rests on another agreement than its entry"),
        (leaf.number("n") == Some(count), "hands out another number than its entry"),
        (leaf.member("rng").is_none_or(|named| *named == rng), "has other ranges than its entry"),
        (leaf.member("again").is_some() == again, "disagrees with its entry on repetition"),
    ];
    checks.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, what)| Err(what))
}

/// What is handed out is there, and was published by an earlier entry.
fn all_earlier(topic: &Topic, ranges: &[Range], leaf: &Leaf) -> Result<(), &'static str> {
    for range in ranges {
        let partition = topic.partitions.get(range.partition as usize);
        let partition = partition.ok_or("hands out of a partition that is not there")?;
        for offset in range.first.max(partition.start)..=range.last {
            match partition.get(offset) {
                Some(record) if record.covered.is_some_and(|(entry, _)| entry >= leaf.index) => {
                    return Err("hands out a record that was published later");
                }
                Some(_) => {}
                None if partition.may_lack(offset) => {}
                None => return Err("hands out a record that is not there"),
            }
        }
    }
    Ok(())
}
