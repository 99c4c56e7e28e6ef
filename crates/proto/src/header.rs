//! Names of gRPC metadata.

/// Out: finds the request in all parties' views.
pub const REQUEST_ID: &str = "ndxp-request-id";
/// Out: the node that answered.
pub const NODE: &str = "ndxp-node";
/// Both ways: the registry position, so that one's own change is seen by one's next call.
pub const REGISTRY: &str = "ndxp-registry";
/// In: W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
