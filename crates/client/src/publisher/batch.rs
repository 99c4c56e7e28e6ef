//! What goes in, and what comes back.

use ndxp_proto::{
    common::Receipt,
    error::Failure,
    exchange::{PublishStreamResult, Record, RecordOutcome, RecordResult},
};
use thiserror::Error;

/// Records that are answered together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The records, in the order in which they are to be.
    pub records: Vec<Record>,
    /// Where the publisher stands in its own source once they are durable; may be empty.
    pub source_position: String,
}

/// The answer to a batch: it is durable, or each record has its result.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchResult {
    /// Which batch of this publisher, from 0.
    pub index: u64,
    /// How many records were new.
    pub accepted: u32,
    /// How many were there already; more than one's own repetition after a lost stream.
    pub duplicates: u32,
    /// Evidence.
    pub receipt: Option<Receipt>,
    /// One result a record, in order; for `PER_RECORD` only.
    pub results: Vec<RecordResult>,
}

impl BatchResult {
    pub(super) fn of(index: u64, answer: PublishStreamResult) -> Self {
        let PublishStreamResult { accepted, duplicates, receipt, results, .. } = answer;
        Self { index, accepted, duplicates, receipt, results }
    }

    /// Returns the records that were not taken: their index in the batch, and why.
    pub fn refused(&self) -> impl Iterator<Item = (usize, &RecordResult)> {
        let taken = [RecordOutcome::Accepted, RecordOutcome::Duplicate];
        let results = self.results.iter().enumerate();
        results.filter(move |(_, result)| !taken.contains(&result.outcome()))
    }
}

/// Publishing has stopped at a batch: what came before it is durable, it and what comes after it
/// is not, unless the failure leaves that open (no reason, or one with `retry_after`).
#[derive(Debug, Clone, Error)]
#[error("{failure}")]
pub struct Stopped {
    /// Which batch of this publisher, from 0.
    pub index: u64,
    /// The batch, and all that came behind it, in order: nothing of it was answered.
    pub batches: Vec<Batch>,
    /// What the hub said. Paths such as `records[17]` count in the first of `batches`.
    pub failure: Box<Failure>,
}
