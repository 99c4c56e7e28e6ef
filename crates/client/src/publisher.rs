//! Publishing over a stream: batches in order, a window of them on their way, and after a lost
//! stream the same records again.

mod batch;
mod link;

use std::{collections::VecDeque, time::Duration};

use ndxp_proto::{error::Failure, exchange::ResultMode};

use crate::{Client, PublishTo, client::chance, retry::Reconnect};
use link::Link;

pub use batch::{Batch, BatchResult, Stopped};

/// How a [`Publisher`] works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublisherOptions {
    /// What a bad record does to the others of its batch. Default: it refuses the batch.
    pub result_mode: ResultMode,
    /// How long a stream may fail in a row before the publisher stops. Default: 10 minutes.
    pub patience: Duration,
}

impl Default for PublisherOptions {
    fn default() -> Self {
        Self { result_mode: ResultMode::Unspecified, patience: Duration::from_secs(600) }
    }
}

/// Publishes batches over one stream, in order.
///
/// A lost stream is opened again, and what was not answered is sent again with the same record
/// ids: the hub counts a record once. What is refused comes back as [`Stopped`] with all that was
/// behind it; nothing behind it was sent to the end silently.
///
/// No task works for it but the heartbeat's: results are read while [`Publisher::send`] waits for
/// room in the window, and by [`Publisher::flush`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use ndxp_client::{Batch, PublishTo, PublisherOptions, mock::MockHub, proto::exchange::Record};
///
/// let hub = MockHub::start().await?;
/// let to = PublishTo { dataset: "agencies/tax/datasets/returns".into(), ..Default::default() };
/// let client = hub.client();
/// let begin = client.resume_from(&to.dataset).await?; // `None`: from the start
/// assert_eq!(begin, None);
/// let mut publisher = client.publisher(to, PublisherOptions::default());
/// let record = Record { record_id: "r-1".into(), payload: "{}".into(), ..Default::default() };
/// publisher.send(Batch { records: vec![record], source_position: "line 1".into() }).await?;
/// publisher.flush().await?; // durable from here on
/// assert_eq!(publisher.take_results()[0].accepted, 1);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Publisher {
    client: Client,
    to: PublishTo,
    options: PublisherOptions,
    link: Option<Link>,
    reconnect: Reconnect,
    /// Batches without an answer, in order.
    pending: VecDeque<Batch>,
    /// The index of the first of them.
    first: u64,
    results: Vec<BatchResult>,
}

impl Client {
    /// Makes a publisher; the first batch opens its stream.
    #[must_use]
    pub fn publisher(&self, to: PublishTo, options: PublisherOptions) -> Publisher {
        let reconnect = Reconnect::new(options.patience, self.nodes());
        let (pending, results) = (VecDeque::new(), Vec::new());
        let client = self.apart();
        Publisher { client, to, options, link: None, reconnect, pending, first: 0, results }
    }
}

impl Publisher {
    /// Sends a batch once the window has room for it. At most [`crate::MAX_BATCH_RECORDS`] records
    /// and [`crate::MAX_BATCH_BYTES`] bytes of payloads. A batch whose future was dropped may have
    /// been sent; it is still answered.
    ///
    /// # Errors
    /// [`Stopped`] with every batch that is not durable, this one among them. The publisher is
    /// empty then, and may be used again.
    pub async fn send(&mut self, batch: Batch) -> Result<(), Stopped> {
        self.pending.push_back(batch);
        loop {
            match self.hand_over().await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(failure) => self.recover(failure).await?,
            }
        }
    }

    /// Waits until every batch is answered. Cancel-safe.
    ///
    /// # Errors
    /// As for [`Publisher::send`].
    pub async fn flush(&mut self) -> Result<(), Stopped> {
        while !self.pending.is_empty() {
            let answered = match self.hand_over().await {
                Ok(_) => self.read().await,
                Err(failure) => Err(failure),
            };
            if let Err(failure) = answered {
                self.recover(failure).await?;
            }
        }
        Ok(())
    }

    /// Takes the answers that came since the last time, in order. Take them now and then: they
    /// are kept until then.
    pub fn take_results(&mut self) -> Vec<BatchResult> {
        std::mem::take(&mut self.results)
    }

    /// Returns how many batches have no answer yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Gives the hub what the window has room for; `false` after an answer that made room.
    async fn hand_over(&mut self) -> Result<bool, Failure> {
        let link = match &mut self.link {
            Some(link) => link,
            None => {
                let opened = Link::open(&self.client, &self.to, self.options.result_mode).await?;
                self.reconnect.opened();
                self.link.insert(opened)
            }
        };
        link.send(&self.pending).await;
        if link.has_sent(self.pending.len()) {
            return Ok(true);
        }
        self.read().await?;
        Ok(false)
    }

    /// Waits for the answer to the first batch.
    async fn read(&mut self) -> Result<(), Failure> {
        let Some(link) = &mut self.link else { return Ok(()) };
        let answer = link.answer().await?;
        self.reconnect.progressed();
        self.pending.pop_front();
        self.results.push(BatchResult::of(self.first, answer));
        self.first += 1;
        Ok(())
    }

    /// Waits before the stream is opened again, or stops.
    async fn recover(&mut self, failure: Failure) -> Result<(), Stopped> {
        self.link = None;
        match self.reconnect.delay(&failure, chance()) {
            Some(delay) => {
                tokio::time::sleep(delay).await;
                Ok(())
            }
            None => Err(self.stop(failure)),
        }
    }

    fn stop(&mut self, failure: Failure) -> Stopped {
        let batches: Vec<_> = std::mem::take(&mut self.pending).into();
        let index = self.first;
        self.first += batches.len() as u64;
        self.reconnect = Reconnect::new(self.options.patience, self.client.nodes());
        Stopped { index, batches, failure: Box::new(failure) }
    }
}
