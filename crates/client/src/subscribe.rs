//! Receiving: one stream of a subscription, with credit, acknowledgements and heartbeats.

mod credit;
mod event;
mod frames;

use std::{collections::VecDeque, time::Duration};

use ndxp_proto::{
    error::Failure,
    exchange::{
        SubscribeExtend, SubscribeOpen, SubscribeReady, SubscribeReject, SubscribeRequest,
        SubscribeResponse, SubscribeRetry, SubscribeSettle, subscribe_request::Frame as Ask,
        subscribe_response::Frame as Answer, subscribe_service_client::SubscribeServiceClient,
    },
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::{Client, channel::MAX_MESSAGE, failure};
use credit::Credit;
use frames::{beat, receive, send};

pub use event::{Ack, Delivery, Event, Settlement, SubscribeOptions};

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
    /// Frames on their way out: a future that is dropped loses none.
    outgoing: VecDeque<Ask>,
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
        let mut service = SubscribeServiceClient::new(self.stream_channel())
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        let request = self.request(ReceiverStream::new(inbox))?;
        let response = service.subscribe(request).await.map_err(|status| self.failed(status))?;
        self.saw(response.metadata());
        let mut frames = response.into_inner();
        let ready = opened(self, &mut frames).await?;
        let heartbeat = tokio::spawn(beat(out.downgrade()));
        Ok(Subscription {
            client: self.clone(),
            ready,
            frames,
            out,
            credit,
            outgoing: VecDeque::new(),
            ahead: VecDeque::new(),
            unsettled: 0,
            heartbeat,
        })
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
        self.settle(Settlement { acks: acks.to_vec(), ..Settlement::default() }).await
    }

    /// Acknowledges records, asks for them again, or gives them up; and gives their credit back.
    /// It holds once the hub has answered: see [`Subscription::settled`]. Cancel-safe: what was
    /// not sent goes out with the next call.
    ///
    /// # Errors
    /// The stream has ended; [`Subscription::next`] says why.
    pub async fn settle(&mut self, mut settlement: Settlement) -> Result<(), Failure> {
        while !settlement.is_empty() {
            let some = settlement.next_frame(TOKENS);
            let credit = self.credit.again(&some);
            self.outgoing.push_back(Ask::Settle(frame(some)));
            self.outgoing.extend(credit.map(Ask::Credit));
            self.unsettled += 1;
        }
        self.pump().await
    }

    /// Prolongs the leases of records that take longer, from now on, up to 10 minutes.
    ///
    /// # Errors
    /// The stream has ended; [`Subscription::next`] says why.
    pub async fn extend(&mut self, records: &[Ack], by: Duration) -> Result<(), Failure> {
        let by = ndxp_proto::duration(u64::try_from(by.as_millis()).unwrap_or(u64::MAX));
        for some in records.chunks(TOKENS) {
            let ack_tokens = some.iter().map(|ack| ack.token.clone()).collect();
            self.outgoing.push_back(Ask::Extend(SubscribeExtend { ack_tokens, by }));
            self.unsettled += 1;
        }
        self.pump().await
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

    async fn pump(&mut self) -> Result<(), Failure> {
        while !self.outgoing.is_empty() {
            let ended = |_| failure::local(Code::Cancelled, "the stream has ended");
            let room = self.out.reserve().await.map_err(ended)?;
            if let Some(frame) = self.outgoing.pop_front() {
                room.send(SubscribeRequest { frame: Some(frame) });
            }
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<Option<Event>, Failure> {
        // Why a stream has ended, reading tells.
        self.pump().await.unwrap_or_default();
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

fn frame(settlement: Settlement) -> SubscribeSettle {
    let millis = |delay: Duration| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    let retry = |(ack, delay): (Ack, Option<Duration>)| SubscribeRetry {
        ack_token: ack.token,
        delay: delay.and_then(|delay| ndxp_proto::duration(millis(delay))),
    };
    let reject = |(ack, reason): (Ack, String)| SubscribeReject { ack_token: ack.token, reason };
    SubscribeSettle {
        ack_tokens: settlement.acks.into_iter().map(|ack| ack.token).collect(),
        retries: settlement.retries.into_iter().map(retry).collect(),
        rejects: settlement.rejects.into_iter().map(reject).collect(),
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
