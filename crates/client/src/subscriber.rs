//! Receiving for as long as it takes: a subscription over as many streams as that needs.

mod outstanding;

use std::time::Duration;

use ndxp_proto::{error::Failure, exchange::DeliveredRecord};
use tokio::time::{self, Instant};

use crate::{
    Ack, Client, Delivery, Event, Settlement, SubscribeOptions, Subscription, client::chance,
    retry::Reconnect,
};
use outstanding::Outstanding;

/// How a [`Subscriber`] works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriberOptions {
    /// How much may come before it is settled.
    pub stream: SubscribeOptions,
    /// So many settled records go out at once. Default: 200.
    pub settle_records: usize,
    /// A settled record waits so long at most, if the program settles or receives at all; while
    /// [`Subscriber::next`] waits for the hub, nothing is held back. Default: 100 ms.
    pub settle_within: Duration,
    /// How long a stream may fail in a row before the subscriber gives up. Default: 10 minutes.
    pub patience: Duration,
}

impl Default for SubscriberOptions {
    fn default() -> Self {
        Self {
            stream: SubscribeOptions::default(),
            settle_records: 200,
            settle_within: Duration::from_millis(100),
            patience: Duration::from_secs(600),
        }
    }
}

/// What happens to a subscriber.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Something happened on the stream.
    Event(Event),
    /// A stream is open; the first, or again.
    Open {
        /// Rises with each stream of the subscription.
        epoch: u64,
        /// The agreement's revision.
        agreement: String,
    },
    /// The stream was lost or ended in order; it is opened again after this time. What was not
    /// settled comes again.
    Interrupted {
        /// How it ended.
        failure: Box<Failure>,
        /// The wait.
        after: Duration,
    },
}

/// Receives the records of a subscription and settles them.
///
/// The stream is opened again where the hub says so (a restart, its age, a changed subscription)
/// and where the connection was lost. It ends with an error where the hub refuses: a suspended
/// agreement, or a newer stream of the same subscription (`STREAM_FENCED`).
///
/// Delivery is at least once. A record that was outstanding when a stream was lost comes again;
/// settling the earlier delivery of it then does nothing, nor does settling one twice. Settling
/// never fails: that a stream is lost shows in [`Subscriber::next`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use ndxp_client::{SubscriberOptions, mock::MockHub};
///
/// let hub = MockHub::start().await?;
/// hub.offer("agencies/tax/subscriptions/people", ["{\"id\":1}", "{\"id\":2}"]);
/// let client = hub.client();
/// let mut subscriber =
///     client.subscriber("agencies/tax/subscriptions/people", SubscriberOptions::default());
/// let delivery = subscriber.next().await?.expect("records are there");
/// for record in &delivery.records {
///     if record.payload.starts_with(b"{\"id\":1") {
///         subscriber.ack(record).await; // it is where it must be
///     } else {
///         subscriber.reject(record, "unknown form").await; // it becomes a dead letter
///     }
/// }
/// subscriber.close().await?; // settled for good
/// assert_eq!(hub.acked("agencies/tax/subscriptions/people").len(), 1);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Subscriber {
    client: Client,
    name: String,
    options: SubscriberOptions,
    stream: Option<Subscription>,
    reconnect: Reconnect,
    /// When to open the next stream.
    opens_at: Option<Instant>,
    outstanding: Outstanding,
    settlement: Settlement,
    /// Since when the oldest of `settlement` waits.
    waits_since: Option<Instant>,
    /// How many records were settled, of those asked for in all.
    settled: u64,
    late: u64,
}

impl Client {
    /// Makes a subscriber of `agencies/{agency}/subscriptions/{subscription}`; the first
    /// [`Subscriber::next`] opens its stream, and fences an older one.
    #[must_use]
    pub fn subscriber(&self, name: &str, options: SubscriberOptions) -> Subscriber {
        Subscriber {
            client: self.apart(),
            name: name.to_owned(),
            stream: None,
            reconnect: Reconnect::new(options.patience, self.nodes()),
            options,
            opens_at: None,
            outstanding: Outstanding::default(),
            settlement: Settlement::default(),
            waits_since: None,
            settled: 0,
            late: 0,
        }
    }
}

