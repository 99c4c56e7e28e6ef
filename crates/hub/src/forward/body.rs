//! The answer of another node on its way back.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Status, body::Body};

use super::{Answered, link::Through, status};

/// A body that ends with a status even where the link breaks.
pub(super) struct Answer {
    inner: Body,
    request_id: String,
    has_ended: bool,
    /// The call is on its way for as long as this is.
    _through: Through,
}

impl Answer {
    pub(super) fn new(inner: Body, through: Through, request_id: &str) -> Self {
        let request_id = request_id.to_owned();
        Self { inner, request_id, has_ended: false, _through: through }
    }

    fn broken(&self) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        // A status of texts is always one of headers.
        let _ = status(&self.request_id).add_header(&mut trailers);
        trailers
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
        match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
            Some(Ok(frame)) => {
                self.has_ended = frame.is_trailers();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(_)) => {
                self.has_ended = true;
                Poll::Ready(Some(Ok(Frame::trailers(self.broken()))))
            }
            // A status that came with the headers has no trailers behind it.
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
