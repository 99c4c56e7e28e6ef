//! The error contract, checked through its public form.

use ndxp_client::proto::error::{DOMAIN, MAX_DETAILS, Reason};
use tonic::Status;
use tonic_types::StatusExt;

/// Checks that a status keeps the contract, and returns its reason.
pub(crate) fn check(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, DOMAIN);
    let reason = Reason::ALL.iter().find(|reason| reason.as_str() == info.reason).unwrap();
    assert_eq!(status.code(), reason.code(), "{status:?}");
    let request = details.request_info().unwrap_or_else(|| panic!("no RequestInfo: {status:?}"));
    assert_eq!(request.request_id.len(), 36, "a UUID");
    let retry = details.retry_info().and_then(|retry| retry.retry_delay);
    let retry = retry.map(|delay| delay.as_millis());
    let least = reason.retry_after_ms().map(u128::from);
    assert_eq!(retry.is_some(), least.is_some(), "{status:?}");
    // Where many callers are refused at once the delay is spread, up to three times the reason's.
    assert!(retry >= least && retry <= least.map(|ms| ms * 3), "{retry:?}: {status:?}");
    assert!(info.metadata.contains_key("next_step"), "{status:?}");
    assert!(status.message().starts_with(&info.reason), "{status:?}");
    assert!(status.message().len() < 500, "{} bytes", status.message().len());
    assert!(status.details().len() <= MAX_DETAILS, "{} bytes", status.details().len());
    info.reason.clone()
}

/// The paths of the places that are wrong.
pub(crate) fn paths(status: &Status) -> Vec<String> {
    let bad = status.get_details_bad_request().map(|bad| bad.field_violations);
    bad.unwrap_or_default().into_iter().map(|place| place.field).collect()
}
