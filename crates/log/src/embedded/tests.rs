//! What only the inside can bring about: gaps, start offsets, damaged tables, a failed store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use super::{
    dir::Dir,
    keys::{PartitionId, Start},
    *,
};

const ALL: ReadLimits = ReadLimits { records: 10_000, bytes: 1 << 24 };
const REGISTRY: PartitionId = PartitionId { topic: 1, number: 0 };

fn config(dir: &Path) -> Config {
    let tail = TailLimits { records: 0, bytes: 0 };
    Config { min_free: 0, cache: 1 << 20, tail, ..Config::new(dir) }
}

fn registry() -> Partition {
    Partition { topic: Topic::Hub(HubTopic::Registry), number: 0 }
}

fn stored() -> bytes::Bytes {
    codec::encode(&Record::default(), None).seal(Timestamp::default(), 0)
}

/// Changes a directory's store behind the engine's back.
fn tamper(dir: &Path, change: impl FnOnce(&mut store::Batch<'_>)) {
    let lock = Dir::new(dir.to_owned()).lock().unwrap().unwrap();
    let store = Store::open(&Dir::new(dir.to_owned()).store(), 1 << 20, lock).unwrap();
    let mut batch = store.batch();
    change(&mut batch);
    batch.commit().unwrap();
}

#[tokio::test]
async fn offsets_before_the_start_are_expired() {
    let dir = tempfile::tempdir().unwrap();
    tamper(dir.path(), |batch| {
        batch.put_start(REGISTRY, Start { offset: 2, time: Timestamp::from_millis(0) });
        batch.put(REGISTRY, 2, stored());
    });
    let log = Embedded::open(config(dir.path())).unwrap();
    let expired = ReadError::Expired { asked: 1, earliest: 2 };
    assert_eq!(log.read(&registry(), 1, ALL).await, Err(expired));
    assert_eq!(log.read(&registry(), 2, ALL).await.unwrap().len(), 1);
    assert_eq!(log.offset_at(&registry(), Timestamp::from_millis(-1)).await, Ok(2));
    assert_eq!(log.append(HubTopic::Registry, 0, vec![Record::default()]).await, Ok(3));
}

#[test]
fn gap_near_the_end_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    tamper(dir.path(), |batch| {
        for offset in [0, 1, 3] {
            batch.put(REGISTRY, offset, stored());
        }
    });
    let error = Embedded::open(config(dir.path())).unwrap_err();
    let gap = Damage::Gap { partition: "ndxp.registry/0".into(), missing: 2 };
    assert!(matches!(&error, OpenError::Corrupt { damage, .. } if *damage == gap), "{error}");
}

#[tokio::test]
async fn gap_far_from_the_end_is_damage_to_who_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    tamper(dir.path(), |batch| {
        for offset in (0..5_000).filter(|offset| *offset != 7) {
            batch.put(REGISTRY, offset, stored());
        }
    });
    ends::Ends([("ndxp.registry/0".to_owned(), 5_000)].into())
        .write(&Dir::new(dir.path().to_owned()))
        .unwrap();
    let log = Embedded::open(config(dir.path())).unwrap();
    let answer = log.read(&registry(), 0, ALL).await;
    assert!(matches!(answer, Err(ReadError::Corrupt(_))), "{answer:?}");
    assert_eq!(log.read(&registry(), 8, ALL).await.unwrap().len(), 4_992);
}

#[test]
fn unreadable_last_record_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    tamper(dir.path(), |batch| batch.put(REGISTRY, 0, bytes::Bytes::from_static(&[9, 9])));
    let error = Embedded::open(config(dir.path())).unwrap_err();
    let text = "ndxp.registry/0 cannot be read: the record has format 9";
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn store_of_a_later_version_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    tamper(dir.path(), |batch| batch.put_format(b"3"));
    let error = Embedded::open(config(dir.path())).unwrap_err();
    assert!(matches!(&error, OpenError::Format { format, .. } if format == "3"), "{error}");
}

/// Writes records into tables and returns the files of the tables.
async fn flushed(dir: &Path) -> Vec<PathBuf> {
    let log = Embedded::open(config(dir)).unwrap();
    let record =
        |n: u64| Record { value: format!("record {n}").repeat(20).into(), ..Record::default() };
    log.append(HubTopic::Registry, 0, (0..300).map(record).collect()).await.unwrap();
    let store = lock(&log.store).clone().unwrap();
    tokio::task::spawn_blocking(move || store.flush().unwrap()).await.unwrap();
    log.close().await;
    let keyspaces = fs::read_dir(dir.join("store/keyspaces")).unwrap();
    let tables =
        keyspaces.filter_map(|space| fs::read_dir(space.unwrap().path().join("tables")).ok());
    let files = tables.flatten().map(|file| file.unwrap().path());
    files.filter(|file| fs::metadata(file).unwrap().len() > 30_000).collect()
}

#[tokio::test]
async fn flipped_byte_in_a_table_never_yields_other_records() {
    let dir = tempfile::tempdir().unwrap();
    let tables = flushed(dir.path()).await;
    let [table] = tables.as_slice() else { panic!("{tables:?}") };
    let log = Embedded::open(config(dir.path())).unwrap();
    let held = log.read(&registry(), 0, ALL).await.unwrap();
    assert_eq!(held.len(), 300);
    log.close().await;
    let bytes = fs::read(table).unwrap();
    let mut noticed = 0;
    for at in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut other = bytes.clone();
        other[at] ^= 4;
        fs::write(table, other).unwrap();
        let Ok(log) = Embedded::open(config(dir.path())) else {
            noticed += 1;
            continue;
        };
        match log.read(&registry(), 0, ALL).await {
            Ok(read) => assert!(read == held, "flipped at {at}"),
            Err(ReadError::Corrupt(_)) => noticed += 1,
            Err(error) => panic!("flipped at {at}: {error}"),
        }
        log.close().await;
    }
    assert!(noticed > 30, "only {noticed} were noticed");
}