impl Subscriber {
    /// Waits for records; `None` if the hub has ended the stream because it was asked to.
    /// Cancel-safe.
    ///
    /// # Errors
    /// The hub's refusal, no first connection, or patience at its end.
    pub async fn next(&mut self) -> Result<Option<Delivery>, Failure> {
        loop {
            match self.news().await? {
                Some(News::Event(Event::Deliver(delivery))) => return Ok(Some(delivery)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// Waits for what happens next: records and all else. Cancel-safe.
    ///
    /// # Errors
    /// As for [`Subscriber::next`].
    pub async fn news(&mut self) -> Result<Option<News>, Failure> {
        let outcome = match &self.stream {
            None => self.open().await.map(Some),
            Some(_) => self.read().await,
        };
        match outcome {
            Ok(news) => Ok(news),
            Err(failure) => self.interrupt(failure).map(Some),
        }
    }

    /// Acknowledges a record: it does not come again.
    pub async fn ack(&mut self, record: &DeliveredRecord) {
        if let Some(ack) = self.take(record) {
            self.settlement.acks.push(ack);
            self.settle_if_due().await;
        }
    }

    /// Acknowledges all records of a delivery.
    pub async fn ack_all(&mut self, delivery: &Delivery) {
        for record in &delivery.records {
            if let Some(ack) = self.take(record) {
                self.settlement.acks.push(ack);
            }
        }
        self.settle_if_due().await;
    }

    /// Asks for a record again after `delay`, up to 24 h; `None`: by the subscription's delays.
    pub async fn retry(&mut self, record: &DeliveredRecord, delay: Option<Duration>) {
        if let Some(ack) = self.take(record) {
            self.settlement.retries.push((ack, delay));
            self.settle_if_due().await;
        }
    }

    /// Gives a record up: it becomes a dead letter. `reason` is for those who look at it; at most
    /// 256 bytes, no personal data.
    pub async fn reject(&mut self, record: &DeliveredRecord, reason: &str) {
        if let Some(ack) = self.take(record) {
            self.settlement.rejects.push((ack, reason.to_owned()));
            self.settle_if_due().await;
        }
    }

    /// Prolongs the lease of a record that takes longer, from now on, up to 10 minutes.
    pub async fn extend(&mut self, record: &DeliveredRecord, by: Duration) {
        let handle = Ack::of(record);
        if let (true, Some(stream)) = (self.outstanding.has(&handle), &mut self.stream) {
            // The end of a stream is told by what reads it.
            stream.extend(&[handle], by).await.unwrap_or_default();
        }
    }

    /// Returns how many settlements were dropped: of a stream that is gone, or for the second time.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Sends what is settled and waits until it is durable, then ends the stream.
    ///
    /// # Errors
    /// The stream was lost before: what was settled last may come again.
    pub async fn close(mut self) -> Result<(), Failure> {
        self.send_settled().await;
        match &mut self.stream {
            Some(stream) => stream.settled().await,
            None => Ok(()),
        }
    }

    async fn open(&mut self) -> Result<News, Failure> {
        if let Some(at) = self.opens_at {
            time::sleep_until(at).await;
        }
        let mut options = self.options.stream.clone();
        options.at_most = options.at_most.map(|all| all.saturating_sub(self.settled));
        let stream = self.client.subscribe(&self.name, &options).await?;
        self.reconnect.opened();
        self.opens_at = None;
        let ready = self.stream.insert(stream).ready();
        Ok(News::Open { epoch: ready.epoch, agreement: ready.agreement.clone() })
    }

    async fn read(&mut self) -> Result<Option<News>, Failure> {
        // Nothing is held back while this waits: else a last record would wait for the next.
        self.send_settled().await;
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let Some(event) = stream.next().await? else { return Ok(None) };
        // A stream that only ends has made no progress.
        if !matches!(event, Event::Draining { .. } | Event::Suspended { .. }) {
            self.reconnect.progressed();
        }
        if let Event::Deliver(delivery) = &event {
            self.outstanding.add(&delivery.records);
        }
        Ok(Some(News::Event(event)))
    }

    /// Decides whether another stream follows. Handles of this one are worth nothing from here on.
    fn interrupt(&mut self, failure: Failure) -> Result<News, Failure> {
        self.stream = None;
        self.outstanding = Outstanding::default();
        self.late += self.settlement.len() as u64;
        (self.settlement, self.waits_since) = (Settlement::default(), None);
        let Some(after) = self.reconnect.delay(&failure, chance()) else { return Err(failure) };
        self.opens_at = Some(Instant::now() + after);
        Ok(News::Interrupted { failure: Box::new(failure), after })
    }

    /// Takes a record's handle, if it is outstanding on this stream.
    fn take(&mut self, record: &DeliveredRecord) -> Option<Ack> {
        let handle = Ack::of(record);
        if !self.outstanding.remove(&handle) {
            self.late += 1;
            return None;
        }
        self.waits_since.get_or_insert_with(Instant::now);
        Some(handle)
    }

    async fn settle_if_due(&mut self) {
        let waited = self.waits_since.map(|since| since.elapsed());
        let is_full = self.settlement.len() >= self.options.settle_records.max(1);
        if is_full || waited.is_some_and(|waited| waited >= self.options.settle_within) {
            self.send_settled().await;
        }
    }

    async fn send_settled(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        if self.settlement.is_empty() {
            return;
        }
        self.waits_since = None;
        let settlement = std::mem::take(&mut self.settlement);
        self.settled += (settlement.acks.len() + settlement.rejects.len()) as u64;
        // The end of a stream is told by what reads it; its records come again.
        stream.settle(settlement).await.unwrap_or_default();
    }
}
