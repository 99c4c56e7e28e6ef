//! Brokers for the tests, and what the tests have in common.

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicU32, Ordering},
};

use ndxp_brokers::{Cluster, Installation, Options, skip};
use ndxp_log::{
    AppendError, Appended, Covered, Log, Partition, ReadLimits, Record, Stored,
    kafka::{Config, Kafka},
};
use ndxp_model::{DatasetName, HubTopic, Keep, Topic};

pub(crate) const PAGE: ReadLimits = ReadLimits { records: 500, bytes: 1 << 20 };

/// Returns the installation, or says aloud that the test is left out.
pub(crate) fn installation(test: &str) -> Option<Installation> {
    match Installation::find() {
        Ok(installation) => Some(installation),
        Err(missing) => {
            skip(&format!("kafka: {test}"), &missing.to_string());
            None
        }
    }
}

/// Starts brokers of the test's own.
pub(crate) fn cluster(test: &str, brokers: u32, properties: &[&str]) -> Option<Cluster> {
    let installation = installation(test)?;
    let properties = properties.iter().map(ToString::to_string).collect();
    let options = Options { brokers, properties, ..Options::default() };
    Some(Cluster::start(&installation, &options).unwrap())
}

/// Returns settings for a hub of its own on a cluster: no topic of another test is in its way.
pub(crate) fn config(bootstrap: &str, brokers: u32) -> Config {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let copies = brokers.min(3);
    Config {
        prefix: format!("hub{number}."),
        replication: copies,
        min_in_sync: copies.div_ceil(2),
        ..Config::new(bootstrap)
    }
}

pub(crate) async fn open(config: &Config) -> Arc<Kafka> {
    Arc::new(Kafka::open(config.clone()).await.unwrap())
}

/// One broker that tests which break nothing share, for as long as one of them runs.
pub(crate) fn shared(test: &str) -> Option<Arc<Shared>> {
    static SHARED: OnceLock<Mutex<std::sync::Weak<Shared>>> = OnceLock::new();
    let place = SHARED.get_or_init(Mutex::default);
    let mut place = place.lock().unwrap();
    if let Some(there) = place.upgrade() {
        return Some(there);
    }
    let cluster = cluster(test, 1, &[])?;
    let shared = Arc::new(Shared { bootstrap: cluster.bootstrap(), cluster });
    *place = Arc::downgrade(&shared);
    Some(shared)
}

pub(crate) struct Shared {
    pub(crate) bootstrap: String,
    pub(crate) cluster: Cluster,
}

pub(crate) fn dataset() -> DatasetName {
    "tax/income".parse().unwrap()
}

pub(crate) fn data(number: u32) -> Partition {
    Partition { topic: Topic::Data(dataset()), number }
}

pub(crate) fn audit() -> Partition {
    Partition { topic: Topic::Hub(HubTopic::Audit), number: 0 }
}

pub(crate) fn record(text: &str) -> Record {
    Record {
        key: Some(text.to_owned().into()),
        value: format!("{{\"text\":\"{text}\"}}").into(),
        ..Record::default()
    }
}

pub(crate) async fn with_dataset(config: &Config, partitions: u32) -> Arc<Kafka> {
    let log = open(config).await;
    log.create(&dataset(), partitions, Keep::Everything).await.unwrap();
    log
}

pub(crate) async fn publish(
    log: &dyn Log,
    number: u32,
    texts: &[String],
) -> Result<Appended, AppendError> {
    let records = texts.iter().map(|text| (number, record(text))).collect();
    log.append_after(record("entry"), Covered::Records { dataset: dataset(), records }).await
}

pub(crate) async fn read_all(log: &dyn Log, at: &Partition) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    loop {
        let from = all.last().map_or(0, |last| last.offset + 1);
        let page = log.read(at, from, PAGE).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

pub(crate) fn keys(stored: &[Stored]) -> Vec<String> {
    stored
        .iter()
        .map(|s| String::from_utf8(s.record.key.clone().unwrap_or_default().to_vec()).unwrap())
        .collect()
}
