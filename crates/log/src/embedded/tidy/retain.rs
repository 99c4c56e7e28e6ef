//! Retention: a partition's start moves past what is too old or too much.

use std::sync::Arc;

use ndxp_model::Timestamp;

use super::{Gone, failed};
use crate::{
    AppendError,
    embedded::{
        Embedded,
        keys::Start,
        partitions::{Slot, lock},
        writer::Delete,
    },
};

/// The bytes of the records `from..to`, counted by earlier runs.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Sizes {
    from: u64,
    to: u64,
    bytes: u64,
}

/// Deletes what is earlier than `oldest`, and the oldest while there are more than `max_bytes`.
pub(super) async fn retain(
    log: &Embedded,
    slot: &Arc<Slot>,
    oldest: Option<Timestamp>,
    max_bytes: Option<u64>,
) -> Result<Gone, AppendError> {
    let (start, end) = (slot.earliest(), *slot.end.borrow());
    let id = slot.id;
    let aged = match oldest {
        None => start,
        Some(oldest) => {
            let find = move |store: &crate::embedded::Store| {
                store.offset_at(id, (start, end), oldest.millis())
            };
            log.in_store(find).await.map_err(failed)?
        }
    };
    let excess = match max_bytes {
        None => 0,
        Some(max) => count(log, slot, start, end).await?.saturating_sub(max),
    };
    if aged == start && excess == 0 {
        return Ok(Gone::default());
    }
    let (gone, new) = find_start(log, slot, (start, end), aged, excess).await?;
    if new.offset == start {
        return Ok(Gone::default());
    }
    log.delete(slot, Delete::Before(new)).await?;
    {
        let sizes = &mut lock(&slot.tidied).sizes;
        if sizes.from == start && sizes.to >= new.offset {
            *sizes = Sizes { from: new.offset, to: sizes.to, bytes: sizes.bytes - gone.bytes };
        }
    }
    let free = move |store: &crate::embedded::Store| {
        store.free(id, new.offset)?;
        store.release()
    };
    log.in_store(free).await.map_err(failed)?;
    Ok(gone)
}

/// Returns the bytes of a partition; only what came since the last run is read.
async fn count(log: &Embedded, slot: &Arc<Slot>, start: u64, end: u64) -> Result<u64, AppendError> {
    let mut sizes = lock(&slot.tidied).sizes;
    if sizes.from != start || sizes.to > end {
        sizes = Sizes { from: start, to: start, bytes: 0 };
    }
    let id = slot.id;
    while sizes.to < end {
        let step = move |store: &crate::embedded::Store| {
            let mut bytes = 0;
            let next = store.step(id, sizes.to, end, |_, record| {
                bytes += record.size() as u64;
                true
            })?;
            Ok(Sizes { from: sizes.from, to: next, bytes: sizes.bytes + bytes })
        };
        sizes = log.in_store(step).await.map_err(failed)?;
    }
    lock(&slot.tidied).sizes = sizes;
    Ok(sizes.bytes)
}

/// Returns the first offset that stays: not before `aged`, and at least `excess` bytes on.
async fn find_start(
    log: &Embedded,
    slot: &Arc<Slot>,
    (start, end): (u64, u64),
    aged: u64,
    excess: u64,
) -> Result<(Gone, Start), AppendError> {
    let id = slot.id;
    let mut gone = Gone::default();
    let mut new = Start { offset: start, ..Start::default() };
    let mut next = start;
    while next < end && (next < aged || gone.bytes < excess) {
        let step = move |store: &crate::embedded::Store| {
            let (mut gone, mut new) = (gone, new);
            let next = store.step(id, next, end, |offset, record| {
                if offset >= aged && gone.bytes >= excess {
                    return false;
                }
                gone.add(Gone { records: 1, bytes: record.size() as u64 });
                new = Start { offset: offset + 1, time: record.timestamp };
                true
            })?;
            Ok((gone, new, next))
        };
        (gone, new, next) = log.in_store(step).await.map_err(failed)?;
    }
    Ok((gone, new))
}
