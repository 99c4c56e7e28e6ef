//! What the transport refuses before a service sees it, in the shape of the error contract.

use http::Response;
use ndxp_proto::error::{Reason, Refusal};
use tonic::{Code, Status, body::Body};

use crate::limits::Limits;

/// Returns why the transport refused a call, if it did: its statuses have no details.
pub(crate) fn refused(response: &Response<Body>, limits: &Limits) -> Option<Refusal> {
    // A call that was begun has its status in the trailers, not in the head.
    let status = Status::from_header_map(response.headers())?;
    if status.code() == Code::Ok || !status.details().is_empty() {
        return None;
    }
    match status.code() {
        Code::OutOfRange => {
            let text = format!("a message has at most {} bytes", limits.message_bytes);
            let refusal = Refusal::new(Reason::BatchTooLarge, text, "send less in one call");
            Some(refusal.with("limit", limits.message_bytes.to_string()))
        }
        Code::Unimplemented => Some(Refusal::new(
            Reason::NotServed,
            "the hub has no such method, or not in this encoding",
            "compare the client's proto files with the hub's reflection; send uncompressed",
        )),
        Code::Internal => Some(Refusal::field("message", "is not a message of this method")),
        _ => None,
    }
}
