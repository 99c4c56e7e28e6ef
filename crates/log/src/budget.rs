//! What one read may still return.

use crate::ReadLimits;

/// Counts down a read's limits. The first record is always admitted.
#[derive(Debug)]
pub(crate) struct Budget {
    left: ReadLimits,
    taken: usize,
}

impl Budget {
    pub(crate) fn new(limits: ReadLimits) -> Self {
        Self { left: limits, taken: 0 }
    }

    /// Says whether a record of this size still fits, and counts it if it does.
    pub(crate) fn admit(&mut self, size: usize) -> bool {
        let fits = self.left.records > 0 && self.left.bytes >= size;
        if !fits && self.taken > 0 {
            return false;
        }
        self.taken += 1;
        self.left.records = self.left.records.saturating_sub(1);
        self.left.bytes = self.left.bytes.saturating_sub(size);
        true
    }
}
