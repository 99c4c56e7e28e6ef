//! The audit log and the data as an auditor reads them, straight from the log.

use std::sync::Arc;

use ndxp_audit::{Entry, parse};
use ndxp_log::{Log, Partition, ReadLimits, Stored};
use ndxp_model::{HubTopic, Topic};

const ALL: ReadLimits = ReadLimits { records: usize::MAX, bytes: usize::MAX };

/// All durable records of a partition.
pub(crate) async fn records(log: &Arc<dyn Log>, topic: Topic, number: u32) -> Vec<Stored> {
    log.read(&Partition { topic, number }, 0, ALL).await.unwrap()
}

/// All durable entries, in order: an entry's index is its place.
pub(crate) async fn entries(log: &Arc<dyn Log>) -> Vec<Entry> {
    let leaves = records(log, Topic::Hub(HubTopic::Audit), 0).await;
    leaves.iter().map(|leaf| parse(&leaf.record.value).unwrap().1).collect()
}

/// Waits until an entry satisfies a test.
pub(crate) async fn until(log: &Arc<dyn Log>, fits: impl Fn(&Entry) -> bool) {
    let at = Partition { topic: Topic::Hub(HubTopic::Audit), number: 0 };
    let mut end = log.follow(&at).unwrap();
    while !entries(log).await.iter().any(&fits) {
        end.changed().await.unwrap();
    }
}
