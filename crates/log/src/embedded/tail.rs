//! The last records of a partition, in memory: who follows the end never touches the store.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Undecodable, codec};
use crate::{ReadLimits, Stored, budget::Budget};

/// How much of each partition's end stays in memory. The bytes are shared with the store's own
/// buffers until those are flushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TailLimits {
    /// Records a partition.
    pub records: usize,
    /// Stored bytes a partition.
    pub bytes: usize,
}

/// The stored forms of the records `first..first + records.len()`.
#[derive(Debug)]
pub(super) struct Tail {
    limits: TailLimits,
    first: u64,
    bytes: usize,
    records: VecDeque<Bytes>,
}

impl Tail {
    /// Makes an empty one for a partition that ends at `end`.
    pub(super) fn new(limits: TailLimits, end: u64) -> Self {
        Self { limits, first: end, bytes: 0, records: VecDeque::new() }
    }

    /// Adds the next record and lets old ones go.
    pub(super) fn push(&mut self, stored: Bytes) {
        self.bytes += stored.len();
        self.records.push_back(stored);
        while self.records.len() > self.limits.records || self.bytes > self.limits.bytes {
            let Some(gone) = self.records.pop_front() else { break };
            self.bytes -= gone.len();
            self.first += 1;
        }
    }

    /// Lets go of what lies below `offset`: the store has holes there now.
    pub(super) fn forget_below(&mut self, offset: u64) {
        while self.first < offset {
            let Some(gone) = self.records.pop_front() else { return };
            self.bytes -= gone.len();
            self.first += 1;
        }
    }

    /// Reads `from..end`; `None` if it does not reach back that far.
    pub(super) fn read(
        &self,
        from: u64,
        end: u64,
        limits: ReadLimits,
    ) -> Option<Result<Vec<Stored>, Undecodable>> {
        let skipped = usize::try_from(from.checked_sub(self.first)?).ok()?;
        let mut budget = Budget::new(limits);
        let mut page = Vec::new();
        for (offset, stored) in
            (from..end).zip(self.records.range(skipped.min(self.records.len())..))
        {
            let record = match codec::decode(stored) {
                Ok(record) => record,
                Err(error) => return Some(Err(error)),
            };
            if !budget.admit(record.size()) {
                break;
            }
            page.push(Stored { offset, record });
        }
        // An empty page must mean the end, never a tail that the end has outrun.
        (!page.is_empty()).then_some(Ok(page))
    }
}
