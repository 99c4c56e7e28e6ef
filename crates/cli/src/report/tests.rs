use anyhow::{Context, anyhow};
use ndxp_client::proto::error::{Reason, Refusal, Violation};

use super::*;
use crate::golden;

/// What a refusal is on this side of the wire.
fn failure(refusal: Refusal) -> Failure {
    Failure::from(refusal.into_status("0192c3e4-0000-7000-8000-000000000001"))
}

fn missing() -> Failure {
    let refusal = Refusal::new(
        Reason::AgreementMissing,
        "no agreement lets hue subscribe to tax/income for statistics",
        "ask the owner for an agreement: ndxp agreement propose",
    );
    failure(refusal.with("dataset", "tax/income").with("asked", "SUBSCRIBE"))
}

fn invalid(places: usize) -> Failure {
    let place = |index: usize| Violation {
        path: format!("records[{index}]/applicant/dob"),
        keyword: "format".to_owned(),
        message: "expected an ISO date".to_owned(),
    };
    let refusal = Refusal::new(Reason::SchemaViolation, "records are invalid", "mend them");
    failure(refusal.with_violations((0..places).map(place).collect()))
}

/// Compares what people read, and returns the status.
fn check(name: &str, error: impl Into<anyhow::Error>) -> Option<ExitStatus> {
    let (text, status) = of(&error.into(), Format::Human)?;
    golden::check(&format!("errors/{name}.txt"), &format!("{text}\n"));
    Some(status)
}

#[test]
fn refusals_read_as_committed() {
    let refused = Some(ExitStatus::Refused);
    assert_eq!(check("agreement-missing", missing()), refused);
    let error = Err::<(), _>(missing()).context("agreement agr-0001").unwrap_err();
    assert_eq!(check("while-applying", error), refused);
    assert_eq!(check("many-places", invalid(25)), refused);
    let lines: Vec<u64> = (0..3).map(|index| 10 + 2 * index).collect();
    assert_eq!(check("lines", LinesRefused::new(invalid(3), &lines, 500, 8)), refused);
}

#[test]
fn a_failure_without_a_reason_could_not_run() {
    let mut lost = missing();
    (lost.reason, lost.next_step, lost.request_id) = (None, None, None);
    lost.metadata.clear();
    lost.message = "tcp connect error: connection refused".to_owned();
    assert_eq!(check("no-connection", lost.clone()), Some(ExitStatus::Failed));
    let lost = LinesRefused::new(lost, &[3, 4], 2, 2);
    assert_eq!(check("connection-lost-while-publishing", lost), Some(ExitStatus::Failed));
    assert!(of(&anyhow!("cannot read x"), Format::Human).is_none());
}

#[test]
fn programs_read_the_same_as_json() {
    let (text, _) = of(&missing().into(), Format::Json).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["error"]["reason"], "AGREEMENT_MISSING");
    assert_eq!(value["error"]["request_id"], "0192c3e4-0000-7000-8000-000000000001");
    assert_eq!(value["error"]["metadata"]["dataset"], "tax/income");
}
