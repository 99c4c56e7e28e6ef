//! A dead letter as people and programs read it.

use ndxp_client::proto::{
    convert,
    exchange::{DeadLetter, DeadLetterCause, GetDeadLetterResponse},
};
use ndxp_model::Timestamp;
use serde::Serialize;

use crate::{commands::subscribe::line, view};

/// A dead letter, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Letter {
    id: String,
    name: String,
    cause: &'static str,
    reason: String,
    attempts: u32,
    first_failed_at: Option<Timestamp>,
    dead_at: Option<Timestamp>,
}

impl Letter {
    pub(super) fn of(message: DeadLetter) -> Self {
        let cause = match message.cause() {
            DeadLetterCause::Unspecified => "UNKNOWN",
            DeadLetterCause::Rejected => "REJECTED",
            DeadLetterCause::Exhausted => "EXHAUSTED",
        };
        Self {
            id: message.name.rsplit('/').next().unwrap_or_default().to_owned(),
            name: message.name,
            cause,
            reason: message.reason,
            attempts: message.attempts,
            first_failed_at: convert::instant(message.first_failed_at, "first_failed_at").ok(),
            dead_at: convert::instant(message.dead_at, "dead_at").ok(),
        }
    }

    /// Returns the cells of a table.
    pub(super) fn row(&self) -> Vec<String> {
        let dead_at = self.dead_at.map(|at| at.to_string()).unwrap_or_default();
        let attempts = format!("{} attempts", self.attempts);
        vec![self.id.clone(), dead_at, self.cause.to_owned(), attempts, self.reason.clone()]
    }
}

pub(super) fn text(answer: &GetDeadLetterResponse) -> String {
    let letter = Letter::of(answer.dead_letter.clone().unwrap_or_default());
    let head = view::table(&[letter.row()]);
    match &answer.record {
        Some(record) => format!("{head}\n{}", line(record, answer.receipt.as_ref()).trim_end()),
        None => format!("{head}\nits record is not kept, or not released any more"),
    }
}

/// Returns one line: the dead letter, and beside it its record as `ndxp subscribe` prints it.
pub(super) fn json(answer: &GetDeadLetterResponse) -> String {
    let letter = Letter::of(answer.dead_letter.clone().unwrap_or_default());
    let letter = serde_json::to_string(&letter).unwrap_or_default();
    let record = answer.record.as_ref().map(|record| line(record, answer.receipt.as_ref()));
    let record = record.as_deref().map_or("null", str::trim_end);
    format!("{{\"dead_letter\":{letter},\"record\":{record}}}\n")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use ndxp_client::proto::{exchange::DeliveredRecord, timestamp};

    use super::*;

    fn answer(record: Option<DeliveredRecord>) -> GetDeadLetterResponse {
        let dead_letter = DeadLetter {
            name: "agencies/tax/subscriptions/people/deadLetters/d-7".to_owned(),
            cause: DeadLetterCause::Rejected.into(),
            reason: "unknown form".to_owned(),
            attempts: 3,
            first_failed_at: timestamp(Timestamp::from_millis(0)),
            dead_at: timestamp(Timestamp::from_millis(60_000)),
        };
        GetDeadLetterResponse { dead_letter: Some(dead_letter), record, receipt: None }
    }

    #[test]
    fn dead_letter_reads_as_committed() {
        let record = DeliveredRecord {
            record_id: "r-1".to_owned(),
            payload: "{\"n\": 1.50}".into(),
            ..DeliveredRecord::default()
        };
        let with = answer(Some(record));
        let json = json(&with);
        serde_json::from_str::<serde_json::Value>(&json).unwrap();
        let text = format!("{}\n\n{}\n\n{json}", text(&with), text(&answer(None)));
        crate::golden::check("dead-letter/get.txt", &text);
    }
}
