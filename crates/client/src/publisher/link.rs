//! One stream of a publisher.

use std::collections::VecDeque;

use ndxp_proto::{
    error::Failure,
    exchange::{
        PublishStreamBatch, PublishStreamHeartbeat, PublishStreamOpen, PublishStreamRequest,
        PublishStreamResponse, PublishStreamResult, ResultMode,
        publish_service_client::PublishServiceClient, publish_stream_request::Frame as Ask,
        publish_stream_response::Frame as Answer,
    },
};
use tokio::{sync::mpsc, task::JoinHandle, time};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use super::Batch;
use crate::{Client, PublishTo, channel::MAX_MESSAGE, failure, life};

/// Frames that may wait for the connection; the window bounds the rest.
const OUTBOX: usize = 4;

/// An open stream. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Link {
    client: Client,
    out: mpsc::Sender<PublishStreamRequest>,
    frames: Streaming<PublishStreamResponse>,
    window: usize,
    /// Batches that were sent over this stream and answered.
    answered: u64,
    /// Batches that were sent over this stream and not answered.
    open: usize,
    heartbeat: JoinHandle<()>,
}

impl Link {
    /// Opens a stream and waits until it is ready.
    pub(super) async fn open(
        client: &Client,
        to: &PublishTo,
        mode: ResultMode,
    ) -> Result<Self, Failure> {
        let (out, inbox) = mpsc::channel(OUTBOX);
        let open = PublishStreamOpen {
            dataset: to.dataset.clone(),
            schema_version: to.schema_version,
            access: to.access.clone(),
            result_mode: mode.into(),
        };
        put(&out, Ask::Open(open)).await;
        let mut service = PublishServiceClient::new(client.stream_channel())
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        let request = client.request(ReceiverStream::new(inbox))?;
        let answer = service.publish_stream(request).await;
        let response = answer.map_err(|status| client.failed(status))?;
        client.saw(response.metadata());
        let (client, frames) = (client.clone(), response.into_inner());
        let heartbeat = tokio::spawn(beat(out.downgrade()));
        let mut link = Self { client, out, frames, window: 1, answered: 0, open: 0, heartbeat };
        loop {
            if let Answer::Ready(ready) = link.frame().await? {
                link.set_window(ready.window);
                return Ok(link);
            }
        }
    }

    /// Sends those of `pending` that were not sent over this stream, as far as the window goes. A
    /// stream that has ended takes none: reading tells why, after the answers that came before.
    pub(super) async fn send(&mut self, pending: &VecDeque<Batch>) {
        while self.open < self.window {
            let Some(batch) = pending.get(self.open) else { return };
            let frame = PublishStreamBatch {
                seq: self.answered + self.open as u64 + 1,
                source_position: batch.source_position.clone(),
                records: batch.records.clone(),
            };
            if !put(&self.out, Ask::Batch(frame)).await {
                return;
            }
            // Only now: a send that was given up has sent nothing.
            self.open += 1;
        }
    }

    pub(super) fn has_sent(&self, pending: usize) -> bool {
        self.open == pending
    }

    /// Waits for the next answer. Cancel-safe.
    pub(super) async fn answer(&mut self) -> Result<PublishStreamResult, Failure> {
        loop {
            match self.frame().await? {
                Answer::Result(result) if result.seq == self.answered + 1 && self.open > 0 => {
                    self.answered += 1;
                    self.open -= 1;
                    return Ok(result);
                }
                Answer::Result(_) => {
                    let text = "the hub has answered a batch out of turn";
                    return Err(failure::local(Code::FailedPrecondition, text));
                }
                Answer::Window(window) => self.set_window(window.window),
                // The status follows `draining`, with the reason. What it calls durable was
                // answered before.
                Answer::Ready(_) | Answer::Heartbeat(_) | Answer::Draining(_) => {}
            }
        }
    }

    fn set_window(&mut self, window: u32) {
        self.window = usize::try_from(window).unwrap_or(1).max(1);
    }

    /// Receives a frame of a known kind.
    async fn frame(&mut self) -> Result<Answer, Failure> {
        loop {
            match life::message(&self.client, &mut self.frames).await? {
                Some(PublishStreamResponse { frame: Some(frame) }) => return Ok(frame),
                Some(PublishStreamResponse { frame: None }) => {}
                None => {
                    let text = "the hub has ended the stream";
                    return Err(failure::local(Code::Unavailable, text));
                }
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}

/// Sends a frame once there is room for it; `false` if the stream has ended.
async fn put(out: &mpsc::Sender<PublishStreamRequest>, frame: Ask) -> bool {
    out.send(PublishStreamRequest { frame: Some(frame) }).await.is_ok()
}

/// Says that this side is alive, also while the program has nothing to publish.
async fn beat(out: mpsc::WeakSender<PublishStreamRequest>) {
    loop {
        time::sleep(life::HEARTBEAT).await;
        let Some(out) = out.upgrade() else { return };
        if !put(&out, Ask::Heartbeat(PublishStreamHeartbeat {})).await {
            return;
        }
    }
}
