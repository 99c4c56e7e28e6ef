//! What compaction may do to a lane.

use std::collections::BTreeMap;

use ndxp_delivery::{DeliveryRecord, Progress};

use crate::chance::Chance;

/// A record of the lane: its key and value; an empty value is a tombstone.
pub(crate) type Stored = (String, Vec<u8>);

/// Takes any of the records away that a later one of their key supersedes, and tombstones of which
/// all older records are gone.
pub(crate) fn compact(lane: &[Stored], chance: &mut Chance) -> Vec<Stored> {
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, (key, _)) in lane.iter().enumerate() {
        last.insert(key, at);
    }
    let zeal = chance.below(101);
    let mut kept_older: BTreeMap<&str, bool> = BTreeMap::new();
    let mut kept = Vec::new();
    for (at, stored) in lane.iter().enumerate() {
        let (key, value) = (stored.0.as_str(), &stored.1);
        let superseded = last[key] > at;
        let older = kept_older.get(key).copied().unwrap_or(false);
        let may_go = superseded || (value.is_empty() && !older);
        if may_go && chance.percent(zeal) {
            continue;
        }
        kept_older.insert(key, true);
        kept.push(stored.clone());
    }
    kept
}

/// Folds a lane.
pub(crate) fn fold(lane: &[Stored], progress: Progress) -> Progress {
    let mut progress = progress;
    for (key, value) in lane {
        match value.is_empty() {
            true => progress.forgotten(key),
            false => _ = progress.apply(&DeliveryRecord::decode(value).unwrap()),
        }
    }
    progress
}

/// How many keys the lane holds in the end.
pub(crate) fn live_keys(lane: &[Stored]) -> Vec<&str> {
    let last: BTreeMap<&str, bool> =
        lane.iter().map(|(key, value)| (key.as_str(), value.is_empty())).collect();
    last.into_iter().filter(|(_, forgotten)| !forgotten).map(|(key, _)| key).collect()
}
