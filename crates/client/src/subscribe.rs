//! Receiving: one stream of a subscription, with credit, acknowledgements and heartbeats.

mod credit;
mod event;
mod frames;

use std::collections::VecDeque;

use ndxp_proto::{
    error::Failure,
    exchange::{
        SubscribeOpen, SubscribeReady, SubscribeRequest, SubscribeResponse, SubscribeSettle,
        subscribe_request::Frame as Ask, subscribe_response::Frame as Answer,
        subscribe_service_client::SubscribeServiceClient,
    },
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::{Client, channel::MAX_MESSAGE, failure};
use credit::Credit;
use frames::{beat, receive, send};

pub use event::{Ack, Delivery, Event, SubscribeOptions};

/// Frames that may wait for the connection: acknowledgements wait behind it, never grow.
const OUTBOX: usize = 64;
/// Ack tokens in one frame.
const TOKENS: usize = 1_000;

/// An open stream of a subscription. Dropping it closes the stream; what was not acknowledged
/// comes again.
#[derive(Debug)]
pub struct Subscription {
    client: Client,
    ready: SubscribeReady,
    frames: Streaming<SubscribeResponse>,
    out: mpsc::Sender<SubscribeRequest>,
    credit: Credit,
    ahead: VecDeque<Event>,
    unsettled: u64,
    heartbeat: JoinHandle<()>,
}

impl Client {
    /// Opens a stream of a subscription, `agencies/{agency}/subscriptions/{subscription}`. An older
    /// stream of the same subscription ends with `STREAM_FENCED`.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn subscribe(
        &self,
        subscription: &str,
        options: &SubscribeOptions,
    ) -> Result<Subscription, Failure> {
        let (out, inbox) = mpsc::channel(OUTBOX);
        let open = SubscribeOpen {
            subscription: subscription.to_owned(),
            instance_id: options.instance_id.clone(),
        };
        let (credit, first) = Credit::open(options);
        send(&out, Ask::Open(open)).await?;
        send(&out, Ask::Credit(first)).await?;
        let mut service = SubscribeServiceClient::new(self.channel())
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        let request = self.request(ReceiverStream::new(inbox))?;
        let response = service.subscribe(request).await.map_err(|status| self.failed(status))?;
        self.saw(response.metadata());
        let mut frames = response.into_inner();
        let ready = opened(self, &mut frames).await?;
        let heartbeat = tokio::spawn(beat(out.downgrade()));
        let client = self.clone();
        let ahead = VecDeque::new();
        Ok(Subscription { client, ready, frames, out, credit, ahead, unsettled: 0, heartbeat })
    }
}

impl Subscription {
    /// Returns what the hub said when the stream opened.
    #[must_use]
    pub fn ready(&self) -> &SubscribeReady {
        &self.ready
    }

    /// Returns how many frames of acknowledgements have no answer yet.
    #[must_use]
    pub fn unsettled(&self) -> u64 {
        self.unsettled
    }

    /// Waits for what happens next; `None` once the hub has ended the stream without an error.
    /// Cancel-safe: nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// The reason for which the hub ended the stream, or a lost connection.
    pub async fn next(&mut self) -> Result<Option<Event>, Failure> {
        match self.ahead.pop_front() {
            Some(event) => Ok(Some(event)),
            None => self.read().await,
        }
    }

    /// Acknowledges records and gives their credit back. They do not come again once the hub has
    /// answered: see [`Subscription::settled`].
    ///
    /// # Errors
    /// The stream has ended; [`Subscription::next`] says why.
    pub async fn ack(&mut self, acks: &[Ack]) -> Result<(), Failure> {
        for some in acks.chunks(TOKENS) {
            let ack_tokens = some.iter().map(|ack| ack.token.clone()).collect();
            send(&self.out, Ask::Settle(SubscribeSettle { ack_tokens, ..Default::default() }))
                .await?;
            self.unsettled += 1;
            if let Some(credit) = self.credit.again(some) {
                send(&self.out, Ask::Credit(credit)).await?;
            }
        }
        Ok(())
    }

    /// Waits until all acknowledgements are durable. What comes in the meantime is kept for
    /// [`Subscription::next`]. Cancel-safe.
    ///
    /// # Errors
    /// The reason for which the hub ended the stream, or a lost connection.
    pub async fn settled(&mut self) -> Result<(), Failure> {
        while self.unsettled > 0 {
            match self.read().await? {
                Some(event) => self.ahead.push_back(event),
                None => return Err(failure::local(Code::Cancelled, "the stream ended")),
            }
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            let Some(frame) = receive(&self.client, &mut self.frames).await? else {
                return Ok(None);
            };
            if let Answer::SettleResult(_) = &frame {
                self.unsettled = self.unsettled.saturating_sub(1);
            }
            if let Some(event) = Event::of(frame) {
                return Ok(Some(event));
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}

/// Waits for `ready`. What else comes first, `suspended` for example, has its reason in the
/// status that follows.
async fn opened(
    client: &Client,
    frames: &mut Streaming<SubscribeResponse>,
) -> Result<SubscribeReady, Failure> {
    loop {
        match receive(client, frames).await? {
            Some(Answer::Ready(ready)) => return Ok(ready),
            Some(_) => {}
            None => return Err(failure::local(Code::Internal, "the stream ended before `ready`")),
        }
    }
}
