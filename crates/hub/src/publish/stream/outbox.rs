//! What goes to the publisher, in order, without ever waiting for it: what the transport does not
//! take yet stays here, and while it does, nothing more is read.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use ndxp_proto::exchange::{PublishStreamResponse, publish_stream_response::Frame};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::Status;

use super::end::lost;

/// The transport's side.
#[derive(Debug)]
pub(crate) struct Frames {
    frames: ReceiverStream<Message>,
    ended: Arc<AtomicBool>,
    request_id: String,
}

type Message = Result<PublishStreamResponse, Status>;

/// How many frames the transport may take ahead.
const AHEAD: usize = 8;
/// From how many waiting frames on a peer counts as one that does not read.
const MOST: usize = 16;

/// The stream's side.
#[derive(Debug)]
pub(super) struct Outbox {
    frames: mpsc::Sender<Message>,
    waiting: VecDeque<Frame>,
    /// The stream has said how it ends.
    ended: Arc<AtomicBool>,
}

/// The transport is gone.
#[derive(Debug)]
pub(super) struct Gone;

impl Outbox {
    pub(super) fn new(request_id: &str) -> (Self, Frames) {
        let (frames, outgoing) = mpsc::channel(AHEAD);
        let (waiting, ended) = (VecDeque::new(), Arc::<AtomicBool>::default());
        let theirs = Frames {
            frames: ReceiverStream::new(outgoing),
            ended: Arc::clone(&ended),
            request_id: request_id.to_owned(),
        };
        (Self { frames, waiting, ended }, theirs)
    }

    /// Adds a frame.
    pub(super) fn push(&mut self, frame: Frame) {
        self.waiting.push_back(frame);
    }

    /// Says whether the peer takes what it gets.
    pub(super) fn is_read(&self) -> bool {
        self.waiting.len() < MOST
    }

    /// Waits until the transport has taken all that waits; where nothing does, until it is gone.
    /// Cancel-safe.
    pub(super) async fn sent(&mut self) -> Result<(), Gone> {
        if self.waiting.is_empty() {
            self.gone().await;
            return Err(Gone);
        }
        self.flush().await
    }

    /// Gives the transport all that waits. Cancel-safe: what was not given still waits.
    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        while !self.waiting.is_empty() {
            let slot = self.frames.reserve().await.map_err(|_| Gone)?;
            if let Some(frame) = self.waiting.pop_front() {
                slot.send(Ok(PublishStreamResponse { frame: Some(frame) }));
            }
        }
        Ok(())
    }

    /// Waits until the transport is gone.
    pub(super) async fn gone(&self) {
        self.frames.closed().await;
    }

    /// Flushes, and ends the stream in good order.
    pub(super) async fn close(&mut self) -> Result<(), Gone> {
        self.flush().await?;
        self.ended.store(true, Ordering::Release);
        Ok(())
    }

    /// Flushes, and ends the stream with a status.
    pub(super) async fn end(&mut self, status: Status) -> Result<(), Gone> {
        self.close().await?;
        self.frames.send(Err(status)).await.map_err(|_| Gone)
    }
}

impl Stream for Frames {
    type Item = Message;
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        let this = self.get_mut();
        let next = Pin::new(&mut this.frames).poll_next(cx);
        if let Poll::Ready(None) = next
            && !this.ended.swap(true, Ordering::AcqRel)
        {
            // The stream's task is gone without a word: that must not look like a good end.
            return Poll::Ready(Some(Err(lost(&this.request_id))));
        }
        next
    }
}
