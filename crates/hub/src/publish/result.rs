//! One result a record.

use ndxp_proto::{
    convert,
    error::{Reason, Refusal},
    exchange::{RecordOutcome, RecordResult},
};

use crate::duplicates::Finding;

/// The result of a record that was judged good.
pub(super) fn of(finding: Finding, index: usize) -> RecordResult {
    match finding {
        Finding::Fresh => plain(RecordOutcome::Accepted),
        Finding::Duplicate(_) => plain(RecordOutcome::Duplicate),
        Finding::Reused => problem(RecordOutcome::Rejected, &reused(index)),
        Finding::Busy => problem(RecordOutcome::Retryable, &busy()),
    }
}

/// The result of a record that was judged bad.
pub(super) fn rejected(refusal: &Refusal) -> RecordResult {
    problem(RecordOutcome::Rejected, refusal)
}

fn plain(outcome: RecordOutcome) -> RecordResult {
    RecordResult { outcome: outcome.into(), problem: None }
}

fn problem(outcome: RecordOutcome, refusal: &Refusal) -> RecordResult {
    RecordResult { outcome: outcome.into(), problem: Some(convert::problem(refusal)) }
}

/// A record has the id of another one.
pub(super) fn reused(index: usize) -> Refusal {
    let path = format!("records[{index}].record_id");
    let text = format!("{path}: was used within 24 hours for a record with other content");
    Refusal::new(Reason::RecordIdReused, text, "give a changed record a new record_id")
        .with("path", path)
}

/// Somebody else is writing it.
pub(super) fn busy() -> Refusal {
    Refusal::new(
        Reason::OutcomeUnknown,
        "another call is writing a record with the same record_id",
        "send the same request again after the delay",
    )
}
