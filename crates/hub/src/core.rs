//! What all services of a node share, and the one way in which a call is answered.

use std::{fmt, future::Future, sync::Arc};

use ndxp_identity::{Clock, Connections};
use ndxp_log::Log;
use ndxp_model::Timestamp;
use ndxp_proto::{common, header};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Response, Status, metadata::MetadataMap};
use tracing::{error, info};

use crate::{
    budget::Budget,
    call::Call,
    change::Unaudited,
    code_lists::Lists,
    cursors::CursorKey,
    duplicates::Duplicates,
    forward::Links,
    keys::Keys,
    lanes::Holds,
    ledger::{Ledger, Receipt},
    limits::Limits,
    metrics::{Metrics, ReasonLabels, RpcLabels},
    monotonic::Monotonic,
    node::Tls,
    nodes::Nodes,
    publish::{Judges, PublishStates},
    readers::Readers,
    receipts::Receipts,
    refuse::{self, Failed},
    registry::Registry,
    schemas::Schemas,
    subscribe::{Outbound, Slots, Streams},
};

/// A node's parts. Services hold it in an `Arc`.
pub(crate) struct Core {
    pub node: String,
    pub clock: Clock,
    pub monotonic: Monotonic,
    pub log: Arc<dyn Log>,
    pub registry: Registry,
    /// The change of this node's that may be without its audit entry. Whoever holds it changes the
    /// registry.
    pub unaudited: Mutex<Unaudited>,
    pub ledger: Ledger,
    pub receipts: Receipts,
    pub schemas: Schemas,
    pub lists: Lists,
    pub duplicates: Duplicates,
    pub readers: Readers,
    pub publish_states: PublishStates,
    pub judges: Judges,
    /// What publishers sent and nobody has decided on yet.
    pub inbound: Budget,
    /// The frames that wait for peers to read them.
    pub outbound: Outbound,
    pub lanes: Arc<Holds>,
    pub slots: Slots,
    pub streams: Streams,
    pub keys: Keys,
    pub cursors: CursorKey,
    pub limits: Limits,
    pub metrics: Arc<Metrics>,
    pub connections: Connections,
    /// The other nodes; none where there can be no others, or this one cannot be reached by them.
    pub nodes: Option<Nodes>,
    /// Calls of this node's peers that are on their way through other nodes.
    pub links: Links,
    pub tls: Arc<Tls>,
    /// Moves when the clock was set: who sleeps towards an instant looks at the clock again.
    pub clock_steps: watch::Sender<u64>,
    /// Set when the node begins to shut down.
    pub drain: CancellationToken,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Core {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Returns why nothing can be appended at present: by the engine's account, or by what has
    /// become of this node's appends.
    pub(crate) fn log_trouble(&self) -> Option<String> {
        self.log.trouble().or_else(|| self.ledger.vital.trouble())
    }

    /// The moment for the delivery machine.
    pub(crate) fn delivery_now(&self) -> ndxp_delivery::Now {
        ndxp_delivery::Now { monotonic_ms: (self.monotonic)(), wall: self.now() }
    }

    /// Answers a call: runs the work, measures it, and turns a failure into the one shape of the
    /// error contract. A refusal stands in the audit log before the caller learns of it.
    ///
    /// The work goes on when the caller goes away: what was begun is finished, so that no change
    /// stands without its entry.
    pub(crate) async fn answer<T: Send + 'static>(
        self: &Arc<Self>,
        call: Arc<Call>,
        work: impl Future<Output = Result<T, Failed>> + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let core = Arc::clone(self);
        let inner = Arc::clone(&call);
        let task = tokio::spawn(async move {
            match work.await {
                Ok(reply) => Ok(reply),
                Err(Failed(refusal)) => Err(core.refused(&inner, refusal).await),
            }
        });
        let outcome = task.await.unwrap_or_else(|panicked| {
            error!(%panicked, "a call panicked");
            Err(refuse::bug(&panicked).into_status(&call.request_id))
        });
        self.finish(&call, outcome)
    }

    /// Audits and logs a refusal, and makes its status.
    pub(crate) async fn refused(&self, call: &Call, refusal: ndxp_proto::error::Refusal) -> Status {
        let reason = refusal.reason.as_str();
        self.metrics.errors.get_or_create(&ReasonLabels { reason }).inc();
        info!(request = call.request_id, method = call.method, caller = %call.principal, reason,
            "refused");
        if is_decision(refusal.reason.code())
            && let Err(cause) = self.ledger.deny(call.denial(refusal.reason)).await
        {
            error!(%cause, "a refusal could not be audited");
            let Failed(unaudited) = Failed::from(cause);
            return unaudited.into_status(&call.request_id);
        }
        refusal.into_status(&call.request_id)
    }

    /// Puts the reply's metadata on, and records the call's time.
    fn finish<T>(&self, call: &Call, outcome: Result<T, Status>) -> Result<Response<T>, Status> {
        let code = outcome.as_ref().map_or_else(Status::code, |_| Code::Ok);
        self.record(call, code);
        match outcome {
            Ok(reply) => {
                let mut response = Response::new(reply);
                self.stamp(&call.request_id, response.metadata_mut());
                Ok(response)
            }
            Err(mut status) => {
                self.stamp(&call.request_id, status.metadata_mut());
                Err(status)
            }
        }
    }

    pub(crate) fn record(&self, call: &Call, code: Code) {
        let labels = RpcLabels { method: call.method, code: code_name(code) };
        self.metrics.rpc.get_or_create(&labels).observe(call.started.elapsed().as_secs_f64());
    }

    pub(crate) fn stamp(&self, request_id: &str, metadata: &mut MetadataMap) {
        let position = self.registry.read(|state| state.count).to_string();
        for (name, value) in [
            (header::REQUEST_ID, request_id),
            (header::NODE, self.node.as_str()),
            (header::REGISTRY, position.as_str()),
        ] {
            if let Ok(value) = value.parse() {
                metadata.insert(name, value);
            }
        }
    }
}

/// Says whether a failure is a decision about the caller's request, and not a trouble of the hub's.
fn is_decision(code: Code) -> bool {
    !matches!(code, Code::Unavailable | Code::Internal | Code::DataLoss | Code::Aborted)
}

/// Makes the receipt that goes over the wire.
pub(crate) fn receipt_message(receipt: Receipt, verdict_identity: &str) -> common::Receipt {
    common::Receipt {
        shard: "main".to_owned(),
        index: receipt.index,
        leaf_hash: receipt.leaf_hash.to_vec(),
        issued_at: ndxp_proto::convert::timestamp(receipt.issued_at),
        verdict_identity: verdict_identity.to_owned(),
    }
}

fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
