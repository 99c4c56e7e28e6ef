//! A subscription's history is possible, and its cursor passes nothing that was not handed out.

use std::collections::{BTreeMap, BTreeSet};

use super::deliveries::{History, Subscription};
use crate::{
    Check, Report,
    store::{Log, Topic},
};

/// Judges each subscription.
pub(super) fn judge(log: &Log, history: &History, report: &mut Report) {
    for (name, sub) in history {
        let mut find = |what: String| report.find(Check::Delivery, name.clone(), what);
        numbers(sub, &mut find);
        attempts(sub, &mut find);
        if let Some(topic) = log.topics.iter().find(|topic| topic.dataset == sub.dataset) {
            cursor(sub, topic, &mut find);
        }
    }
}

/// Epochs and their frames are counted from 1 without a hole.
fn numbers(sub: &Subscription, find: &mut impl FnMut(String)) {
    if sub.compacted {
        return;
    }
    if !sub.epochs.keys().copied().eq(1..=sub.epochs.len() as u64) {
        find(format!("has epochs missing before {}", sub.at));
    }
    for (number, epoch) in &sub.epochs {
        if !epoch.frames.keys().copied().eq(1..=epoch.frames.len() as u64) {
            find(format!("has frames of epoch {number} missing"));
        }
    }
}

/// An attempt is one more than the times a record was handed out before.
fn attempts(sub: &Subscription, find: &mut impl FnMut(String)) {
    let mut times: BTreeMap<(u32, u64), u64> = BTreeMap::new();
    for range in sub.epochs.values().flat_map(|e| e.frames.values()).flat_map(|f| &f.ranges) {
        for offset in range.first..=range.last {
            let before = times.entry((range.partition, offset)).or_default();
            *before += 1;
            if *before > range.attempt || *before < range.attempt && !sub.compacted {
                let (partition, attempt) = (range.partition, range.attempt);
                find(format!(
                    "was handed {partition}@{offset} for time {before}, recorded as {attempt}"
                ));
            }
        }
    }
}

fn cursor(sub: &Subscription, topic: &Topic, find: &mut impl FnMut(String)) {
    let start = sub.epochs.first_key_value().map(|(_, epoch)| epoch.start.clone());
    let start = start.unwrap_or_default();
    let handed = handed(sub);
    for (partition, (from, to)) in topic.partitions.iter().zip(start.iter().zip(&sub.cursor)) {
        if *to > partition.end {
            find(format!("has a cursor beyond the end of {}", partition.name));
            continue;
        }
        if sub.filtered || sub.compacted {
            continue;
        }
        // What was deleted may never have been there to be handed out.
        let is_gone = |offset| partition.may_lack(offset) && partition.get(offset).is_none();
        let passed =
            |offset: &u64| !handed.contains(&(partition.number, *offset)) && !is_gone(*offset);
        if let Some(offset) = (*from..*to).find(passed) {
            find(format!("has a cursor past {}, never handed out", partition.at(offset)));
        }
    }
}

/// Returns every place that was ever handed out.
fn handed(sub: &Subscription) -> BTreeSet<(u32, u64)> {
    let frames = sub.epochs.values().flat_map(|epoch| epoch.frames.values());
    let ranges = frames.flat_map(|frame| &frame.ranges);
    ranges.flat_map(|r| (r.first..=r.last).map(move |offset| (r.partition, offset))).collect()
}
