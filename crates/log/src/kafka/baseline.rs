//! librdkafka alone, for measuring: one idempotent producer and one consumer, and nothing of a log
//! around them.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    error::KafkaResult,
    message::DeliveryResult,
    producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer},
};

use super::Config;
use crate::AppendError;

/// What brokers may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A bare producer for one topic, with the settings of the engine's (`acks=all`, idempotent,
/// `linger.ms=0`, its compression). Its calls block.
pub struct Baseline {
    config: Config,
    topic: String,
    partitions: i32,
    producer: ThreadedProducer<Reports>,
    delivered: mpsc::Receiver<bool>,
    waiting: usize,
    next: i32,
}

impl std::fmt::Debug for Baseline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Baseline").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// Passes delivery reports on.
struct Reports(mpsc::Sender<bool>);

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, report: &DeliveryResult<'_>, (): ()) {
        // Nobody waits any more: the measurement is over.
        let _ = self.0.send(report.is_ok());
    }
}

impl Baseline {
    /// Makes a producer for a topic, which is made unless it is there.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] with librdkafka's words.
    pub async fn create(config: Config, topic: &str, partitions: u32) -> Result<Self, AppendError> {
        make(&config, topic, partitions).await.map_err(said)?;
        let (report, delivered) = mpsc::channel();
        let producer = config.producer();
        let producer = ThreadedProducer::from_config_and_context(&producer, Reports(report));
        let producer = producer.map_err(said)?;
        let partitions = i32::try_from(partitions).unwrap_or(i32::MAX).max(1);
        let topic = topic.to_owned();
        Ok(Self { config, topic, partitions, producer, delivered, waiting: 0, next: 0 })
    }

    /// Hands values to the producer, in turn to each partition, and returns as soon as no more than
    /// `outstanding` are without their acknowledgement.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] if one is refused, fails, or is not answered in time.
    pub fn append(&mut self, values: &[Bytes], outstanding: usize) -> Result<(), AppendError> {
        let partition = self.next % self.partitions;
        self.next = self.next.wrapping_add(1).max(0);
        for value in values {
            let record = BaseRecord::<[u8], [u8]>::to(&self.topic).partition(partition);
            self.producer.send(record.payload(value)).map_err(|(error, _)| said(error))?;
            self.waiting += 1;
        }
        self.wait(outstanding)
    }

    fn wait(&mut self, outstanding: usize) -> Result<(), AppendError> {
        while self.waiting > outstanding {
            if !self.delivered.recv_timeout(PATIENCE).map_err(said)? {
                return Err(AppendError::Unavailable("a record was not taken".into()));
            }
            self.waiting -= 1;
        }
        Ok(())
    }

    /// Writes a value and waits until a consumer beside it has it; returns how long each took.
    ///
    /// # Errors
    /// As for [`Baseline::append`] and [`Baseline::read`].
    pub fn round_trips(
        &mut self,
        value: &Bytes,
        span: Duration,
    ) -> Result<Vec<Duration>, AppendError> {
        let consumer = self.consumer(&self.topic, Offset::End)?;
        self.meet(&consumer, value)?;
        let (begun, mut times) = (Instant::now(), Vec::new());
        while begun.elapsed() < span {
            let since = Instant::now();
            self.append(std::slice::from_ref(value), usize::MAX)?;
            next(&consumer)?;
            times.push(since.elapsed());
            self.wait(0)?;
        }
        Ok(times)
    }

    /// Writes until the consumer has found the end: a record written before that is missed.
    fn meet(&mut self, consumer: &BaseConsumer, value: &Bytes) -> Result<(), AppendError> {
        let (since, mut met) = (Instant::now(), 0);
        while met < self.partitions * 4 {
            self.append(std::slice::from_ref(value), 0)?;
            let came = consumer.poll(Duration::from_millis(20)).transpose().map_err(said)?;
            met += i32::from(came.is_some());
            if since.elapsed() > PATIENCE {
                return Err(AppendError::Unavailable("the consumer does not begin".into()));
            }
        }
        while consumer.poll(Duration::from_millis(200)).transpose().map_err(said)?.is_some() {}
        Ok(())
    }

    /// Reads a topic from its beginning with one consumer, so many records; returns records a second.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] if the brokers send nothing in time.
    pub fn read(&self, topic: &str, records: usize) -> Result<f64, AppendError> {
        let since = Instant::now();
        let consumer = self.consumer(topic, Offset::Beginning)?;
        for _ in 0..records {
            next(&consumer)?;
        }
        Ok(records as f64 / since.elapsed().as_secs_f64())
    }

    /// Makes a consumer with librdkafka's own settings for its queue, as a stranger's would have.
    fn consumer(&self, topic: &str, from: Offset) -> Result<BaseConsumer, AppendError> {
        let mut config = self.config.client();
        config.set("group.id", "bare").set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.create().map_err(said)?;
        let mut wanted = TopicPartitionList::new();
        for number in 0..self.partitions {
            wanted.add_partition_offset(topic, number, from).map_err(said)?;
        }
        consumer.assign(&wanted).map_err(said)?;
        Ok(consumer)
    }
}

impl Drop for Baseline {
    fn drop(&mut self) {
        // What is left belongs to no measurement.
        let _ = self.producer.flush(Duration::from_secs(5));
    }
}

async fn make(config: &Config, topic: &str, partitions: u32) -> KafkaResult<()> {
    let admin: AdminClient<DefaultClientContext> = config.client().create()?;
    let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let copies = TopicReplication::Fixed(number(config.replication));
    let (topic, least) = (topic.to_owned(), config.min_in_sync.to_string());
    let new = NewTopic::new(&topic, number(partitions), copies).set("min.insync.replicas", &least);
    // Its answer for the topic: made, or there already. What else is wrong the first record meets.
    let _ = admin.create_topics([&new], &AdminOptions::new()).await?;
    Ok(())
}

fn next(consumer: &BaseConsumer) -> Result<(), AppendError> {
    let message = consumer.poll(PATIENCE);
    let message = message.ok_or_else(|| AppendError::Unavailable("no record came".into()))?;
    message.map(drop).map_err(said)
}

fn said(error: impl std::fmt::Display) -> AppendError {
    AppendError::Unavailable(error.to_string())
}
