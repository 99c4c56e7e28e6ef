//! The embedded engine from outside: the suite, a model, crashes, damage.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "embedded/damage.rs"]
mod damage;
#[path = "embedded/kill.rs"]
mod kill;
#[path = "embedded/limits.rs"]
mod limits;
#[path = "embedded/model.rs"]
mod model;
#[path = "embedded/tidy.rs"]
mod tidy;
#[path = "embedded/tidy_kill.rs"]
mod tidy_kill;

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use ndxp_log::{
    Appended, Covered, Log, Partition, ReadError, ReadLimits, Record, Stored, conformance,
    embedded::{Config, Embedded, FreeSpace, OpenError, TailLimits},
};
use ndxp_model::{DatasetName, HubTopic, Topic};
use tempfile::TempDir;

/// A directory for one check; with the smallest tail, so that reads go to the store.
struct EmbeddedRig {
    dir: TempDir,
    tail: TailLimits,
    open: Option<Arc<Embedded>>,
}

#[async_trait]
impl conformance::Rig for EmbeddedRig {
    async fn open(&mut self) -> Arc<dyn Log> {
        if let Some(before) = self.open.take() {
            before.close().await;
        }
        let engine = Embedded::open(Config { tail: self.tail, ..config(self.dir.path()) }).unwrap();
        let engine = Arc::new(engine);
        self.open = Some(Arc::clone(&engine));
        engine
    }

    fn tidies_at_once(&self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_engine_conforms() {
    let tail = TailLimits { records: 256, bytes: 256 * 1024 };
    conformance::run(move || {
        Box::new(EmbeddedRig { dir: tempfile::tempdir().unwrap(), tail, open: None })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_engine_conforms_without_its_tail_in_memory() {
    let tail = TailLimits { records: 0, bytes: 0 };
    conformance::run(move || {
        Box::new(EmbeddedRig { dir: tempfile::tempdir().unwrap(), tail, open: None })
    })
    .await;
}

#[tokio::test]
async fn one_directory_opens_once() {
    let dir = tempfile::tempdir().unwrap();
    let first = Embedded::open(config(dir.path())).unwrap();
    let error = Embedded::open(config(dir.path())).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
    first.close().await;
    Embedded::open(config(dir.path())).unwrap();
}

#[tokio::test]
async fn closed_log_refuses_and_its_queue_was_finished() {
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(Embedded::open(config(dir.path())).unwrap());
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { log.append(HubTopic::Registry, 0, vec![sized(9)]).await })
        })
        .collect();
    tokio::task::yield_now().await;
    log.close().await;
    let mut taken = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => taken += 1,
            Err(error) => assert_eq!(error.to_string(), "log is unavailable: the log is closed"),
        }
    }
    let at = registry();
    assert_eq!(*log.follow(&at).unwrap().borrow(), taken);
    assert!(log.append(HubTopic::Registry, 0, vec![sized(9)]).await.is_err());
    let read = log.offset_at(&at, ndxp_model::Timestamp::default()).await;
    assert!(matches!(read, Err(ReadError::Unavailable(_))));
    log.close().await;
    let log = Embedded::open(config(dir.path())).unwrap();
    assert_eq!(*log.follow(&at).unwrap().borrow(), taken);
}

#[test]
fn dropped_log_releases_its_directory_outside_of_a_runtime() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        drop(Embedded::open(config(dir.path())).unwrap());
    }
}

fn config(dir: &Path) -> Config {
    Config { min_free: 0, cache: 1 << 20, ..Config::new(dir) }
}

fn dataset() -> DatasetName {
    "tax/income".parse().unwrap()
}

fn data() -> Partition {
    Partition { topic: Topic::Data(dataset()), number: 0 }
}

fn registry() -> Partition {
    Partition { topic: Topic::Hub(HubTopic::Registry), number: 0 }
}

fn audit() -> Partition {
    Partition { topic: Topic::Hub(HubTopic::Audit), number: 0 }
}

fn sized(bytes: usize) -> Record {
    Record { value: vec![b'v'; bytes].into(), ..Record::default() }
}

async fn publish(log: &dyn Log, values: impl IntoIterator<Item = String>) -> Appended {
    let record = |value: String| (0, Record { value: value.into(), ..Record::default() });
    let records = values.into_iter().map(record).collect();
    let covered = Covered::Records { dataset: dataset(), records };
    log.append_after(Record::default(), covered).await.unwrap()
}

async fn read_all(log: &dyn Log, at: &Partition) -> Result<Vec<Stored>, ReadError> {
    let limits = ReadLimits { records: 1_000, bytes: 1 << 20 };
    let mut all = Vec::new();
    loop {
        let page = log.read(at, all.len() as u64, limits).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}
