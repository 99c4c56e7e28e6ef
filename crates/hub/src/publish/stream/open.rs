//! Opening a stream: the first frame, the place among the system's streams, the right.

use std::{sync::Arc, time::Duration};

use ndxp_model::SystemName;
use ndxp_proto::{
    error::Refusal,
    exchange::{PublishStreamOpen, PublishStreamRequest, publish_stream_request::Frame as In},
};
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tonic::{Code, Streaming};

use super::{
    super::{judge::Mode, target::Ask},
    end::{finish, refuse},
    inbox::unreadable,
    live::Live,
    outbox::{Frames, Outbox},
    right::Right,
};
use crate::{call::Call, core::Core, metrics::KindLabels, refuse::Failed, subscribe::Place};

/// How long a client may take for its first frame.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a peer may take for a refusal of its first frame.
const LAST_FRAME: Duration = Duration::from_millis(400);

/// Serves a stream in a task of its own, and returns what goes to the publisher.
pub(crate) fn publish_stream(
    core: &Arc<Core>,
    call: Arc<Call>,
    incoming: Streaming<PublishStreamRequest>,
) -> Frames {
    let (outbox, frames) = Outbox::new(&call.request_id);
    tokio::spawn(serve(Arc::clone(core), call, incoming, outbox));
    frames
}

async fn serve(
    core: Arc<Core>,
    call: Arc<Call>,
    mut incoming: Streaming<PublishStreamRequest>,
    outbox: Outbox,
) {
    let kind = KindLabels { kind: "publish" };
    core.metrics.streams.get_or_create(&kind).inc();
    match opened(&core, &call, &mut incoming).await {
        Ok(None) => core.record(&call, Code::Cancelled),
        Err(Failed(refusal)) => refuse(&core, &call, refusal, outbox, LAST_FRAME).await,
        Ok(Some(opened)) => {
            let Opened { system, mode, right, place: _place } = opened;
            let mut live = Live::new(&core, &call, system, mode, right, outbox);
            live.ready();
            let end = live.run(&mut incoming).await;
            finish(live, end).await;
        }
    }
    core.metrics.streams.get_or_create(&kind).dec();
}

struct Opened {
    system: SystemName,
    mode: Mode,
    right: Right,
    /// Counts among the system's open streams until it is dropped.
    place: Place,
}

/// Reads the first frame and decides; `None` if the publisher went away before it.
async fn opened(
    core: &Arc<Core>,
    call: &Arc<Call>,
    incoming: &mut Streaming<PublishStreamRequest>,
) -> Result<Option<Opened>, Failed> {
    let Some(open) = first_frame(incoming).await? else { return Ok(None) };
    let system = call.system()?;
    let mode = Mode::read(open.result_mode, "open.result_mode")?.in_order();
    let ask = Ask::read(&open.dataset, open.schema_version, open.access, "open.")?;
    let place = core.streams.open(&call.principal, core.limits.streams_per_system)?;
    let right = Right::open(core, call, ask).await?;
    Ok(Some(Opened { system, mode, right, place }))
}

async fn first_frame(
    incoming: &mut Streaming<PublishStreamRequest>,
) -> Result<Option<PublishStreamOpen>, Refusal> {
    match timeout(OPEN_TIMEOUT, incoming.next()).await {
        Ok(Some(Ok(PublishStreamRequest { frame: Some(In::Open(open)) }))) => Ok(Some(open)),
        Ok(None) => Err(Refusal::field("open", "is missing: the stream ended without a frame")),
        Ok(Some(Err(status))) => unreadable(&status).map_or(Ok(None), Err),
        Ok(Some(Ok(_))) => Err(Refusal::field("open", "must be the first frame")),
        Err(_) => Err(Refusal::field("open", "did not come within ten seconds")),
    }
}
