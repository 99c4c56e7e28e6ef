//! The in-memory engine: the suite, and what its faults leave behind.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use async_trait::async_trait;
use ndxp_log::{
    AppendError, Covered, Log, Partition, ReadError, ReadLimits, Record, conformance,
    memory::{Fault, Faults, Memory},
};
use ndxp_model::{DatasetName, HubTopic, Keep, Topic};

const ALL: ReadLimits = ReadLimits { records: 100, bytes: 1 << 20 };

/// Opens again by taking the power away: what was acknowledged must be there.
#[derive(Default)]
struct MemoryRig(Option<Faults>);

#[async_trait]
impl conformance::Rig for MemoryRig {
    async fn open(&mut self) -> Arc<dyn Log> {
        let engine = self.0.as_ref().map_or_else(Memory::new, Faults::power_loss);
        self.0 = Some(engine.faults());
        Arc::new(engine)
    }

    fn tidies_at_once(&self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_engine_conforms() {
    conformance::run(|| Box::new(MemoryRig::default())).await;
}

fn dataset() -> DatasetName {
    "tax/income".parse().unwrap()
}

fn covered() -> Covered {
    let records = vec![(0, Record::default()), (0, Record::default())];
    Covered::Records { dataset: dataset(), records }
}

async fn count(log: &Memory, topic: Topic) -> usize {
    log.read(&Partition { topic, number: 0 }, 0, ALL).await.unwrap().len()
}

/// The readable numbers of audit entries and of data records.
async fn counts(log: &Memory) -> (usize, usize) {
    (count(log, Topic::Hub(HubTopic::Audit)).await, count(log, Topic::Data(dataset())).await)
}

async fn log_with_dataset() -> Memory {
    let log = Memory::new();
    log.create(&dataset(), 1, Keep::Everything).await.unwrap();
    log
}

#[tokio::test]
async fn each_fault_leaves_what_it_says() {
    for (fault, unknown, left) in [
        (Fault::NotWritten, false, (0, 0)),
        (Fault::Written, true, (1, 2)),
        (Fault::EntryOnly, true, (1, 0)),
    ] {
        let log = log_with_dataset().await;
        log.faults().next_append(fault);
        let error = log.append_after(Record::default(), covered()).await.unwrap_err();
        assert_eq!(matches!(error, AppendError::Unknown(_)), unknown, "{fault:?}: {error}");
        assert_eq!(counts(&log).await, left, "{fault:?}");
        log.append_after(Record::default(), covered()).await.unwrap();
        assert_eq!(counts(&log).await, (left.0 + 1, left.1 + 2), "{fault:?} is over");
    }
}

#[tokio::test]
async fn fault_of_a_plain_append_writes_all_or_nothing() {
    for (fault, left) in [(Fault::NotWritten, 0), (Fault::Written, 1), (Fault::EntryOnly, 0)] {
        let log = Memory::new();
        log.faults().next_append(fault);
        log.append(HubTopic::Registry, 0, vec![Record::default()]).await.unwrap_err();
        assert_eq!(count(&log, Topic::Hub(HubTopic::Registry)).await, left, "{fault:?}");
    }
}

#[tokio::test]
async fn held_append_is_answered_and_seen_only_once_it_is_synced() {
    let log = Arc::new(log_with_dataset().await);
    let faults = log.faults();
    faults.hold();
    let writer = Arc::clone(&log);
    let call = tokio::spawn(async move { writer.append_after(Record::default(), covered()).await });
    faults.written(1).await;
    assert!(!call.is_finished(), "it waits for the sync");
    assert_eq!(counts(&log).await, (0, 0), "readers do not see it");
    faults.release();
    assert_eq!(call.await.unwrap().unwrap().covered, [0, 1]);
    assert_eq!(counts(&log).await, (1, 2));
}

#[tokio::test]
async fn power_loss_takes_the_unsynced_suffix_and_the_engine() {
    let log = Arc::new(log_with_dataset().await);
    let faults = log.faults();
    log.append_after(Record::default(), covered()).await.unwrap();
    faults.hold();
    let writer = Arc::clone(&log);
    let call = tokio::spawn(async move { writer.append_after(Record::default(), covered()).await });
    faults.written(2).await;
    let survivor = faults.power_loss();
    assert!(matches!(call.await.unwrap(), Err(AppendError::Unknown(_))));
    assert_eq!(counts(&survivor).await, (1, 2));
    let again = survivor.append_after(Record::default(), covered()).await.unwrap();
    assert_eq!((again.entry, again.covered), (1, vec![2, 3]), "the suffix's offsets are free");
    let dead = log.append(HubTopic::Registry, 0, vec![Record::default()]).await;
    assert!(matches!(dead, Err(AppendError::Unavailable(_))));
}

#[tokio::test]
async fn injected_reads_fail_and_then_work() {
    let log = log_with_dataset().await;
    log.faults().next_reads(1);
    let at = Partition { topic: Topic::Data(dataset()), number: 0 };
    assert!(matches!(log.read(&at, 0, ALL).await, Err(ReadError::Unavailable(_))));
    assert_eq!(log.read(&at, 0, ALL).await, Ok(vec![]));
}