#[tokio::test]
async fn failed_store_refuses_appends_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let log = Embedded::open(config(dir.path())).unwrap();
    log.append(HubTopic::Registry, 0, vec![Record::default()]).await.unwrap();
    for space in fs::read_dir(dir.path().join("store/keyspaces")).unwrap() {
        fs::remove_dir_all(space.unwrap().path().join("tables")).unwrap();
    }
    let store = lock(&log.store).clone().unwrap();
    tokio::task::spawn_blocking(move || store.start_flush().unwrap()).await.unwrap();
    let mut fatal = log.fatal();
    let cause = fatal.wait_for(Option::is_some).await.unwrap().clone().unwrap();
    assert_eq!(cause, "the store failed in the background");
    let answer = log.append(HubTopic::Registry, 0, vec![Record::default()]).await;
    assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
    assert_eq!(*log.follow(&registry()).unwrap().borrow(), 1);
    log.close().await;
}

/// Zeros the middle of one of three calls' batches, counted from 0, in a log whose file `ends`
/// knows `acknowledged` of the three, and opens it.
async fn opened_with_hole(hole: u8, acknowledged: u64) -> Result<usize, OpenError> {
    let dir = tempfile::tempdir().unwrap();
    let log = Embedded::open(config(dir.path())).unwrap();
    for call in 0..3 {
        let record = Record { value: vec![b'a' + call; 9_000].into(), ..Record::default() };
        log.append(HubTopic::Registry, 0, vec![record]).await.unwrap();
    }
    log.close().await;
    let ends = [("ndxp.registry/0".to_owned(), acknowledged)];
    ends::Ends(ends.into()).write(&Dir::new(dir.path().to_owned())).unwrap();
    let journal = dir.path().join("store/0.jnl");
    let mut bytes = fs::read(&journal).unwrap();
    let value = vec![b'a' + hole; 9_000];
    let run = bytes.windows(9_000).position(|run| run == value).unwrap();
    bytes[run + 2_000..][..4_096].fill(0);
    fs::write(&journal, bytes).unwrap();
    let log = Embedded::open(config(dir.path()))?;
    let held = log.read(&registry(), 0, ALL).await.unwrap();
    let end = log.append(HubTopic::Registry, 0, vec![Record::default()]).await.unwrap();
    assert_eq!(end, held.len() as u64);
    log.close().await;
    Embedded::open(config(dir.path()))?.close().await;
    Ok(held.len())
}

#[tokio::test]
async fn batch_torn_by_a_power_loss_before_it_was_acknowledged_is_left_out() {
    assert_eq!(opened_with_hole(2, 2).await.unwrap(), 2);
}

#[tokio::test]
async fn hole_in_what_was_acknowledged_is_damage() {
    for (hole, acknowledged) in [(2, 3), (1, 2), (1, 1), (0, 3)] {
        let error = opened_with_hole(hole, acknowledged).await.unwrap_err();
        let OpenError::Corrupt { kept, .. } = &error else { panic!("{error}") };
        assert!(kept.is_some());
    }
}

#[tokio::test]
async fn store_of_format_1_opens_and_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let at = PartitionId { topic: 16, number: 0 };
    let topic = keys::DataTopic { id: 16, dataset: "tax/units".parse().unwrap(), partitions: 1 };
    tamper(dir.path(), |batch| {
        batch.put_format(b"1");
        batch.put_topic(&topic);
        (0..3).for_each(|offset| batch.put(at, offset, stored()));
    });
    let data = Partition { topic: Topic::Data(topic.dataset), number: 0 };
    for opened in 1..3 {
        let log = Embedded::open(config(dir.path())).unwrap();
        log.tidy(Timestamp::from_millis(i64::MAX)).await.unwrap();
        assert_eq!(log.read(&data, 0, ALL).await.unwrap().len(), 3, "opened {opened} times");
        log.close().await;
    }
}

#[tokio::test]
async fn hole_is_damage_unless_compaction_left_it() {
    let dir = tempfile::tempdir().unwrap();
    let at = PartitionId { topic: 3, number: 0 };
    let lane = Partition { topic: Topic::Hub(HubTopic::Delivery), number: 0 };
    tamper(dir.path(), |batch| {
        batch.put_cleaned(at, keys::Cleaned { holes: 10, to: 10 });
        let offsets = (0..2_000).filter(|offset| ![3, 4, 9, 500].contains(offset));
        offsets.for_each(|offset| batch.put(at, offset, stored()));
    });
    ends::Ends([("ndxp.delivery/0".to_owned(), 2_000)].into())
        .write(&Dir::new(dir.path().to_owned()))
        .unwrap();
    let log = Embedded::open(config(dir.path())).unwrap();
    let few = ReadLimits { records: 5, ..ALL };
    let page = log.read(&lane, 0, few).await.unwrap();
    assert_eq!(page.iter().map(|stored| stored.offset).collect::<Vec<_>>(), [0, 1, 2, 5, 6]);
    assert_eq!(log.read(&lane, 9, few).await.unwrap()[0].offset, 10);
    let answer = log.read(&lane, 0, ALL).await;
    assert!(matches!(answer, Err(ReadError::Corrupt(_))), "{answer:?}");
    assert_eq!(log.read(&lane, 501, ALL).await.unwrap().len(), 1_499);
}
