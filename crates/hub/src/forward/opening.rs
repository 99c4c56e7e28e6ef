//! The first message of a call: it says which subscription the call is about.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::timeout;
use tonic::body::Body;

/// How long the first message is waited for; the service then says what is wrong.
const PATIENCE: Duration = Duration::from_secs(10);
/// A message of an opening is small; a longer one is the service's to refuse.
const MOST: usize = 64 << 10;
/// What stands before a message (gRPC over HTTP/2): a flag of compression and its length.
const PREFIX: usize = 5;

/// Says whether a call is a stream in both directions.
pub(super) fn is_stream(path: &str) -> bool {
    path.ends_with("/Subscribe")
}

/// A body of which the first message was read.
pub(super) struct Opening {
    read: BytesMut,
    rest: Body,
}

impl Opening {
    pub(super) async fn read(rest: Body) -> Self {
        let mut opening = Self { read: BytesMut::new(), rest };
        // Whatever comes of it, the service gets what was read, and the rest.
        let _ = timeout(PATIENCE, opening.fill()).await;
        opening
    }

    /// Reads until a message is there, or can never be.
    async fn fill(&mut self) {
        while self.message().is_none() && self.read.len() <= MOST {
            let rest = &mut self.rest;
            match poll_fn(|cx| Pin::new(&mut *rest).poll_frame(cx)).await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.read.extend_from_slice(&data),
                    Err(_) => return,
                },
                Some(Err(_)) | None => return,
            }
        }
    }

    /// Returns the first message, once all of it is there and if it is not compressed.
    pub(super) fn message(&self) -> Option<&[u8]> {
        let (prefix, rest) = self.read.split_at_checked(PREFIX)?;
        let (flag, mut length) = prefix.split_first()?;
        let length = usize::try_from(length.try_get_u32().ok()?).ok()?;
        rest.get(..length).filter(|_| *flag == 0)
    }

    /// Puts it together again.
    pub(super) fn into_body(self) -> Body {
        let first = Some(self.read.freeze()).filter(|read| !read.is_empty());
        Body::new(Rejoined { first, rest: self.rest })
    }
}

struct Rejoined {
    first: Option<Bytes>,
    rest: Body,
}

impl HttpBody for Rejoined {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.first {
            Some(_) => SizeHint::default(),
            None => self.rest.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use ndxp_proto::{about::about, exchange as pb, exchange::subscribe_request::Frame as In};
    use prost::Message;

    use super::*;

    fn framed(message: &impl Message) -> Vec<u8> {
        let message = message.encode_to_vec();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0], length.as_slice(), &message].concat()
    }

    async fn rest(body: Body) -> Vec<u8> {
        let mut body = body;
        let mut all = Vec::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            all.extend(frame.unwrap().into_data().unwrap());
        }
        all
    }

    #[tokio::test]
    async fn first_message_is_read_and_nothing_of_the_body_is_lost() {
        let open = pb::SubscribeOpen {
            subscription: "agencies/statistics/subscriptions/units".to_owned(),
            ..Default::default()
        };
        let first = framed(&pb::SubscribeRequest { frame: Some(In::Open(open)) });
        let sent = [first, vec![0, 0, 0, 0, 1, 7]].concat();
        for cut in 0..=sent.len() {
            let (head, tail) = sent.split_at(cut);
            let whole = Rejoined {
                first: Some(Bytes::copy_from_slice(head)).filter(|head| !head.is_empty()),
                rest: Body::new(Rejoined {
                    first: Some(Bytes::copy_from_slice(tail)).filter(|tail| !tail.is_empty()),
                    rest: Body::empty(),
                }),
            };
            let opening = Opening::read(Body::new(whole)).await;
            let about = about("/ndxp.exchange.v1.SubscribeService/Subscribe").unwrap();
            let name = opening.message().and_then(about).unwrap();
            assert_eq!(name.to_string(), "statistics/units");
            assert_eq!(rest(opening.into_body()).await, sent);
        }
    }

    #[tokio::test]
    async fn what_is_no_message_is_the_services_to_refuse() {
        for sent in [vec![], vec![0, 0], vec![1, 0, 0, 0, 0], vec![0, 255, 255, 255, 255]] {
            let whole = Rejoined { first: Some(Bytes::from(sent.clone())), rest: Body::empty() };
            let opening = Opening::read(Body::new(whole)).await;
            assert_eq!(opening.message(), None);
            assert_eq!(rest(opening.into_body()).await, sent);
        }
    }
}
