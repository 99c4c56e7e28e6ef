//! How a stream ends: its last words, and that nothing decided earlier leaves after them.

use std::{sync::Arc, time::Duration};

use ndxp_policy::Denial;
use ndxp_proto::{
    convert,
    error::{Reason, Refusal},
    exchange::{self as pb, SubscribeRequest, subscribe_response::Frame as Out},
};
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tonic::{Code, Streaming};
use tracing::info;

use super::{outbox::Outbox, right::Right};
use crate::{
    call::Call,
    core::Core,
    refuse::{self, Failed},
};

/// How long a peer whose right has ended may take to read the last frame. With the time in which
/// the end is noticed it stays below the second of invariant 4.
const LAST_FRAME: Duration = Duration::from_millis(400);
/// How long any other peer may take. Nobody is waited for without end.
const LINGER: Duration = Duration::from_secs(30);

/// Why a stream ends.
#[derive(Debug)]
pub(super) enum End {
    /// The client closed its side, or went away.
    Closed,
    /// The right to receive has ended.
    Denied(Box<Denial>),
    /// The connection is condemned: its certificate is no longer good, or its agency suspended.
    Condemned(Refusal),
    /// A revision of the agreement lets other bytes through.
    Revised,
    /// Anything else that the status says.
    Refused(Refusal),
}

impl<E: Into<Failed>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Refused(error.into().0)
    }
}

impl End {
    pub(super) fn fenced() -> Self {
        Self::Refused(Refusal::new(
            Reason::StreamFenced,
            "a newer stream of this subscription was opened",
            "run one stream a subscription",
        ))
    }

    /// The subscription was changed: a new stream goes on from there.
    pub(super) fn changed() -> Self {
        Self::Refused(Refusal::new(
            Reason::SubscriptionChanged,
            "the subscription was changed, or its cursor moved",
            "open the stream again after the delay",
        ))
    }

    pub(super) fn moved() -> Self {
        Self::Refused(refuse::moved())
    }

    /// Says whether the peer has lost its right: it is cut and nothing is waited for.
    pub(super) fn is_loss(&self) -> bool {
        matches!(self, Self::Denied(_) | Self::Condemned(_) | Self::Revised)
    }

    pub(super) fn draining() -> Self {
        Self::Refused(refuse::draining())
    }
}

/// Whether what was decided earlier may still leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Earlier {
    MayLeave,
    MustNot,
}

/// What is said last.
struct Words {
    frame: Option<Out>,
    refusal: Refusal,
    earlier: Earlier,
}

/// Ends a stream. `right` is there if frames may have been handed out.
pub(super) async fn finish(
    core: &Arc<Core>,
    call: &Arc<Call>,
    end: End,
    outbox: Outbox,
    incoming: &mut Streaming<SubscribeRequest>,
    right: Option<Right>,
) {
    let Some(mut words) = words(call, end) else {
        core.record(call, Code::Ok);
        let gone = outbox.close();
        return linger(call, right, gone.cancelled()).await;
    };
    if right.is_none() {
        // Nothing was opened, so there is nothing to suspend or to drain: the status says it all.
        (words.frame, words.earlier) = (None, Earlier::MayLeave);
    }
    let (core, inner) = (Arc::clone(core), Arc::clone(call));
    // In a task of its own: a log that hangs must not keep a peer connected that has no right.
    let audited = tokio::spawn(async move {
        let mut status = core.refused(&inner, words.refusal).await;
        core.record(&inner, status.code());
        core.stamp(&inner.request_id, status.metadata_mut());
        status
    });
    let said = async {
        let status = audited.await;
        let bug = |cause| refuse::bug(&cause).into_status(&call.request_id);
        outbox.last(words.frame, status.unwrap_or_else(bug)).await;
        outbox.gone().cancelled().await;
    };
    match words.earlier {
        Earlier::MayLeave => linger(call, right, said).await,
        Earlier::MustNot => {
            // The transport may have taken all and hold it; a peer that then closes its side has
            // read it. Whatever it sends before is of no interest any more.
            let read = async {
                said.await;
                while let Some(Ok(_)) = incoming.next().await {}
            };
            if timeout(LAST_FRAME, read).await.is_err() {
                kill(call);
            }
        }
    }
}

/// Waits until the transport has taken all, for as long as the right lasts.
async fn linger(call: &Call, right: Option<Right>, done: impl Future<Output = ()>) {
    let Some(mut right) = right else {
        let _ = timeout(LAST_FRAME, done).await;
        return;
    };
    tokio::select! {
        taken = timeout(LINGER, done) => if taken.is_err() { kill(call) },
        () = right.ended() => kill(call),
    }
}

fn kill(call: &Call) {
    if call.origin.kill() {
        info!(request = call.request_id, "a peer did not take its last frame and is cut");
    }
}

fn words(call: &Call, end: End) -> Option<Words> {
    let draining = |refusal: &Refusal| pb::SubscribeDraining {
        reason: refusal.reason.as_str().to_owned(),
        retry_after: refusal.retry_after_ms.and_then(convert::duration),
    };
    Some(match end {
        End::Closed => return None,
        End::Denied(denial) => {
            let agreement = denial.agreement.as_ref().map(convert::revision_resource);
            let suspended = pb::SubscribeSuspended {
                agreement: agreement.unwrap_or_default(),
                reason: denial.reason.as_str().to_owned(),
            };
            let (frame, refusal) = (Some(Out::Suspended(suspended)), call.denied(&denial));
            Words { frame, refusal, earlier: Earlier::MustNot }
        }
        End::Condemned(refusal) => Words { frame: None, refusal, earlier: Earlier::MustNot },
        End::Revised => {
            let text = "the agreement was revised and lets other fields or records through";
            let refusal = Refusal::new(Reason::NodeDraining, text, "connect again");
            let frame = Some(Out::Draining(draining(&refusal)));
            Words { frame, refusal, earlier: Earlier::MustNot }
        }
        End::Refused(refusal) => {
            let drains = matches!(refusal.reason, Reason::NodeDraining | Reason::StreamAged);
            let frame = drains.then(|| Out::Draining(draining(&refusal)));
            Words { frame, refusal, earlier: Earlier::MayLeave }
        }
    })
}
