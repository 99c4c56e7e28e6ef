//! Failures that the hub did not word itself.

use std::{collections::BTreeMap, error::Error};

use ndxp_proto::{error::Failure, header};
use tonic::{Code, Status};

/// Reads a status of the hub at `endpoint`. Where the hub gave no reason, the transport's whole
/// chain becomes the message: "transport error" alone helps nobody.
pub(crate) fn of(status: Status, endpoint: &str) -> Failure {
    let chain = chain(&status);
    let id = status.metadata().get(header::REQUEST_ID).and_then(|value| value.to_str().ok());
    let id = id.map(str::to_owned);
    let mut failure = Failure::from(status);
    failure.request_id = failure.request_id.take().filter(|id| !id.is_empty()).or(id);
    if failure.reason.is_none() {
        failure.message = format!("{endpoint}: {chain}");
    }
    failure
}

/// Words a failure of this side.
pub(crate) fn local(code: Code, message: impl Into<String>) -> Failure {
    Failure {
        code,
        reason: None,
        message: message.into(),
        next_step: None,
        retry_after: None,
        request_id: None,
        metadata: BTreeMap::new(),
        violations: Vec::new(),
    }
}

fn chain(status: &Status) -> String {
    let mut text = String::new();
    add(&mut text, status.message());
    let mut next = status.source();
    while let Some(error) = next {
        add(&mut text, &error.to_string());
        next = error.source();
    }
    if text.is_empty() { status.code().description().to_owned() } else { text }
}

/// What a layer says that knows nothing: its source knows more.
const EMPTY_WORDS: [&str; 2] = ["", "transport error"];

/// Layers often repeat their source's text in their own.
fn add(text: &mut String, more: &str) {
    if !EMPTY_WORDS.contains(&more) && !text.contains(more) {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transport_failure_names_its_cause() {
        let mut status = Status::unavailable("transport error");
        status.set_source(std::sync::Arc::new(std::io::Error::other("connection refused")));
        assert_eq!(of(status, "https://hub:1").message, "https://hub:1: connection refused");
    }

    #[test]
    fn repeated_texts_appear_once() {
        let mut text = "tls: no certificate".to_owned();
        add(&mut text, "no certificate");
        assert_eq!(text, "tls: no certificate");
    }
}
