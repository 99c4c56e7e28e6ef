//! Receipts of registry changes: a repeated request gets the receipt of the first time.

use std::{
    collections::{BTreeMap, BTreeSet},
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

    /// Returns the receipt of a registry position, if it has an entry.
    pub(crate) async fn of(
        &self,
        log: &Arc<dyn Log>,
        position: u64,
    ) -> Result<Option<Receipt>, ReadError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&position).copied();
        if let Some(receipt) = kept {
            return Ok(Some(receipt));
        }
        // Behind a boot's entry nothing is without an entry that lies before it.
        let fits = |entry: &Entry| covers(entry) == Some(position) || has_all(entry, position);
        let found = last(log, fits).await?;
        if let Some((receipt, entry)) = found
            && covers(&entry).is_some()
        {
            return Ok(Some(receipt));
        }
        Ok(None)
    }
}

fn covers(entry: &Entry) -> Option<u64> {
    match entry {
        Entry::Registry(entry) => Some(entry.position),
        _ => None,
    }
}

/// Says whether a boot was made without this position: then its entry, if any, comes later.
fn has_all(entry: &Entry, position: u64) -> bool {
    matches!(entry, Entry::Boot(boot) if boot.position <= position)
}

/// Returns the registry positions below `count` that have no entry. Each boot made sure of all before
/// its own; a node that writes alone has written those after it in order, several have not.
pub(crate) async fn missing(log: &Arc<dyn Log>, count: u64) -> Result<BTreeSet<u64>, ReadError> {
    let (mut below, mut seen) = (0, BTreeSet::new());
    last(log, |entry| match entry {
        Entry::Registry(entry) => {
            seen.insert(entry.position);
            below = if log.is_shared() { 0 } else { entry.position + 1 };
            !log.is_shared()
        }
        Entry::Boot(boot) => {
            below = boot.position;
            true
        }
        _ => false,
    })
    .await?;
    Ok((below..count).filter(|position| !seen.contains(position)).collect())
}

/// Reads the audit log backwards until an entry fits.
async fn last(
    log: &Arc<dyn Log>,
    mut fits: impl FnMut(&Entry) -> bool,
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
