//! How a stream ends: what is under way is answered, then the last words, then the status.

use std::{sync::Arc, time::Duration};

use ndxp_proto::{
    convert,
    error::Refusal,
    exchange::{self as pb, publish_stream_response::Frame as Out},
};
use thiserror::Error;
use tokio::time::timeout;
use tonic::{Code, Status};
use tracing::info;

use super::{live::Live, outbox::Outbox};
use crate::{call::Call, core::Core};

/// How long an append under way, and the peer, may take once the right to publish has ended. All
/// together it stays below the second of invariant 4.
const LAST_FRAME: Duration = Duration::from_millis(400);
/// How long any other peer may take. Nobody is waited for without end.
const LINGER: Duration = Duration::from_secs(30);

/// Why a stream ends.
#[derive(Debug)]
pub(super) enum End {
    /// All is answered and the publisher has ended its side.
    Done,
    /// The publisher went away.
    Closed,
    /// The right to publish has ended.
    Condemned(Refusal),
    /// Anything else that the status says.
    Refused(Refusal),
}

/// Ends a stream that was opened.
pub(super) async fn finish(mut live: Live, end: End) {
    let patience = match end {
        End::Condemned(_) => LAST_FRAME,
        End::Done | End::Closed | End::Refused(_) => LINGER,
    };
    // What is under way may still become durable: the publisher hears of it if that is soon. A
    // failure of it comes first, since it came first.
    let end = match timeout(patience, live.settle()).await {
        Ok(Err(first)) => first,
        Ok(Ok(())) | Err(_) => end,
    };
    let refusal = match end {
        End::Closed => return live.core.record(&live.call, Code::Cancelled),
        End::Done => {
            let flushed = timeout(patience, live.outbox.close()).await;
            let code = if matches!(flushed, Ok(Ok(()))) { Code::Ok } else { Code::Cancelled };
            return live.core.record(&live.call, code);
        }
        End::Condemned(refusal) | End::Refused(refusal) => refusal,
    };
    live.outbox.push(Out::Draining(pb::PublishStreamDraining {
        reason: refusal.reason.as_str().to_owned(),
        retry_after: refusal.retry_after_ms.and_then(convert::duration),
        last_durable_seq: live.durable,
    }));
    refuse(&live.core, &live.call, refusal, live.outbox, patience).await;
}

/// Ends a stream with a status. A peer that does not take it loses its connection.
pub(super) async fn refuse(
    core: &Arc<Core>,
    call: &Arc<Call>,
    refusal: Refusal,
    mut outbox: Outbox,
    patience: Duration,
) {
    let (inner, about) = (Arc::clone(core), Arc::clone(call));
    // In a task of its own: a log that hangs must not keep it open for longer.
    let audited = tokio::spawn(async move {
        let mut status = inner.refused(&about, refusal).await;
        inner.record(&about, status.code());
        inner.stamp(&about.request_id, status.metadata_mut());
        status
    });
    let said = async {
        let status = audited.await;
        let bug = |cause| crate::refuse::bug(&cause).into_status(&call.request_id);
        let _ = outbox.end(status.unwrap_or_else(bug)).await;
        outbox.gone().await;
    };
    if timeout(patience, said).await.is_err() && call.origin.kill() {
        info!(request = call.request_id, "a peer did not take its last frame and is cut");
    }
}

/// A stream's task ended without saying how.
#[derive(Debug, Error)]
#[error("a publisher's stream ended without a word")]
struct StreamLost;

/// The status of a stream whose task is gone.
pub(super) fn lost(request_id: &str) -> Status {
    crate::refuse::bug(&StreamLost).into_status(request_id)
}
