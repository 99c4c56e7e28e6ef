//! A refusal, told in lines of the file.

use ndxp_client::Failure;
use thiserror::Error;

/// The hub refused or did not take a batch. What came before it is durable; it and what comes
/// after it is not, unless the outcome is unknown.
#[derive(Debug, Error)]
#[error("{failure}")]
pub(crate) struct LinesRefused {
    /// What the hub said, with lines of the file in its places.
    pub(crate) failure: Failure,
    records: u64,
    last_line: u64,
}

impl LinesRefused {
    /// Tells `failure` in lines: `lines` are those of the batch's records, in order.
    pub(crate) fn new(failure: Failure, lines: &[u64], records: u64, last_line: u64) -> Self {
        let violations = failure.violations.into_iter();
        let violations = violations.map(|(path, text)| (with_line(&path, lines), text)).collect();
        Self { failure: Failure { violations, ..failure }, records, last_line }
    }

    /// Says how much is durable, and what to do where nobody knows.
    pub(crate) fn durable(&self) -> String {
        let known = match self.records {
            0 => "durable: nothing".to_owned(),
            records => format!("durable: {records} records, up to line {}", self.last_line),
        };
        // A refusal writes nothing; a lost connection or a broker's failure may have come after.
        let is_known = self.failure.reason.is_some() && self.failure.retry_after.is_none();
        if is_known {
            return known;
        }
        format!("{known}, perhaps more; run the same command again, what is there counts once")
    }
}

/// Puts the file's line before a path such as `records[17]/applicant/dob`.
fn with_line(path: &str, lines: &[u64]) -> String {
    let line = path
        .strip_prefix("records[")
        .and_then(|rest| rest.split_once(']'))
        .and_then(|(index, _)| index.parse::<usize>().ok())
        .and_then(|index| lines.get(index));
    match line {
        Some(line) => format!("line {line} ({path})"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_in_lines() {
        let lines = [11, 13];
        assert_eq!(with_line("records[1]/a/b", &lines), "line 13 (records[1]/a/b)");
        assert_eq!(with_line("records[0].op", &lines), "line 11 (records[0].op)");
        assert_eq!(with_line("records[2]/a", &lines), "records[2]/a");
        assert_eq!(with_line("dataset", &lines), "dataset");
    }
}
