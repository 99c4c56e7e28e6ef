//! Cutting records into calls that the hub takes.

use ndxp_proto::exchange::Record;

/// The most records of one call.
pub const MAX_BATCH_RECORDS: usize = 500;
/// The most bytes of payloads of one call.
pub const MAX_BATCH_BYTES: usize = 3 << 20;

/// Gathers records until a call is full. Order is kept.
#[derive(Debug, Default)]
pub struct Batcher {
    records: Vec<Record>,
    bytes: usize,
}

impl Batcher {
    /// Starts with nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record. Returns a batch when the record does not fit beside the ones before it.
    pub fn push(&mut self, record: Record) -> Option<Vec<Record>> {
        let size = record.payload.len();
        let full = self.records.len() == MAX_BATCH_RECORDS
            || (!self.records.is_empty() && self.bytes + size > MAX_BATCH_BYTES);
        let batch = full.then(|| std::mem::take(self).records);
        self.bytes += size;
        self.records.push(record);
        batch
    }

    /// Returns the last batch, if anything is left.
    #[must_use]
    pub fn finish(self) -> Option<Vec<Record>> {
        (!self.records.is_empty()).then_some(self.records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(payloads: &[usize]) -> Vec<usize> {
        let mut batcher = Batcher::new();
        let record =
            |size: &usize| Record { payload: vec![b' '; *size].into(), ..Record::default() };
        let mut batches: Vec<_> =
            payloads.iter().filter_map(|size| batcher.push(record(size))).collect();
        batches.extend(batcher.finish());
        batches.iter().map(Vec::len).collect()
    }

    #[test]
    fn batches_keep_the_number_of_records() {
        assert_eq!(sizes(&[1; 1_001]), [500, 500, 1]);
        assert_eq!(sizes(&[1; 500]), [500]);
        assert!(sizes(&[]).is_empty());
    }

    #[test]
    fn batches_keep_the_number_of_bytes() {
        assert_eq!(sizes(&[1 << 20; 7]), [3, 3, 1]);
    }

    #[test]
    fn a_record_too_large_goes_alone_so_that_the_hub_refuses_it_alone() {
        assert_eq!(sizes(&[10, 4 << 20, 10]), [1, 1, 1]);
    }
}
