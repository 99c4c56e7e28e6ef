//! Receiving: one stream of a subscription, with credit, acknowledgements and heartbeats.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use ndxp_proto::{
    common::Receipt,
    error::Failure,
    exchange::{
        DeliveredRecord, SubscribeCredit, SubscribeHeartbeat, SubscribeOpen, SubscribeReady,
        SubscribeRequest, SubscribeResponse, SubscribeSettle, subscribe_request::Frame as Ask,
        subscribe_response::Frame as Answer, subscribe_service_client::SubscribeServiceClient,
    },
};
use tokio::{sync::mpsc, task::JoinHandle, time};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::{Client, channel::MAX_MESSAGE, failure};

/// Each side says this often that it is alive; three missed end the stream.
const HEARTBEAT: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(75);
/// Frames that may wait for the connection: acknowledgements wait behind it, never grow.
const OUTBOX: usize = 64;
/// Ack tokens in one frame.
const TOKENS: usize = 1_000;

/// How much may come before it is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribeOptions {
    /// Names this process for the hub's operators; may be empty.
    pub instance_id: String,
    /// Records, at least 1.
    pub records: u32,
    /// Bytes of payloads, at least 1.
    pub bytes: u64,
}

impl Default for SubscribeOptions {
    /// The hub's defaults: 1,000 records, 16 MiB.
    fn default() -> Self {
        Self { instance_id: String::new(), records: 1_000, bytes: 16 << 20 }
    }
}

/// Acknowledges one record, once it is where it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    token: Bytes,
    bytes: u64,
}

impl Ack {
    /// Takes a record's handle.
    #[must_use]
    pub fn of(record: &DeliveredRecord) -> Self {
        Self { token: record.ack_token.clone(), bytes: record.payload.len() as u64 }
    }
}

/// What was released at once: one audit entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Evidence of the release.
    pub receipt: Option<Receipt>,
    /// The records, in order of their lane.
    pub records: Vec<DeliveredRecord>,
}

/// What happens on a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Records came.
    Deliver(Delivery),
    /// Everything that is there now was delivered.
    Idle,
    /// One frame of acknowledgements is durable.
    Settled {
        /// How many were taken.
        settled: u32,
        /// Tokens that were not of this stream: those records come again.
        lost: Vec<Bytes>,
    },
    /// The right to receive has ended; the stream's end follows, with the reason.
    Suspended {
        /// The agreement's revision.
        agreement: String,
        /// The reason, for example `AGREEMENT_SUSPENDED`.
        reason: String,
    },
    /// The hub ends the stream in an orderly way.
    Draining {
        /// The reason, for example `NODE_DRAINING`.
        reason: String,
        /// When to connect again.
        retry_after: Duration,
    },
}

/// An open stream of a subscription. Dropping it closes the stream; what was not acknowledged
/// comes again.
#[derive(Debug)]
pub struct Subscription {
    client: Client,
    ready: SubscribeReady,
    frames: Streaming<SubscribeResponse>,
    out: mpsc::Sender<SubscribeRequest>,
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
        let credit = SubscribeCredit { records: options.records.max(1), bytes: options.bytes };
        send(&out, Ask::Open(open)).await?;
        send(&out, Ask::Credit(credit)).await?;
        let mut service = SubscribeServiceClient::new(self.channel())
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        let request = self.request(ReceiverStream::new(inbox))?;
        let response = service.subscribe(request).await.map_err(|status| self.failed(status))?;
        self.saw(response.metadata());
        let mut frames = response.into_inner();
        let ready = match receive(self, &mut frames).await? {
            Some(Answer::Ready(ready)) => ready,
            _ => return Err(failure::local(Code::Internal, "the first frame was not `ready`")),
        };
        let heartbeat = tokio::spawn(beat(out.downgrade()));
        let client = self.clone();
        let ahead = VecDeque::new();
        Ok(Subscription { client, ready, frames, out, ahead, unsettled: 0, heartbeat })
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
            send(&self.out, Ask::Settle(SubscribeSettle { ack_tokens })).await?;
            self.unsettled += 1;
            let records = u32::try_from(some.len()).unwrap_or(u32::MAX);
            // 0 would mean the default: records without a payload give back one byte.
            let bytes = some.iter().map(|ack| ack.bytes).sum::<u64>().max(1);
            send(&self.out, Ask::Credit(SubscribeCredit { records, bytes })).await?;
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
            if let Some(event) = event(frame) {
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

/// Receives a frame; a kind that this client does not know is passed over.
async fn receive(
    client: &Client,
    frames: &mut Streaming<SubscribeResponse>,
) -> Result<Option<Answer>, Failure> {
    loop {
        let silent = |_| failure::local(Code::Unavailable, "the hub has been silent for 75 s");
        let message = time::timeout(SILENCE, frames.message()).await.map_err(silent)?;
        match message.map_err(|status| client.failed(status))? {
            Some(SubscribeResponse { frame: Some(frame) }) => return Ok(Some(frame)),
            Some(SubscribeResponse { frame: None }) => {}
            None => return Ok(None),
        }
    }
}

fn event(frame: Answer) -> Option<Event> {
    match frame {
        Answer::Deliver(deliver) => {
            Some(Event::Deliver(Delivery { receipt: deliver.receipt, records: deliver.records }))
        }
        Answer::SettleResult(result) => {
            Some(Event::Settled { settled: result.settled, lost: result.lost })
        }
        Answer::Idle(_) => Some(Event::Idle),
        Answer::Suspended(suspended) => {
            let (agreement, reason) = (suspended.agreement, suspended.reason);
            Some(Event::Suspended { agreement, reason })
        }
        Answer::Draining(draining) => {
            let after = draining.retry_after.unwrap_or_default();
            let seconds = u64::try_from(after.seconds).unwrap_or_default();
            let nanos = u32::try_from(after.nanos).unwrap_or_default();
            let retry_after = Duration::new(seconds, nanos);
            Some(Event::Draining { reason: draining.reason, retry_after })
        }
        Answer::Ready(_) | Answer::Heartbeat(_) => None,
    }
}

async fn send(out: &mpsc::Sender<SubscribeRequest>, frame: Ask) -> Result<(), Failure> {
    let ended = |_| failure::local(Code::Cancelled, "the stream has ended");
    out.send(SubscribeRequest { frame: Some(frame) }).await.map_err(ended)
}

/// Says that this side is alive, also while the program is busy with what came.
async fn beat(out: mpsc::WeakSender<SubscribeRequest>) {
    loop {
        time::sleep(HEARTBEAT).await;
        let Some(out) = out.upgrade() else { return };
        if send(&out, Ask::Heartbeat(SubscribeHeartbeat {})).await.is_err() {
            return;
        }
    }
}
