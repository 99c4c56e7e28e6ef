//! A subscription's stream, frame by frame: also for what no client would send.

use ndxp_proto::exchange::{
    DeliveredRecord, SubscribeCredit, SubscribeDeliver, SubscribeOpen, SubscribeRequest,
    SubscribeResponse, SubscribeSettle, subscribe_request::Frame as Ask, subscribe_response,
    subscribe_service_client::SubscribeServiceClient,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming, transport::Channel};

pub use subscribe_response::Frame;

/// An open call of `Subscribe`.
#[derive(Debug)]
pub struct RawStream {
    out: mpsc::Sender<SubscribeRequest>,
    frames: Streaming<SubscribeResponse>,
}

impl RawStream {
    /// Calls `Subscribe` and sends nothing.
    ///
    /// # Errors
    /// What the hub's gate or the connection say.
    pub async fn call(channel: Channel) -> Result<Self, Status> {
        let (out, outgoing) = mpsc::channel(64);
        let mut service = SubscribeServiceClient::new(channel).max_decoding_message_size(64 << 20);
        let frames = service.subscribe(ReceiverStream::new(outgoing)).await?.into_inner();
        Ok(Self { out, frames })
    }

    /// Opens a subscription, `agencies/{agency}/subscriptions/{subscription}`, and waits for the
    /// first frame.
    ///
    /// # Errors
    /// The hub's refusal.
    pub async fn open(channel: Channel, subscription: &str) -> Result<Self, Status> {
        let mut stream = Self::call(channel).await?;
        let open = SubscribeOpen { subscription: subscription.to_owned(), ..Default::default() };
        stream.send(Ask::Open(open)).await;
        match stream.next().await? {
            Some(Frame::Ready(_)) => Ok(stream),
            other => Err(Status::internal(format!("not ready: {other:?}"))),
        }
    }

    /// Sends a frame; a stream that has ended takes none, and says why at the next
    /// [`RawStream::next`].
    pub async fn send(&self, frame: Ask) {
        self.send_raw(SubscribeRequest { frame: Some(frame) }).await;
    }

    /// Sends a message, with or without a frame.
    pub async fn send_raw(&self, message: SubscribeRequest) {
        let _ = self.out.send(message).await;
    }

    /// Grants credit.
    pub async fn credit(&self, records: u32, bytes: u64) {
        self.send(Ask::Credit(SubscribeCredit { records, bytes })).await;
    }

    /// Acknowledges records.
    pub async fn ack<'a>(&self, records: impl IntoIterator<Item = &'a DeliveredRecord>) {
        let ack_tokens = records.into_iter().map(|record| record.ack_token.clone()).collect();
        self.send(Ask::Settle(SubscribeSettle { ack_tokens, ..Default::default() })).await;
    }

    /// Waits for the next frame; `None` at the end.
    ///
    /// # Errors
    /// The status with which the hub ends the stream, or a lost connection.
    pub async fn next(&mut self) -> Result<Option<Frame>, Status> {
        loop {
            match self.frames.message().await? {
                Some(SubscribeResponse { frame: Some(frame) }) => return Ok(Some(frame)),
                Some(SubscribeResponse { frame: None }) => {}
                None => return Ok(None),
            }
        }
    }

    /// Waits for the next delivery, passing over frames that are none.
    ///
    /// # Errors
    /// The status with which the hub ends the stream.
    ///
    /// # Panics
    /// The stream ends without one.
    pub async fn deliver(&mut self) -> Result<SubscribeDeliver, Status> {
        loop {
            if let Frame::Deliver(deliver) = self.next().await?.expect("a delivery comes") {
                return Ok(deliver);
            }
        }
    }

    /// Waits for so many records.
    ///
    /// # Errors
    /// The status with which the hub ends the stream.
    pub async fn records(&mut self, count: usize) -> Result<Vec<DeliveredRecord>, Status> {
        let mut records = Vec::with_capacity(count);
        while records.len() < count {
            records.extend(self.deliver().await?.records);
        }
        Ok(records)
    }

    /// Acknowledges records and waits until that is durable; returns how many were settled.
    ///
    /// # Errors
    /// The status with which the hub ends the stream.
    ///
    /// # Panics
    /// The stream ends without an answer.
    pub async fn settle(&mut self, records: &[DeliveredRecord]) -> Result<u32, Status> {
        self.ack(records).await;
        loop {
            if let Frame::SettleResult(result) = self.next().await?.expect("an answer comes") {
                return Ok(result.settled);
            }
        }
    }

    /// Reads to the end and returns the frames before it and the status.
    pub async fn end(&mut self) -> (Vec<Frame>, Option<Status>) {
        let mut frames = Vec::new();
        loop {
            match self.next().await {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => return (frames, None),
                Err(status) => return (frames, Some(status)),
            }
        }
    }

    /// Closes the asking side.
    pub fn close(&mut self) {
        self.out = mpsc::channel(1).0;
    }
}
