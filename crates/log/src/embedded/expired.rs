//! What the store may drop while it compacts its tables: records below a partition's start.
//!
//! Tables that hold nothing else are dropped at once by [`super::store::Store::free`]; this filter
//! takes the rest, whenever the store rewrites a table anyway.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use fjall::compaction::filter::{
    CompactionFilter, CompactionFilterResult, Context, Factory, ItemAccessor, Verdict,
};

use super::{
    keys::{PartitionId, place},
    partitions::lock,
};

/// The start offsets, as far as they are durable. While a store is being opened none is known, so
/// nothing is dropped.
#[derive(Debug, Clone, Default)]
pub(super) struct Starts(Arc<Mutex<HashMap<PartitionId, u64>>>);

impl Starts {
    /// Notes that a partition durably begins at `start`.
    pub(super) fn set(&self, at: PartitionId, start: u64) {
        lock(&self.0).insert(at, start);
    }
}

impl Factory for Starts {
    fn name(&self) -> &str {
        "expired"
    }

    fn make_filter(&self, _: &Context) -> Box<dyn CompactionFilter> {
        Box::new(Expired(lock(&self.0).clone()))
    }
}

struct Expired(HashMap<PartitionId, u64>);

impl CompactionFilter for Expired {
    fn filter_item(&mut self, item: ItemAccessor<'_>, _: &Context) -> CompactionFilterResult {
        let is_expired = place(item.key())
            .is_some_and(|(at, offset)| self.0.get(&at).is_some_and(|start| offset < *start));
        // A key is written once, so there is no older value that could come back.
        Ok(if is_expired { Verdict::Destroy } else { Verdict::Keep })
    }
}
