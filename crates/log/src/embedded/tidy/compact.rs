//! Compaction: of each key the newest record stays, and what is not old enough to be replaced.
//!
//! A run looks at the records that came since the last one, notes the last offset of each key, and
//! then goes through the partition from its start to remove what they replace. The map holds so
//! many keys at most; where there are more, it is done in several rounds. Rounds remove from the
//! oldest record on, so a tombstone never goes before what it deletes, whenever the power fails.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use bytes::Bytes;
use ndxp_model::Timestamp;

use super::{Gone, failed};
use crate::{
    AppendError,
    embedded::{
        Embedded, Store,
        keys::Cleaned,
        partitions::{Slot, lock},
        writer::Delete,
    },
};

/// Keys in one round's map: 13 MiB.
const MOST_KEYS: usize = 450_000;

/// A partition of fewer offsets is gone through whenever something may go.
const SMALL: u64 = 65_536;

/// What one batch removes at most: appends wait for it.
const MOST_REMOVED: usize = 1_024;

/// From when on records are old enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Horizons {
    /// Records up to this time replace older ones.
    pub(super) replaces: Timestamp,
    /// Tombstones up to this time go.
    pub(super) tombstone: Timestamp,
    /// A large partition is gone through for tombstones alone once there is one up to this time.
    pub(super) patience: Timestamp,
}

/// What earlier runs left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compacted {
    cleaned: Cleaned,
    /// How many records are below `cleaned.to`, if a run of this process has counted them.
    kept: Option<u64>,
    /// The earliest tombstone among them.
    tombstone: Option<Timestamp>,
}

impl Compacted {
    pub(super) fn new(cleaned: Cleaned) -> Self {
        Self { cleaned, kept: None, tombstone: None }
    }

    /// Says whether a run is worth its reading: for a large partition only when a third of it is
    /// new, so that each record is read a few times in all.
    fn is_due(&self, start: u64, horizon: u64, horizons: Horizons) -> bool {
        let dirty = horizon.saturating_sub(self.cleaned.to);
        let has_tombstone = |until| self.tombstone.is_some_and(|time| time <= until);
        if horizon.saturating_sub(start) <= SMALL {
            // Before the first run nothing is known of tombstones.
            return dirty > 0 || self.kept.is_none() || has_tombstone(horizons.tombstone);
        }
        let kept = self.kept.unwrap_or_else(|| self.cleaned.to.saturating_sub(start));
        (dirty > 0 && dirty >= kept / 2) || has_tombstone(horizons.patience)
    }
}

/// Removes what newer records replace, and tombstones whose time is over.
pub(super) async fn compact(
    log: &Embedded,
    slot: &Arc<Slot>,
    horizons: Horizons,
) -> Result<Gone, AppendError> {
    let (id, start, end) = (slot.id, slot.earliest(), *slot.end.borrow());
    let after = horizons.replaces.millis().saturating_add(1);
    let find = move |store: &Store| store.offset_at(id, (start, end), after);
    let horizon = log.in_store(find).await.map_err(failed)?;
    let mut compacted = lock(&slot.tidied).compacted;
    let mut gone = Gone::default();
    if horizon == start || !compacted.is_due(start, horizon, horizons) {
        return Ok(gone);
    }
    let hasher = KeyHasher::default();
    loop {
        let from = compacted.cleaned.to.clamp(start, horizon);
        let (newest, to) = note_newest(log, slot, from, horizon, &hasher).await?;
        let round = Round { newest: Arc::new(newest), hasher: hasher.clone(), to, end, horizons };
        gone.add(sweep(log, slot, start, round, &mut compacted).await?);
        lock(&slot.tidied).compacted = compacted;
        if to == horizon {
            return Ok(gone);
        }
    }
}

/// Two hashes of 64 bits, with keys of this process: no two record keys have both in common, and
/// nobody can choose two that have.
#[derive(Debug, Clone, Default)]
struct KeyHasher(RandomState, RandomState);

type KeyHash = (u64, u64);

