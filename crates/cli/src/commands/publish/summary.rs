//! What publishing came to.

use std::time::Duration;

use ndxp_client::proto::{
    common::Place,
    exchange::{RecordOutcome, RecordResult},
};
use serde::Serialize;

use crate::view::ReceiptView;

/// The most refused lines that the summary lists; all of them are said.
const LISTED: usize = 1_000;

/// What was done, as `--json` prints it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    /// Records that are durable.
    pub(super) records: u64,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    /// Lines that were not taken, with `--per-record`.
    pub(super) refused: u64,
    refused_lines: Vec<RefusedLine>,
    /// Lines up to this one were there; 0: from the start.
    resumed_behind_line: u64,
    /// Batches.
    pub(super) calls: u64,
    seconds: f64,
    records_per_second: f64,
    pub(super) last_receipt: Option<ReceiptView>,
}

/// A line that was not taken.
#[derive(Debug, Clone, Serialize)]
pub(super) struct RefusedLine {
    line: u64,
    /// Whether the same line may be sent again.
    may_retry: bool,
    reason: String,
    message: String,
    places: Vec<String>,
}

impl Summary {
    /// Begins behind a line that was there already; 0: from the start.
    pub(super) fn behind(line: u64) -> Self {
        Self { resumed_behind_line: line, ..Self::default() }
    }

    pub(super) fn refuse(&mut self, line: RefusedLine) {
        self.refused += 1;
        if self.refused_lines.len() < LISTED {
            self.refused_lines.push(line);
        }
    }

    pub(super) fn after(self, took: Duration) -> Self {
        let records_per_second = rate(self.records, took).round();
        Self { seconds: took.as_secs_f64(), records_per_second, ..self }
    }

    pub(super) fn text(&self) -> String {
        let Self { records, accepted, duplicates, seconds, records_per_second, .. } = self;
        let evidence = self.last_receipt.as_ref().map(|receipt| format!(", {}", receipt.place()));
        let refused = match self.refused {
            0 => String::new(),
            refused => format!("; {refused} lines refused"),
        };
        format!(
            "{records} records durable: {accepted} new, {duplicates} already there{refused}; \
             {seconds:.2} s, {records_per_second:.0} records/s{}",
            evidence.unwrap_or_default()
        )
    }
}

impl RefusedLine {
    /// Tells the result of the record `index` of a batch as that of a line.
    pub(super) fn of(line: u64, index: usize, result: &RecordResult) -> Self {
        let may_retry = result.outcome() == RecordOutcome::Retryable;
        let problem = result.problem.clone().unwrap_or_default();
        let place = |place: Place| {
            let path = within(&place.path, index);
            let words = [path, &place.keyword, &place.message];
            let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
            words.join(": ")
        };
        let places = problem.places.into_iter().map(place).collect();
        let message = within(&problem.message, index).trim_start_matches(": ").to_owned();
        Self { line, may_retry, reason: problem.reason, message, places }
    }

    /// The message is that of the first place, so one of both is told.
    pub(super) fn text(&self) -> String {
        let Self { line, reason, message, places, .. } = self;
        if places.is_empty() {
            return format!("line {line}: {reason}: {message}");
        }
        let mut text = format!("line {line}: {reason}");
        places.iter().for_each(|place| text.push_str(&format!("\n  at {place}")));
        text
    }
}

/// Cuts off `records[17]`: a line is told, and places count from there.
fn within(text: &str, index: usize) -> &str {
    text.strip_prefix(&format!("records[{index}]")).unwrap_or(text)
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub(super) fn rate(records: u64, took: Duration) -> f64 {
    let seconds = took.as_secs_f64();
    if seconds > 0.0 { records as f64 / seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use ndxp_client::proto::common::Problem;

    use super::*;

    #[test]
    fn a_refused_record_is_told_as_a_line() {
        let place = |path: &str, keyword: &str, message: &str| Place {
            path: path.to_owned(),
            keyword: keyword.to_owned(),
            message: message.to_owned(),
            ..Place::default()
        };
        let problem = Problem {
            reason: "SCHEMA_VIOLATION".to_owned(),
            message: "records[3]/code: too short".to_owned(),
            places: vec![
                place("records[3]/code", "pattern", "too short"),
                place("records[3]", "required", "missing property name"),
            ],
            ..Problem::default()
        };
        let outcome = RecordOutcome::Rejected.into();
        let refused = RefusedLine::of(14, 3, &RecordResult { outcome, problem: Some(problem) });
        assert_eq!(
            refused.text(),
            "line 14: SCHEMA_VIOLATION\n  at /code: pattern: too short\n  at required: missing \
             property name"
        );
        assert_eq!(refused.message, "/code: too short");
    }
}
