//! What was published into the mock.

use std::collections::HashMap;

use ndxp_proto::{
    common::Problem,
    error::{Reason, Violation},
    exchange::{
        PublishState, PublishStreamResult, Record, RecordOutcome, RecordResult, ResultMode,
    },
};
use tonic::Status;

use super::refusal;

/// The records that were taken, and what is refused.
#[derive(Debug, Default)]
pub(super) struct Publishing {
    datasets: HashMap<String, Dataset>,
    refused: HashMap<String, Reason>,
    arrived: u64,
}

#[derive(Debug, Default)]
struct Dataset {
    taken: Vec<Record>,
    position: String,
}

impl Publishing {
    pub(super) fn refuse(&mut self, record_id: &str, reason: Reason) {
        self.refused.insert(record_id.to_owned(), reason);
    }

    pub(super) fn taken(&self, dataset: &str) -> Vec<Record> {
        self.datasets.get(dataset).map(|dataset| dataset.taken.clone()).unwrap_or_default()
    }

    pub(super) fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Takes a batch, whole or record by record.
    pub(super) fn take(
        &mut self,
        name: &str,
        records: Vec<Record>,
        position: String,
        mode: ResultMode,
    ) -> Result<PublishStreamResult, Status> {
        self.arrived += records.len() as u64;
        let dataset = self.datasets.entry(name.to_owned()).or_default();
        let judged: Vec<_> =
            records.iter().map(|record| dataset.judge(record, &self.refused)).collect();
        if mode == ResultMode::Unspecified
            && let Some((index, reason)) = first_refused(&judged)
        {
            let message = "as the test asked".to_owned();
            let path = format!("records[{index}]");
            let place = Violation { path, keyword: String::new(), message };
            return Err(refusal(reason).with_violations(vec![place]).into_status("mock-request"));
        }
        let mut answer = PublishStreamResult::default();
        for (record, judged) in records.into_iter().zip(&judged) {
            match judged {
                Ok(RecordOutcome::Accepted) => {
                    answer.accepted += 1;
                    dataset.taken.push(record);
                }
                Ok(_) => answer.duplicates += 1,
                Err(_) => {}
            }
        }
        if !position.is_empty() {
            dataset.position = position;
        }
        if mode == ResultMode::PerRecord {
            answer.results = judged.into_iter().map(result).collect();
        }
        Ok(answer)
    }

    /// Returns how far the one caller has come.
    pub(super) fn states(&self, dataset: &str) -> Vec<PublishState> {
        let state = |dataset: &Dataset| PublishState {
            system: "agencies/mock/systems/mock".to_owned(),
            source_position: dataset.position.clone(),
            published_at: None,
        };
        let found = self.datasets.get(dataset).filter(|dataset| !dataset.position.is_empty());
        found.map(state).into_iter().collect()
    }
}

impl Dataset {
    fn judge(
        &self,
        record: &Record,
        refused: &HashMap<String, Reason>,
    ) -> Result<RecordOutcome, Reason> {
        if let Some(reason) = refused.get(&record.record_id) {
            return Err(*reason);
        }
        match self.taken.iter().find(|taken| taken.record_id == record.record_id) {
            None => Ok(RecordOutcome::Accepted),
            Some(taken) if taken == record => Ok(RecordOutcome::Duplicate),
            Some(_) => Err(Reason::RecordIdReused),
        }
    }
}

fn first_refused(judged: &[Result<RecordOutcome, Reason>]) -> Option<(usize, Reason)> {
    judged.iter().enumerate().find_map(|(index, judged)| Some((index, (*judged).err()?)))
}

fn result(judged: Result<RecordOutcome, Reason>) -> RecordResult {
    match judged {
        Ok(outcome) => RecordResult { outcome: outcome.into(), problem: None },
        Err(reason) => {
            let outcome = match reason.retry_after_ms() {
                Some(_) => RecordOutcome::Retryable,
                None => RecordOutcome::Rejected,
            };
            let (reason, message) = (reason.as_str().to_owned(), "as the test asked".to_owned());
            let problem = Problem { reason, message, ..Problem::default() };
            RecordResult { outcome: outcome.into(), problem: Some(problem) }
        }
    }
}
