//! Errors as people read them, and as programs do.

use std::fmt::Write;

use ndxp_client::{Failure, PublishedInPart};
use serde_json::json;

use crate::{commands::publish::LinesRefused, exit::ExitStatus, printer::Format};

/// Words an error that came from the hub or from the connection to it.
pub(crate) fn of(error: &anyhow::Error, format: Format) -> Option<(String, ExitStatus)> {
    let (failure, extra) = if let Some(refused) = error.downcast_ref::<LinesRefused>() {
        (&refused.failure, Some(refused.durable()))
    } else if let Some(part) = error.downcast_ref::<PublishedInPart>() {
        (&part.failure, None)
    } else {
        (error.downcast_ref::<Failure>()?, None)
    };
    let status = if failure.reason.is_some() { ExitStatus::Refused } else { ExitStatus::Failed };
    let mut text = match format {
        Format::Json => json(failure),
        Format::Human => human(failure, context(error).as_deref()),
    };
    if let (Some(extra), Format::Human) = (extra, format) {
        write!(text, "\n  {extra}").unwrap_or_default();
    }
    Some((text, status))
}

/// What the program was doing, if it said so: the layers above the failure.
fn context(error: &anyhow::Error) -> Option<String> {
    let outer = error.to_string();
    let hub = |cause: &(dyn std::error::Error + 'static)| {
        cause.is::<Failure>() || cause.is::<LinesRefused>() || cause.is::<PublishedInPart>()
    };
    let plain = error.chain().next().is_some_and(hub);
    (!plain).then_some(outer)
}

fn human(failure: &Failure, context: Option<&str>) -> String {
    let word = if failure.reason.is_some() { "refused" } else { "failed" };
    let mut lines = vec![format!("{word}: {}", failure.message)];
    lines.extend(context.map(|context| format!("  while: {context}")));
    lines.extend(failure.violations.iter().map(|(path, text)| format!("  at {path}: {text}")));
    if let Some(total) = failure.metadata.get("total") {
        lines.push(format!("  in all: {total} places, of which these are the first"));
    }
    let facts: Vec<String> = failure
        .metadata
        .iter()
        .filter(|(key, _)| key.as_str() != "total")
        .map(|(key, value)| format!("{key} {value}"))
        .collect();
    if !facts.is_empty() {
        lines.push(format!("  facts: {}", facts.join(", ")));
    }
    lines.extend(failure.next_step.as_ref().map(|next| format!("  next: {next}")));
    lines.extend(failure.request_id.as_ref().map(|id| format!("  request: {id}")));
    lines.join("\n")
}

fn json(failure: &Failure) -> String {
    let violations: Vec<_> = failure
        .violations
        .iter()
        .map(|(path, message)| json!({ "path": path, "message": message }))
        .collect();
    json!({ "error": {
        "reason": failure.reason,
        "code": format!("{:?}", failure.code),
        "message": failure.message,
        "violations": violations,
        "metadata": failure.metadata,
        "next_step": failure.next_step,
        "retry_after_ms": failure.retry_after.map(|after| after.as_millis()),
        "request_id": failure.request_id,
    }})
    .to_string()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
