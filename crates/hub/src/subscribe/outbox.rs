//! What goes to the consumer: one frame at a time, and a sign once the transport is done.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use ndxp_proto::exchange::{SubscribeResponse, subscribe_response::Frame};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;

use super::outbound::Waiting;
use crate::refuse;

/// A stream's task ended without saying how.
#[derive(Debug, Error)]
#[error("a stream's task ended without a word")]
struct StreamLost;

type Message = Result<SubscribeResponse, Status>;

/// A message, and what it hands out.
#[derive(Debug)]
struct Offer {
    message: Message,
    handed: Option<HandedOut>,
}

/// A frame of records.
#[derive(Debug)]
pub(super) struct HandedOut {
    /// The machine's number of it, from 1.
    pub(super) number: u64,
    pub(super) waiting: Waiting,
}

/// The stream's side of the frames.
#[derive(Debug)]
pub(crate) struct Outbox {
    frames: mpsc::Sender<Offer>,
    /// The number of the last frame that the transport has taken.
    taken: watch::Receiver<u64>,
    gone: CancellationToken,
    /// The stream has said how it ends.
    ended: Arc<AtomicBool>,
}

/// The transport's side.
#[derive(Debug)]
pub(crate) struct Frames {
    frames: ReceiverStream<Offer>,
    taken: watch::Sender<u64>,
    /// What the transport has taken last. It asks for more once that has gone on to the peer.
    going: Option<Waiting>,
    ended: Arc<AtomicBool>,
    request_id: String,
    _gone: DropGuard,
}

/// A place for one frame.
pub(super) struct Slot<'a>(mpsc::Permit<'a, Offer>);

impl Outbox {
    /// Makes both sides. One frame at a time is offered, so that what waits here was decided on
    /// just now.
    pub(crate) fn new(request_id: &str) -> (Self, Frames) {
        let (frames, outgoing) = mpsc::channel(1);
        let (gone, ended) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
        let (taking, taken) = watch::channel(0);
        let theirs = Frames {
            frames: ReceiverStream::new(outgoing),
            taken: taking,
            going: None,
            ended: Arc::clone(&ended),
            request_id: request_id.to_owned(),
            _gone: gone.clone().drop_guard(),
        };
        (Self { frames, taken, gone, ended }, theirs)
    }

    /// Follows the number of the last handed out frame that the transport has taken, 0 at first.
    pub(super) fn taken(&self) -> watch::Receiver<u64> {
        self.taken.clone()
    }

    /// Waits for room; `None` once the transport is gone. Cancel-safe.
    pub(super) async fn slot(&self) -> Option<Slot<'_>> {
        self.frames.reserve().await.ok().map(Slot)
    }

    /// Ends the stream with a last frame, if there is one, and a status. Nothing is lost by
    /// cancelling it but these.
    pub(super) async fn last(&self, frame: Option<Frame>, status: Status) {
        self.ended.store(true, Ordering::Release);
        if let Some(frame) = frame {
            let message = Ok(SubscribeResponse { frame: Some(frame) });
            let _ = self.frames.send(Offer { message, handed: None }).await;
        }
        let _ = self.frames.send(Offer { message: Err(status), handed: None }).await;
    }

    /// Closes the stream in good order, and returns the sign that the transport has taken
    /// everything, or is gone.
    pub(super) fn close(self) -> CancellationToken {
        self.ended.store(true, Ordering::Release);
        self.gone
    }

    /// Returns that sign, while frames may still be sent.
    pub(super) fn gone(&self) -> CancellationToken {
        self.gone.clone()
    }
}

impl Slot<'_> {
    /// Offers a frame.
    pub(super) fn fill(self, frame: Frame, handed: Option<HandedOut>) {
        self.0.send(Offer { message: Ok(SubscribeResponse { frame: Some(frame) }), handed });
    }
}

impl Stream for Frames {
    type Item = Message;
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        let this = self.get_mut();
        this.going = None;
        let next = Pin::new(&mut this.frames).poll_next(cx).map(|offer| {
            let Offer { message, handed } = offer?;
            if let Some(HandedOut { number, waiting }) = handed {
                this.taken.send_replace(number);
                this.going = Some(waiting);
            }
            Some(message)
        });
        if let Poll::Ready(None) = next
            && !this.ended.swap(true, Ordering::AcqRel)
        {
            // The stream's task is gone without a word: that must not look like a good end.
            let bug = refuse::bug(&StreamLost).into_status(&this.request_id);
            return Poll::Ready(Some(Err(bug)));
        }
        next
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

    use ndxp_proto::{error::Failure, exchange::SubscribeDeliver};
    use tokio_stream::StreamExt;

    use super::{super::outbound::Outbound, Frame, HandedOut, Outbox};

    #[tokio::test]
    async fn stream_whose_task_is_gone_ends_with_a_status() {
        let (outbox, mut frames) = Outbox::new("id");
        drop(outbox);
        let status = frames.next().await.and_then(Result::err).map(Failure::from);
        assert_eq!(status.and_then(|failure| failure.reason).as_deref(), Some("BUG"));
        assert!(frames.next().await.is_none());
    }

    #[tokio::test]
    async fn frame_counts_until_the_transport_asks_for_the_next() {
        let outbound = Outbound::default();
        let (outbox, mut frames) = Outbox::new("id");
        for number in 1..3 {
            let handed = Some(HandedOut { number, waiting: outbound.wait(1 << 30) });
            let slot = outbox.slot().await.unwrap();
            slot.fill(Frame::Deliver(SubscribeDeliver::default()), handed);
            assert!(frames.next().await.is_some_and(|frame| frame.is_ok()));
            assert_eq!(outbound.room(3 << 20), 64 << 10, "frame {number} is on its way");
        }
        assert_eq!(*outbox.taken().borrow(), 2);
        let _gone = outbox.close();
        assert!(frames.next().await.is_none());
        assert_eq!(outbound.room(3 << 20), 3 << 20);
    }

    #[tokio::test]
    async fn stream_that_was_closed_ends_well() {
        let (outbox, mut frames) = Outbox::new("id");
        let gone = outbox.close();
        assert!(frames.next().await.is_none());
        drop(frames);
        gone.cancelled().await;
    }
}