impl KeyHasher {
    fn hash(&self, key: &Bytes) -> KeyHash {
        (self.0.hash_one(key), self.1.hash_one(key))
    }
}

/// The last offset of each key.
type Newest = HashMap<KeyHash, u64>;

/// Notes the last offset of each key of `from..horizon`, or of as many as fit; returns how far.
async fn note_newest(
    log: &Embedded,
    slot: &Arc<Slot>,
    from: u64,
    horizon: u64,
    hasher: &KeyHasher,
) -> Result<(Newest, u64), AppendError> {
    let (mut newest, mut next) = (Newest::new(), from);
    while next < horizon && newest.len() < MOST_KEYS {
        let (id, hasher, at) = (slot.id, hasher.clone(), next);
        let step = move |store: &Store| {
            let next = store.step(id, at, horizon, |offset, record| {
                if let Some(key) = &record.key {
                    newest.insert(hasher.hash(key), offset);
                }
                newest.len() < MOST_KEYS
            })?;
            Ok((newest, next))
        };
        (newest, next) = log.in_store(step).await.map_err(failed)?;
    }
    Ok((newest, next))
}

/// One round: what to remove below `to`.
#[derive(Clone)]
struct Round {
    newest: Arc<Newest>,
    hasher: KeyHasher,
    to: u64,
    /// The partition's end when the run began. The record before it stays: it says where the end is.
    end: u64,
    horizons: Horizons,
}

/// What a step found.
#[derive(Default)]
struct Found {
    remove: Vec<u64>,
    gone: Gone,
    kept: u64,
    tombstone: Option<Timestamp>,
}

impl Round {
    fn judge(&self, offset: u64, record: &crate::Record, found: &mut Found) {
        let newest = record.key.as_ref().map(|key| self.newest.get(&self.hasher.hash(key)));
        let is_last = offset + 1 == self.end;
        let is_replaced = newest.flatten().is_some_and(|newest| *newest > offset);
        let is_tombstone = newest.is_some() && record.is_tombstone();
        // Whatever it deletes lies before it, and went with this round or an earlier one.
        let is_over = is_tombstone && record.timestamp <= self.horizons.tombstone;
        if !is_last && (is_replaced || is_over) {
            found.remove.push(offset);
            found.gone.add(Gone { records: 1, bytes: record.size() as u64 });
            return;
        }
        found.kept += 1;
        // A large partition is not gone through again and again until its last record is not last.
        if is_tombstone && (!is_last || self.to <= SMALL) {
            let earliest = found.tombstone.unwrap_or(record.timestamp);
            found.tombstone = Some(earliest.min(record.timestamp));
        }
    }
}

async fn sweep(
    log: &Embedded,
    slot: &Arc<Slot>,
    start: u64,
    round: Round,
    compacted: &mut Compacted,
) -> Result<Gone, AppendError> {
    let mut swept = Compacted { kept: Some(0), tombstone: None, ..*compacted };
    let (mut gone, mut next) = (Gone::default(), start);
    while next < round.to {
        let (id, round_here, at) = (slot.id, round.clone(), next);
        let step = move |store: &Store| {
            let mut found = Found::default();
            let next = store.step(id, at, round_here.to, |offset, record| {
                round_here.judge(offset, record, &mut found);
                found.remove.len() < MOST_REMOVED
            })?;
            Ok((found, next))
        };
        let (found, following) = log.in_store(step).await.map_err(failed)?;
        next = following;
        swept.kept = swept.kept.map(|kept| kept + found.kept);
        swept.tombstone = [swept.tombstone, found.tombstone].into_iter().flatten().min();
        if !found.remove.is_empty() {
            swept.cleaned.holes = swept.cleaned.holes.max(round.to);
            log.delete(slot, Delete::Offsets(found.remove, swept.cleaned)).await?;
            gone.add(found.gone);
        }
    }
    swept.cleaned.to = swept.cleaned.to.max(round.to);
    if swept.cleaned != compacted.cleaned {
        log.delete(slot, Delete::Offsets(Vec::new(), swept.cleaned)).await?;
    }
    *compacted = swept;
    Ok(gone)
}
