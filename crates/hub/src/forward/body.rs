//! The answer of another node on its way back.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use ndxp_proto::error::Refusal;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Status, body::Body};

use super::{Answered, link::Through};
use crate::refuse;

/// A body that ends with a status even where the link breaks, and where this node drains.
pub(super) struct Answer {
    inner: Body,
    request_id: String,
    has_ended: bool,
    drain: Pin<Box<WaitForCancellationFutureOwned>>,
    /// The call is on its way for as long as this is.
    _through: Through,
}

impl Answer {
    pub(super) fn new(
        inner: Body,
        through: Through,
        request_id: &str,
        drain: &CancellationToken,
    ) -> Self {
        let (request_id, drain) = (request_id.to_owned(), drain.clone().cancelled_owned());
        Self { inner, request_id, has_ended: false, drain: Box::pin(drain), _through: through }
    }

    /// Ends the call with a status of this node's.
    fn end(&mut self, refusal: Refusal) -> Frame<Bytes> {
        self.has_ended = true;
        let mut trailers = HeaderMap::new();
        // A status of texts is always one of headers.
        let _ = refusal.into_status(&self.request_id).add_header(&mut trailers);
        Frame::trailers(trailers)
    }
}

/// The body of an answer that is not there yet.
pub(super) struct Later {
    answer: Option<Answered>,
    body: Body,
    /// The status of an answer that had nothing else.
    status: Option<HeaderMap>,
}

impl Later {
    pub(super) fn new(answer: Answered) -> Self {
        Self { answer: Some(answer), body: Body::empty(), status: None }
    }

    fn take(&mut self, answer: Response<Body>) {
        let (head, body) = answer.into_parts();
        self.answer = None;
        self.body = body;
        self.status = head.headers.contains_key(Status::GRPC_STATUS).then_some(head.headers);
    }
}

impl HttpBody for Later {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(answer) = &mut self.answer {
            match ready!(answer.as_mut().poll(cx)) {
                Ok(answer) => self.take(answer),
            }
        }
        match self.status.take() {
            Some(status) => Poll::Ready(Some(Ok(Frame::trailers(status)))),
            None => Pin::new(&mut self.body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.answer.is_none() && self.status.is_none() && self.body.is_end_stream()
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.has_ended = frame.is_trailers();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(_))) => Poll::Ready(Some(Ok(self.end(refuse::moved())))),
            // A status that came with the headers has no trailers behind it.
            Poll::Ready(None) => Poll::Ready(None),
            // What has come goes on; what is to come, comes over another node.
            Poll::Pending => {
                ready!(self.drain.as_mut().poll(cx));
                Poll::Ready(Some(Ok(self.end(refuse::draining()))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
