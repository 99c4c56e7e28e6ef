//! What deleting leaves, against a plain list of all that was appended; and what the disk says.

use std::{collections::BTreeMap, fs, os::unix::fs::MetadataExt};

use bytes::Bytes;
use ndxp_model::{Keep, Timestamp};
use proptest::{collection::vec, prelude::*};

use super::*;

/// A step of a history. Times are those of the records before, plus so much.
#[derive(Debug, Clone)]
enum Step {
    Append(Vec<(Option<u8>, bool, i64)>),
    Tidy(i64),
    Reopen,
}

/// All that was ever appended, by offset, and the time of the latest.
#[derive(Default)]
struct Model {
    all: Vec<Record>,
    time: i64,
    /// The latest time for which was tidied.
    tidied: i64,
}

fn step() -> impl Strategy<Value = Step> {
    let record =
        (proptest::option::weighted(0.9, 0_u8..6), proptest::bool::weighted(0.2), 0_i64..9);
    prop_oneof![
        6 => vec(record, 1..12).prop_map(Step::Append),
        3 => (0_i64..60).prop_map(Step::Tidy),
        1 => Just(Step::Reopen),
    ]
}

impl Model {
    fn next(&mut self, (key, is_tombstone, later): (Option<u8>, bool, i64)) -> Record {
        self.time += later;
        let value =
            if is_tombstone { Bytes::new() } else { format!("{:03}", self.all.len()).into() };
        let record = Record {
            key: key.map(|key| Bytes::from(vec![key])),
            value,
            timestamp: Timestamp::from_millis(self.time),
            headers: Vec::new(),
        };
        self.all.push(record.clone());
        record
    }

    fn check_compacted(&self, left: &[Stored], lag: i64) {
        let at = |offset: u64| &self.all[usize::try_from(offset).unwrap()];
        for stored in left {
            assert_eq!(without_entry(&stored.record), *at(stored.offset));
        }
        let there: BTreeMap<u64, &Record> = left.iter().map(|s| (s.offset, &s.record)).collect();
        let mut newest = BTreeMap::new();
        for (offset, record) in (0..).zip(&self.all) {
            let is_young = record.timestamp.millis() > self.tidied - lag;
            let must_stay = is_young || record.key.is_none() || offset + 1 == self.all.len() as u64;
            assert!(!must_stay || there.contains_key(&offset), "{offset} is gone");
            if let Some(key) = &record.key {
                newest.insert(key.clone(), offset);
            }
        }
        for offset in newest.into_values() {
            let is_over = at(offset).timestamp.millis() <= self.tidied - 2 * lag;
            let may_go = at(offset).is_tombstone() && is_over;
            assert!(may_go || there.contains_key(&offset), "{offset} was the newest of its key");
        }
        let all: Vec<_> = (0..).zip(self.all.clone()).collect();
        let left: Vec<_> = left.iter().map(|s| (s.offset, without_entry(&s.record))).collect();
        assert_eq!(fold(&all, 0), fold(&left, 0), "what a reader from the start holds");
        for (offset, record) in &all {
            if record.timestamp.millis() >= self.time.max(self.tidied) - lag {
                assert_eq!(fold(&all, *offset), fold(&left, *offset), "from {offset} on");
            }
        }
    }

    fn check_retained(&self, left: &[Stored], earliest: u64, age: Option<i64>, bytes: Option<u64>) {
        let offsets: Vec<_> = left.iter().map(|stored| stored.offset).collect();
        assert_eq!(offsets, (earliest..self.all.len() as u64).collect::<Vec<_>>());
        let is_old =
            |record: &Record| age.is_some_and(|age| record.timestamp.millis() < self.tidied - age);
        assert!(left.iter().all(|stored| !is_old(&stored.record)), "what is too old is gone");
        let there: u64 = left.iter().map(|stored| stored.record.size() as u64).sum();
        assert!(bytes.is_none_or(|most| there <= most), "{there} bytes are left");
        let Some(gone) = earliest.checked_sub(1) else { return };
        let gone = &self.all[usize::try_from(gone).unwrap()];
        // With its two headers it would have been too much.
        let is_too_much = bytes.is_some_and(|most| there + gone.size() as u64 + 60 > most);
        assert!(is_old(gone) || is_too_much, "{earliest} is too far");
    }
}

fn without_entry(record: &Record) -> Record {
    Record { headers: Vec::new(), ..record.clone() }
}

/// What a reader holds that starts at an offset: the last value of each key.
fn fold(records: &[(u64, Record)], from: u64) -> BTreeMap<Bytes, Bytes> {
    let mut held = BTreeMap::new();
    for (_, record) in records.iter().filter(|(offset, _)| *offset >= from) {
        match &record.key {
            Some(key) if record.is_tombstone() => drop(held.remove(key)),
            Some(key) => drop(held.insert(key.clone(), record.value.clone())),
            None => {}
        }
    }
    held
}

async fn read_from(log: &dyn Log, mut from: u64) -> Vec<Stored> {
    let mut all = Vec::new();
    loop {
        let limits = ReadLimits { records: 7, bytes: 1 << 20 };
        let page = log.read(&data(), from, limits).await.unwrap();
        let Some(last) = page.last() else { return all };
        from = last.offset + 1;
        all.extend(page);
    }
}

async fn check_times(log: &dyn Log, left: &[Stored], end: u64) {
    for millis in (0..400).step_by(13) {
        let time = Timestamp::from_millis(millis);
        let first = left.iter().find(|stored| stored.record.timestamp >= time);
        let found = log.offset_at(&data(), time).await.unwrap();
        assert_eq!(found, first.map_or(end, |stored| stored.offset), "at {millis}");
    }
}

