//! The audit log and the data as an auditor reads them, straight from the log.

use std::sync::Arc;

use ndxp_audit::{Entry, parse};
use ndxp_log::{Log, Partition, ReadLimits, Stored, memory::Faults};
use ndxp_model::{HubTopic, Topic};

const ALL: ReadLimits = ReadLimits { records: usize::MAX, bytes: usize::MAX };

/// All durable records of a partition.
pub(crate) async fn records(log: &Arc<dyn Log>, topic: Topic, number: u32) -> Vec<Stored> {
    log.read(&Partition { topic, number }, 0, ALL).await.unwrap()
}

/// All durable records of `tax/citizens`.
pub(crate) async fn citizens(log: &Arc<dyn Log>) -> Vec<Stored> {
    let mut all = Vec::new();
    for number in 0..4 {
        all.extend(records(log, Topic::Data("tax/citizens".parse().unwrap()), number).await);
    }
    all
}

/// All durable entries, in order: an entry's index is its place.
pub(crate) async fn entries(log: &Arc<dyn Log>) -> Vec<Entry> {
    let leaves = records(log, Topic::Hub(HubTopic::Audit), 0).await;
    leaves.iter().map(|leaf| parse(&leaf.record.value).unwrap().1).collect()
}

/// Waits until so many entries satisfy a test.
pub(crate) async fn until(log: &Arc<dyn Log>, count: usize, fits: impl Fn(&Entry) -> bool) {
    let at = Partition { topic: Topic::Hub(HubTopic::Audit), number: 0 };
    let mut end = log.follow(&at).unwrap();
    let (mut next, mut found) = (0, 0);
    loop {
        for leaf in log.read(&at, next, ALL).await.unwrap() {
            next = leaf.offset + 1;
            found += usize::from(fits(&parse(&leaf.record.value).unwrap().1));
        }
        if found >= count {
            return;
        }
        end.changed().await.unwrap();
    }
}

/// Counts the entries that satisfy a test.
pub(crate) async fn count(log: &Arc<dyn Log>, fits: impl Fn(&Entry) -> bool) -> usize {
    entries(log).await.iter().filter(|entry| fits(entry)).count()
}

/// Says whether an entry is a release.
pub(crate) fn is_release(entry: &Entry) -> bool {
    matches!(entry, Entry::Release(_))
}

/// How many appends were written so far, synced or not.
pub(crate) async fn written(faults: &Faults) -> u64 {
    let mut count = 0;
    loop {
        tokio::select! {
            biased;
            () = faults.written(count + 1) => count += 1,
            () = std::future::ready(()) => return count,
        }
    }
}
