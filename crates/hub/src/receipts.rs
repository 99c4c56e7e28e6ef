//! Receipts of registry changes: a repeated request gets the receipt of the first time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use ndxp_audit::{Entry, leaf_hash, parse};
use ndxp_log::{Log, Partition, ReadError, ReadLimits};
use ndxp_model::{HubTopic, Topic};

use crate::ledger::Receipt;

/// How many receipts are kept in memory; older ones are looked up in the log.
const KEPT: usize = 10_000;
const PAGE: u64 = 1_000;

/// The audit topic's one partition.
pub(crate) fn audit() -> Partition {
    Partition { topic: Topic::Hub(HubTopic::Audit), number: 0 }
}

/// Receipts by registry position.
#[derive(Debug, Default)]
pub(crate) struct Receipts(Mutex<BTreeMap<u64, Receipt>>);

impl Receipts {
    /// Keeps a receipt, forgetting the oldest.
    pub(crate) fn remember(&self, position: u64, receipt: Receipt) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(position, receipt);
        while kept.len() > KEPT {
            kept.pop_first();
        }
    }

    /// Returns the receipt of a registry position.
    pub(crate) async fn of(&self, log: &Arc<dyn Log>, position: u64) -> Result<Receipt, ReadError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&position).copied();
        if let Some(receipt) = kept {
            return Ok(receipt);
        }
        let found = last(log, |entry| covers(entry) == Some(position)).await?;
        let missing =
            || ReadError::Corrupt(format!("registry position {position} has no audit entry"));
        found.map(|(receipt, _)| receipt).ok_or_else(missing)
    }
}

fn covers(entry: &Entry) -> Option<u64> {
    match entry {
        Entry::Registry(entry) => Some(entry.position),
        _ => None,
    }
}

/// Returns the registry position below which every record has its entry: the node that booted last
/// made sure of all before its boot, and each change since has written its own, in order.
pub(crate) async fn covered(log: &Arc<dyn Log>) -> Result<u64, ReadError> {
    let below = |entry: &Entry| match entry {
        Entry::Registry(entry) => Some(entry.position + 1),
        Entry::Boot(entry) => Some(entry.position),
        _ => None,
    };
    let found = last(log, |entry| below(entry).is_some()).await?;
    Ok(found.and_then(|(_, entry)| below(&entry)).unwrap_or_default())
}

/// Reads the audit log backwards until an entry fits.
async fn last(
    log: &Arc<dyn Log>,
    fits: impl Fn(&Entry) -> bool,
) -> Result<Option<(Receipt, Entry)>, ReadError> {
    let mut end = *log.follow(&audit())?.borrow();
    while end > 0 {
        let from = end.saturating_sub(PAGE);
        let limits = ReadLimits { records: (end - from) as usize, bytes: usize::MAX };
        for stored in log.read(&audit(), from, limits).await?.into_iter().rev() {
            let leaf = &stored.record.value;
            // A malformed leaf is a leaf all the same, but none that names a registry position.
            let Ok((stamp, entry)) = parse(leaf) else { continue };
            if fits(&entry) {
                let leaf_hash = leaf_hash(leaf);
                let receipt = Receipt { index: stored.offset, leaf_hash, issued_at: stamp.t };
                return Ok(Some((receipt, entry)));
            }
        }
        end = from;
    }
    Ok(None)
}
