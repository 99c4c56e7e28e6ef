//! A publisher's stream, frame by frame: also for what no client would send.

use ndxp_proto::exchange::{
    PublishRequest, PublishResponse, PublishStreamBatch, PublishStreamOpen, PublishStreamRequest,
    PublishStreamResponse, PublishStreamResult, Record, ResultMode,
    publish_service_client::PublishServiceClient, publish_stream_request::Frame as Say,
    publish_stream_response,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming, transport::Channel};

use crate::{TestHub, nation::resource};

pub use publish_stream_response::Frame as Heard;

/// An open call of `PublishStream`.
#[derive(Debug)]
pub struct RawPublish {
    out: mpsc::Sender<PublishStreamRequest>,
    frames: Streaming<PublishStreamResponse>,
    next: u64,
}

impl RawPublish {
    /// Calls `PublishStream` and sends nothing.
    ///
    /// # Errors
    /// What the hub's gate or the connection say.
    pub async fn call(channel: Channel) -> Result<Self, Status> {
        let (out, outgoing) = mpsc::channel(64);
        let mut service = PublishServiceClient::new(channel).max_decoding_message_size(64 << 20);
        let frames = service.publish_stream(ReceiverStream::new(outgoing)).await?.into_inner();
        Ok(Self { out, frames, next: 1 })
    }

    /// Opens a stream and waits for the first frame.
    ///
    /// # Errors
    /// The hub's refusal.
    pub async fn open(channel: Channel, open: PublishStreamOpen) -> Result<Self, Status> {
        let mut stream = Self::call(channel).await?;
        stream.say(Say::Open(open)).await;
        match stream.next().await? {
            Some(Heard::Ready(_)) => Ok(stream),
            other => Err(Status::internal(format!("not ready: {other:?}"))),
        }
    }

    /// Sends a frame; a stream that has ended takes none, and says why at the next
    /// [`RawPublish::next`].
    pub async fn say(&self, frame: Say) {
        self.say_raw(PublishStreamRequest { frame: Some(frame) }).await;
    }

    /// Sends a message, with or without a frame.
    pub async fn say_raw(&self, message: PublishStreamRequest) {
        let _ = self.out.send(message).await;
    }

    /// Sends a batch with the next number, which it returns.
    pub async fn batch(&mut self, records: Vec<Record>) -> u64 {
        self.batch_at(records, "").await
    }

    /// The same with a source position.
    pub async fn batch_at(&mut self, records: Vec<Record>, position: &str) -> u64 {
        let (seq, source_position) = (self.next, position.to_owned());
        self.next += 1;
        self.say(Say::Batch(PublishStreamBatch { seq, source_position, records })).await;
        seq
    }

    /// Waits for the next frame; `None` at the end.
    ///
    /// # Errors
    /// The status with which the hub ends the stream, or a lost connection.
    pub async fn next(&mut self) -> Result<Option<Heard>, Status> {
        loop {
            match self.frames.message().await? {
                Some(PublishStreamResponse { frame: Some(frame) }) => return Ok(Some(frame)),
                Some(PublishStreamResponse { frame: None }) => {}
                None => return Ok(None),
            }
        }
    }

    /// Waits for the next result, passing over frames that are none.
    ///
    /// # Errors
    /// The status with which the hub ends the stream.
    ///
    /// # Panics
    /// The stream ends without one.
    pub async fn result(&mut self) -> Result<PublishStreamResult, Status> {
        loop {
            if let Heard::Result(result) = self.next().await?.expect("a result comes") {
                return Ok(result);
            }
        }
    }

    /// Reads to the end and returns the frames before it and the status.
    pub async fn end(&mut self) -> (Vec<Heard>, Option<Status>) {
        let mut frames = Vec::new();
        loop {
            match self.next().await {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return (frames, None),
                Err(status) => return (frames, Some(status)),
            }
        }
    }

    /// Ends the publisher's side.
    pub fn close(&mut self) {
        self.out = mpsc::channel(1).0;
    }
}

impl TestHub {
    /// Publishes once as an agency's system `portal` into its own dataset, asking for a result of
    /// each record.
    ///
    /// # Errors
    /// The hub's refusal.
    pub async fn publish_per_record(
        &self,
        agency: &str,
        dataset: &str,
        records: Vec<Record>,
    ) -> Result<PublishResponse, Status> {
        let channel = self.channel(&format!("agency/{agency}/system/portal"));
        let request = PublishRequest {
            dataset: resource(dataset),
            records,
            result_mode: ResultMode::PerRecord.into(),
            ..PublishRequest::default()
        };
        let mut service = PublishServiceClient::new(channel);
        service.publish(request).await.map(tonic::Response::into_inner)
    }

    /// Opens a stream of an agency's system `portal` into its dataset, `agency/dataset`.
    ///
    /// # Errors
    /// The hub's refusal.
    pub async fn publish_stream(&self, agency: &str, dataset: &str) -> Result<RawPublish, Status> {
        let channel = self.channel(&format!("agency/{agency}/system/portal"));
        let dataset = resource(dataset);
        RawPublish::open(channel, PublishStreamOpen { dataset, ..Default::default() }).await
    }
}