async fn run(steps: Vec<Step>, keep: Keep, tail: TailLimits) {
    let dir = tempfile::tempdir().unwrap();
    let open = || Embedded::open(Config { tail, rewrite_at: 400, ..config(dir.path()) }).unwrap();
    let mut log = open();
    log.create(&dataset(), 1, keep).await.unwrap();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Append(records) => {
                let records = records.into_iter().map(|record| (0, model.next(record))).collect();
                let covered = Covered::Records { dataset: dataset(), records };
                log.append_after(Record::default(), covered).await.unwrap();
            }
            Step::Tidy(later) => {
                model.tidied = model.tidied.max(model.time + later);
                log.tidy(Timestamp::from_millis(model.tidied)).await.unwrap();
                let earliest = log.earliest(&data()).await.unwrap();
                let left = read_from(&log, earliest).await;
                match keep {
                    Keep::Newest { lag_ms } => model.check_compacted(&left, lag_ms as i64),
                    Keep::Recent { max_age_ms, max_bytes } => {
                        let age = max_age_ms.map(|age| age as i64);
                        model.check_retained(&left, earliest, age, max_bytes);
                    }
                    Keep::Everything => assert_eq!(left.len(), model.all.len()),
                }
                check_times(&log, &left, model.all.len() as u64).await;
            }
            Step::Reopen => {
                log.close().await;
                log = open();
            }
        }
        assert_eq!(*log.follow(&data()).unwrap().borrow(), model.all.len() as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn compaction_loses_nothing_that_a_reader_needs(
        steps in vec(step(), 1..30), lag_ms in 0_u64..60, records in 0_usize..12,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tail = TailLimits { records, bytes: 4_000 };
        runtime.block_on(run(steps, Keep::Newest { lag_ms }, tail));
    }

    #[test]
    fn retention_deletes_what_is_beyond_its_bounds_and_nothing_else(
        steps in vec(step(), 1..30), max_age_ms in proptest::option::of(0_u64..80),
        max_bytes in proptest::option::of(0_u64..1_500), records in 0_usize..12,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tail = TailLimits { records, bytes: 4_000 };
        runtime.block_on(run(steps, Keep::Recent { max_age_ms, max_bytes }, tail));
    }
}

/// Bytes that the store's tables take on the disk.
fn tables(dir: &Path) -> u64 {
    fn blocks(path: &Path) -> u64 {
        // A file may go while it is looked at.
        let Ok(found) = fs::metadata(path) else { return 0 };
        let inner = fs::read_dir(path).into_iter().flatten().flatten();
        found.blocks() * 512 + inner.map(|file| blocks(&file.path())).sum::<u64>()
    }
    blocks(&dir.join("store/keyspaces"))
}

/// Appends so many records of a MiB that no compressor makes smaller, with four keys in turn.
async fn fill(log: &dyn Log, count: u64) {
    for number in 0..count {
        let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut value = Vec::with_capacity(1 << 20);
        while value.len() < 1 << 20 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            value.extend(state.to_be_bytes());
        }
        let record = Record {
            key: Some(Bytes::from(vec![(number % 4) as u8])),
            value: value.into(),
            timestamp: Timestamp::from_millis(number as i64),
            headers: Vec::new(),
        };
        let covered = Covered::Records { dataset: dataset(), records: vec![(0, record)] };
        log.append_after(Record::default(), covered).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disk_shrinks_when_retention_passes() {
    let dir = tempfile::tempdir().unwrap();
    let never = Config { rewrite_at: u64::MAX, ..config(dir.path()) };
    let log = Embedded::open(never).unwrap();
    let keep = Keep::Recent { max_age_ms: Some(10), max_bytes: None };
    log.create(&dataset(), 1, keep).await.unwrap();
    fill(&log, 200).await;
    let before = tables(dir.path());
    assert!(before > 50 << 20, "the store wrote {before} bytes of tables by itself");
    log.tidy(Timestamp::from_millis(199)).await.unwrap();
    assert_eq!(log.earliest(&data()).await, Ok(189));
    log.close().await;
    let after = tables(dir.path());
    assert!(after < before / 2, "{before} bytes before, {after} after");
    let log = Embedded::open(config(dir.path())).unwrap();
    assert_eq!(read_from(&log, 189).await.len(), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disk_shrinks_when_compaction_passes() {
    let dir = tempfile::tempdir().unwrap();
    let log = Embedded::open(Config { rewrite_at: 1 << 20, ..config(dir.path()) }).unwrap();
    log.create(&dataset(), 1, Keep::Newest { lag_ms: 1 }).await.unwrap();
    fill(&log, 100).await;
    log.tidy(Timestamp::from_millis(1_000)).await.unwrap();
    assert_eq!(read_from(&log, 0).await.len(), 4);
    log.close().await;
    let after = tables(dir.path());
    assert!(after < 20 << 20, "{after} bytes for four records of a MiB");
    let log = Embedded::open(config(dir.path())).unwrap();
    assert_eq!(read_from(&log, 0).await.len(), 4);
}

#[tokio::test]
async fn full_disk_can_be_tidied() {
    let dir = tempfile::tempdir().unwrap();
    let log = Embedded::open(config(dir.path())).unwrap();
    log.create(&dataset(), 1, Keep::Recent { max_age_ms: Some(0), max_bytes: None }).await.unwrap();
    publish(&log, ["a".to_owned()]).await;
    log.close().await;
    let free_space = FreeSpace::measured(|_| Ok(0));
    let log = Embedded::open(Config { min_free: 1, free_space, ..config(dir.path()) }).unwrap();
    assert!(log.append(HubTopic::Registry, 0, vec![sized(1)]).await.is_err());
    log.tidy(Timestamp::from_millis(1)).await.unwrap();
    assert_eq!(log.earliest(&data()).await, Ok(1));
}
