//! Publishing: decide, validate, recognise repeats, append behind the audit entry. A call is one
//! batch; a stream ([`stream`]) is many, in order.

mod judge;
mod key;
mod prepare;
mod result;
mod state;
mod stream;
mod take;
mod target;

use std::sync::Arc;

use ndxp_proto::exchange::{PublishRequest, PublishResponse};

use crate::{call::Call, core::Core, refuse::Failed};
use judge::Mode;
use state::Position;
use take::Batch;
use target::Ask;

pub use state::StateError;
pub(crate) use {
    judge::Judges,
    state::PublishStates,
    stream::{Frames, publish_stream},
    target::under,
};

impl Core {
    /// Publishes a call's records, whole or nothing unless it asks for a result each.
    pub(crate) async fn publish(
        self: &Arc<Self>,
        call: &Call,
        request: PublishRequest,
    ) -> Result<PublishResponse, Failed> {
        let system = call.system()?;
        let mode = Mode::read(request.result_mode, "result_mode")?;
        let ask = Ask::read(&request.dataset, request.schema_version, request.access, "")?;
        let target = self.target(call, &ask, call.now).await?;
        self.limits.check(&request.records, mode)?;
        let position = Position::read(request.source_position, "source_position")?;
        let bytes = request.records.iter().map(|record| record.payload.len()).sum();
        let _held = self.inbound.take(&call.principal, bytes)?;
        let rules = target.rules(&call.traceparent, call.now, &system, mode);
        let judged = self.judge(rules, request.records, bytes).await?;
        let batch = [Batch { judged, position }];
        let (mut taken, failed) = self.take(call, &system, &target, mode, &batch, call.now).await;
        match (taken.pop(), failed) {
            (_, Some(failed)) => Err(failed),
            (Some(taken), None) => Ok(PublishResponse {
                accepted: taken.accepted,
                duplicates: taken.duplicates,
                receipt: taken.receipt,
                results: taken.results,
            }),
            (None, None) => Err(crate::refuse::bug(&take::NothingTaken).into()),
        }
    }
}
