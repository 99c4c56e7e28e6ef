//! What consumers received is what was released to them, and no cursor passes what they did not
//! acknowledge.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    audit::Leaves,
    deliveries::{Frame as Handed, History, Subscription},
};
use crate::{Check, Report, evidence::Frame};

/// Joins the consumers' files and the releases.
pub(super) fn join(leaves: &Leaves, history: &History, frames: &[Frame], report: &mut Report) {
    let mut received: BTreeMap<&str, Vec<&Frame>> = BTreeMap::new();
    for frame in frames {
        received.entry(frame.sub.as_str()).or_default().push(frame);
    }
    for (name, frames) in received {
        let mut find = |what: String| report.find(Check::Received, name.to_owned(), what);
        let Some(sub) = history.get(name) else {
            find("received, but nothing was ever handed to it".to_owned());
            continue;
        };
        let arrived = arrived(sub, &frames, leaves, &mut find);
        let lost = gaps(sub, &arrived, &mut find);
        settled(sub, &frames, &mut find);
        report.counts.unreceived += lost;
        report.counts.received.0 += frames.len() as u64;
        report.counts.received.1 += frames.iter().map(|frame| frame.count).sum::<u64>();
    }
}

/// Judges each frame by its receipt, and returns the entries whose frames arrived.
fn arrived(
    sub: &Subscription,
    frames: &[&Frame],
    leaves: &Leaves,
    find: &mut impl FnMut(String),
) -> BTreeSet<u64> {
    let handed: BTreeMap<u64, (u64, &Handed)> = sub
        .epochs
        .iter()
        .flat_map(|(number, epoch)| epoch.frames.values().map(|frame| (*number, frame)))
        .map(|(number, frame)| (frame.entry, (number, frame)))
        .collect();
    let mut arrived = BTreeSet::new();
    let mut last = 0;
    for frame in frames {
        let index = frame.index;
        let Some((epoch, released)) = handed.get(&index) else {
            if sub.compacted && is_released(frame, leaves) {
                arrived.insert(index);
                continue;
            }
            find(format!("received a frame with receipt {index}, which releases nothing to it"));
            continue;
        };
        if leaves.get(&index).is_none_or(|leaf| leaf.hash != frame.leaf_hash) {
            find(format!("received receipt {index} with another hash"));
        }
        if released.count() != frame.count {
            find(format!("received {} records with receipt {index}", frame.count));
        }
        if *epoch != frame.epoch {
            find(format!("received receipt {index} in another epoch"));
        }
        if !arrived.insert(index) || index < last {
            find(format!("received receipt {index} twice or out of order"));
        }
        last = index;
    }
    arrived
}

/// Judges a frame by its entry alone: who was handed what is compacted away.
fn is_released(frame: &Frame, leaves: &Leaves) -> bool {
    leaves.get(&frame.index).is_some_and(|leaf| {
        leaf.kind() == "release"
            && leaf.hash == frame.leaf_hash
            && leaf.text("sub") == frame.sub
            && leaf.number("n") == Some(frame.count)
    })
}

/// Within a stream frames arrive in order, so only its last ones may be lost, when it was cut.
/// Returns how many were.
fn gaps(sub: &Subscription, arrived: &BTreeSet<u64>, find: &mut impl FnMut(String)) -> u64 {
    let mut lost = 0;
    for (number, epoch) in &sub.epochs {
        let is_here = |frame: &&Handed| arrived.contains(&frame.entry);
        let here = epoch.frames.values().filter(is_here).count();
        let in_order = epoch.frames.values().take_while(is_here).count();
        if here != in_order {
            find(format!("missed a frame in the middle of epoch {number}"));
        }
        lost += (epoch.frames.len() - here) as u64;
    }
    lost
}

/// Whatever was handed out below the cursor was acknowledged in some frame.
fn settled(sub: &Subscription, frames: &[&Frame], find: &mut impl FnMut(String)) {
    let acked: BTreeSet<u64> = frames.iter().filter(|f| f.acked).map(|f| f.index).collect();
    let (mut settled, mut passed) = (BTreeSet::new(), BTreeSet::new());
    for frame in sub.epochs.values().flat_map(|epoch| epoch.frames.values()) {
        let into = if acked.contains(&frame.entry) { &mut settled } else { &mut passed };
        for range in &frame.ranges {
            let cursor = sub.cursor.get(range.partition as usize).copied().unwrap_or_default();
            let below = range.first..cursor.min(range.last + 1);
            into.extend(below.map(|offset| (range.partition, offset)));
        }
    }
    if let Some((partition, offset)) = passed.difference(&settled).next() {
        find(format!("has a cursor past {partition}@{offset}, which it never acknowledged"));
    }
}
