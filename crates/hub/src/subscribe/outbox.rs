//! What goes to the consumer: one frame at a time, and a sign once the transport is done.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use ndxp_proto::exchange::{SubscribeResponse, subscribe_response::Frame};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;

type Message = Result<SubscribeResponse, Status>;

/// The stream's side of the frames.
#[derive(Debug)]
pub(crate) struct Outbox {
    frames: mpsc::Sender<Message>,
    gone: CancellationToken,
}

/// The transport's side.
#[derive(Debug)]
pub(crate) struct Frames {
    frames: ReceiverStream<Message>,
    _gone: DropGuard,
}

/// A place for one frame.
pub(super) struct Slot<'a>(mpsc::Permit<'a, Message>);

impl Outbox {
    /// Makes both sides. One frame at a time is offered, so that what waits here was decided on
    /// just now.
    pub(crate) fn new() -> (Self, Frames) {
        let (frames, outgoing) = mpsc::channel(1);
        let gone = CancellationToken::new();
        let guard = gone.clone().drop_guard();
        (Self { frames, gone }, Frames { frames: ReceiverStream::new(outgoing), _gone: guard })
    }

    /// Waits for room; `None` once the transport is gone. Cancel-safe.
    pub(super) async fn slot(&self) -> Option<Slot<'_>> {
        self.frames.reserve().await.ok().map(Slot)
    }

    /// Ends the stream with a last frame, if there is one, and a status. Nothing is lost by
    /// cancelling it but these.
    pub(super) async fn last(&self, frame: Option<Frame>, status: Status) {
        if let Some(frame) = frame {
            let _ = self.frames.send(Ok(SubscribeResponse { frame: Some(frame) })).await;
        }
        let _ = self.frames.send(Err(status)).await;
    }

    /// Closes the stream in good order, and returns the sign that the transport has taken
    /// everything, or is gone.
    pub(super) fn close(self) -> CancellationToken {
        self.gone
    }

    /// Returns that sign, while frames may still be sent.
    pub(super) fn gone(&self) -> CancellationToken {
        self.gone.clone()
    }
}

impl Slot<'_> {
    pub(super) fn fill(self, frame: Frame) {
        self.0.send(Ok(SubscribeResponse { frame: Some(frame) }));
    }
}

impl Stream for Frames {
    type Item = Message;
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        Pin::new(&mut self.get_mut().frames).poll_next(cx)
    }
}
