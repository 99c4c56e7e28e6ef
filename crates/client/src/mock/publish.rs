//! `PublishService` of the mock.

use ndxp_proto::{
    error::Failure,
    exchange::{
        GetPublishStateRequest, GetPublishStateResponse, PublishRequest, PublishResponse,
        PublishStreamBatch, PublishStreamDraining, PublishStreamOpen, PublishStreamReady,
        PublishStreamRequest, PublishStreamResponse, PublishStreamResult,
        publish_service_server::PublishService, publish_stream_request::Frame as Ask,
        publish_stream_response::Frame as Answer,
    },
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::shared::{Shared, status};
use crate::{MAX_BATCH_BYTES, MAX_BATCH_RECORDS};

/// Batches that may be unanswered.
const WINDOW: u32 = 4;

type Answers = mpsc::Sender<Result<PublishStreamResponse, Status>>;

#[tonic::async_trait]
impl PublishService for Shared {
    async fn publish(
        &self,
        request: Request<PublishRequest>,
    ) -> Result<Response<PublishResponse>, Status> {
        self.gate().map_err(status)?;
        let request = request.into_inner();
        let mode = request.result_mode();
        let PublishRequest { dataset, records, source_position, .. } = request;
        let taken =
            self.change(|state| state.publishing.take(&dataset, records, source_position, mode))?;
        self.answer()?;
        let PublishStreamResult { accepted, duplicates, receipt, results, .. } = taken;
        Ok(Response::new(PublishResponse { accepted, duplicates, receipt, results }))
    }

    type PublishStreamStream = ReceiverStream<Result<PublishStreamResponse, Status>>;

    async fn publish_stream(
        &self,
        request: Request<Streaming<PublishStreamRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        let (answers, outbox) = mpsc::channel(1);
        let (hub, frames) = (self.clone(), request.into_inner());
        tokio::spawn(async move {
            if let Err(status) = serve(&hub, frames, &answers).await {
                // The client may have gone.
                answers.send(Err(status)).await.unwrap_or_default();
            }
        });
        Ok(Response::new(ReceiverStream::new(outbox)))
    }

    async fn get_publish_state(
        &self,
        request: Request<GetPublishStateRequest>,
    ) -> Result<Response<GetPublishStateResponse>, Status> {
        let states = self.read(|state| state.publishing.states(&request.get_ref().dataset));
        Ok(Response::new(GetPublishStateResponse { states }))
    }
}

/// Takes batches until the client ends its side.
async fn serve(
    hub: &Shared,
    mut frames: Streaming<PublishStreamRequest>,
    answers: &Answers,
) -> Result<(), Status> {
    let mut open = None;
    let mut durable = 0;
    while let Some(frame) = frames.message().await? {
        match (frame.frame, &open) {
            (Some(Ask::Open(asked)), None) => {
                hub.gate().map_err(status)?;
                open = Some(asked);
                put(answers, Answer::Ready(ready())).await;
            }
            (Some(Ask::Batch(batch)), Some(open)) if batch.seq == durable + 1 => {
                match take(hub, open, batch) {
                    Ok(result) => put(answers, Answer::Result(result)).await,
                    Err(status) => {
                        put(answers, Answer::Draining(draining(&status, durable))).await;
                        return Err(status);
                    }
                }
                durable += 1;
            }
            (Some(Ask::Heartbeat(_)), Some(_)) => {}
            _ => return Err(Status::invalid_argument("a frame out of turn")),
        }
    }
    Ok(())
}

fn take(
    hub: &Shared,
    open: &PublishStreamOpen,
    batch: PublishStreamBatch,
) -> Result<PublishStreamResult, Status> {
    hub.gate().map_err(status)?;
    let PublishStreamBatch { seq, source_position, records } = batch;
    let (dataset, mode) = (&open.dataset, open.result_mode());
    let taken =
        hub.change(|state| state.publishing.take(dataset, records, source_position, mode))?;
    hub.answer()?;
    Ok(PublishStreamResult { seq, ..taken })
}

fn ready() -> PublishStreamReady {
    PublishStreamReady {
        window: WINDOW,
        schema_version: 1,
        max_records: u32::try_from(MAX_BATCH_RECORDS).unwrap_or(u32::MAX),
        max_bytes: MAX_BATCH_BYTES as u64,
    }
}

fn draining(status: &Status, last_durable_seq: u64) -> PublishStreamDraining {
    let failure = Failure::from(status.clone());
    let millis = |after: std::time::Duration| u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
    PublishStreamDraining {
        reason: failure.reason.unwrap_or_default(),
        retry_after: failure.retry_after.and_then(|after| ndxp_proto::duration(millis(after))),
        last_durable_seq,
    }
}

async fn put(answers: &Answers, frame: Answer) {
    // The client may have gone.
    answers.send(Ok(PublishStreamResponse { frame: Some(frame) })).await.unwrap_or_default();
}
