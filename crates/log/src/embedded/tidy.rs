//! Deleting what need not be kept: looking happens on readers' threads, a step at a time; what is
//! decided goes through the writer in small batches, between the appends that wait.

mod compact;
mod retain;

use std::sync::Arc;

use ndxp_model::{Keep, Timestamp};

use super::{
    Embedded,
    keys::Cleaned,
    partitions::{Slot, lock},
    store::Space,
};
use crate::{AppendError, ReadError};

/// Tables of more bytes are never rewritten at once: the store's own compaction frees them bit by
/// bit, while a rewriting of many gigabytes would keep it from its work until appends stall, and
/// would hold up the closing of the log.
const MOST_REWRITTEN: u64 = 1 << 30;

/// How often and how long is waited for memory to reach the tables before they are rewritten.
const FLUSH_LOOKS: u32 = 500;
const FLUSH_PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// What is known of a partition from earlier runs.
#[derive(Debug)]
pub(super) struct Tidied {
    compacted: compact::Compacted,
    sizes: retain::Sizes,
}

impl Tidied {
    pub(super) fn new(cleaned: Cleaned) -> Self {
        let compacted = compact::Compacted::new(cleaned);
        Self { compacted, sizes: retain::Sizes::default() }
    }
}

/// Bytes of deleted records that still take space in tables, by keyspace.
#[derive(Debug, Default)]
pub(super) struct Garbage([u64; 2]);

/// What a run deleted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Gone {
    records: u64,
    bytes: u64,
}

impl Gone {
    fn add(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
    }
}

/// Tidies every partition. One that fails does not keep the others; the first failure is returned.
pub(super) async fn tidy(log: &Embedded, now: Timestamp) -> Result<(), AppendError> {
    let mut garbage = log.garbage.lock().await;
    let mut result = Ok(());
    for (topic, slots) in log.partitions.all() {
        let mut gone = Gone::default();
        for slot in &slots {
            match tidy_partition(log, slot, now).await {
                Ok(more) => gone.add(more),
                Err(error) => result = result.and(Err(error)),
            }
        }
        if gone.records > 0 {
            tracing::info!(%topic, gone.records, gone.bytes, "log deleted what need not be kept");
        }
        if let Some(space) = slots.first().map(|slot| Space::of(slot.id) as usize)
            && let Some(bytes) = garbage.0.get_mut(space)
        {
            *bytes += gone.bytes;
        }
    }
    for (space, bytes) in Space::ALL.into_iter().zip(&mut garbage.0) {
        if reclaim(log, space, *bytes).await? {
            *bytes = 0;
        }
    }
    result
}

async fn tidy_partition(
    log: &Embedded,
    slot: &Arc<Slot>,
    now: Timestamp,
) -> Result<Gone, AppendError> {
    let keep = *lock(&slot.keep);
    match keep {
        Keep::Everything => Ok(Gone::default()),
        Keep::Recent { max_age_ms, max_bytes } => {
            let oldest = max_age_ms.map(|age| before(now, age));
            retain::retain(log, slot, oldest, max_bytes).await
        }
        Keep::Newest { lag_ms } => {
            let horizons = compact::Horizons {
                replaces: before(now, lag_ms),
                tombstone: before(now, lag_ms.saturating_mul(2)),
                patience: before(now, lag_ms.saturating_mul(2).saturating_add(lag_ms / 4)),
            };
            compact::compact(log, slot, horizons).await
        }
    }
}

/// Rewrites a keyspace's tables if enough of them is deleted records, and says whether it did.
async fn reclaim(log: &Embedded, space: Space, garbage: u64) -> Result<bool, AppendError> {
    let is_worth_it = move |store: &super::Store| {
        let space = store.disk_space(space);
        space <= MOST_REWRITTEN && garbage >= space / 2
    };
    let is_due = garbage > 0 && garbage >= log.rewrite_at;
    if !is_due || !log.in_store(move |store| Ok(is_worth_it(store))).await.map_err(failed)? {
        return Ok(false);
    }
    log.in_store(move |store| store.seal(space)).await.map_err(failed)?;
    for _ in 0..FLUSH_LOOKS {
        if log.in_store(move |store| Ok(store.is_flushed(space))).await.map_err(failed)? {
            break;
        }
        tokio::time::sleep(FLUSH_PAUSE).await;
    }
    let rewrite = move |store: &super::Store| {
        if !is_worth_it(store) {
            return Ok(false);
        }
        let before = store.disk_space(space);
        store.rewrite(space)?;
        let after = store.disk_space(space);
        tracing::info!(before, after, "log's tables were rewritten without what was deleted");
        Ok(true)
    };
    log.in_store(rewrite).await.map_err(failed)
}

fn before(now: Timestamp, millis: u64) -> Timestamp {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.millis().saturating_sub(millis))
}

/// A run that could not read is tried again by the next.
fn failed(error: ReadError) -> AppendError {
    match error {
        ReadError::Unavailable(text) => AppendError::Unavailable(text),
        other => AppendError::Unavailable(other.to_string()),
    }
}
