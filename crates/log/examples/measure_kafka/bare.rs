//! librdkafka alone: an idempotent producer, and a consumer.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rdkafka::{
    ClientConfig, ClientContext, Offset, TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    message::DeliveryResult,
    producer::{BaseRecord, ProducerContext, ThreadedProducer},
};

use crate::{BATCH, CALLERS, Figures, ONE_BY_ONE, PARTITIONS, RECORDS, TOPIC, value};

pub(crate) struct Bare {
    producer: ThreadedProducer<Reports>,
    delivered: mpsc::Receiver<()>,
    bootstrap: String,
}

struct Reports(mpsc::Sender<()>);

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, report: &DeliveryResult<'_>, (): ()) {
        assert!(report.is_ok());
        let _ = self.0.send(());
    }
}

impl Bare {
    pub(crate) fn new(bootstrap: &str) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", bootstrap).set("enable.idempotence", "true");
        config.set("linger.ms", "0").set("compression.codec", "lz4");
        let (report, delivered) = mpsc::channel();
        let producer = ThreadedProducer::from_config_and_context(&config, Reports(report));
        Self { producer: producer.unwrap(), delivered, bootstrap: bootstrap.to_owned() }
    }

    pub(crate) fn figures(&self) -> Figures {
        Figures { times: self.one_by_one(), written: self.written(), read: self.read() }
    }

    fn send(&self, number: usize, value: &[u8]) {
        let partition = i32::try_from(number % PARTITIONS as usize).unwrap();
        let record = BaseRecord::<[u8], [u8]>::to(TOPIC).partition(partition).payload(value);
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
    }

    fn one_by_one(&self) -> Vec<Duration> {
        let value = value(0);
        let once = |_| {
            let started = Instant::now();
            self.send(0, &value);
            self.delivered.recv().unwrap();
            started.elapsed()
        };
        let mut times: Vec<_> = (0..ONE_BY_ONE).map(once).collect();
        times.sort_unstable();
        times
    }

    fn written(&self) -> f64 {
        let values: Vec<Bytes> = (0..RECORDS).map(value).collect();
        let started = Instant::now();
        let mut waiting = 0;
        for (number, value) in values.iter().enumerate() {
            self.send(number, value);
            waiting += 1;
            while waiting >= CALLERS * BATCH {
                self.delivered.recv().unwrap();
                waiting -= 1;
            }
        }
        (0..waiting).for_each(|_| self.delivered.recv().unwrap());
        RECORDS as f64 / started.elapsed().as_secs_f64()
    }

    /// Reads from the beginning of all partitions, with a consumer that did not read before.
    fn read(&self) -> f64 {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap).set("group.id", "bare");
        config.set("enable.auto.commit", "false");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut from = TopicPartitionList::new();
        for number in 0..i32::try_from(PARTITIONS).unwrap() {
            from.add_partition_offset(TOPIC, number, Offset::Beginning).unwrap();
        }
        let started = Instant::now();
        consumer.assign(&from).unwrap();
        for _ in 0..RECORDS {
            consumer.poll(Duration::from_secs(30)).unwrap().unwrap();
        }
        RECORDS as f64 / started.elapsed().as_secs_f64()
    }
}
