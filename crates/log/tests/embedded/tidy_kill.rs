//! `kill -9` while records are deleted: what must stay is there, and no offset is given twice.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Write},
};

use bytes::Bytes;
use ndxp_model::{Keep, Timestamp};

use super::*;

const DIR: &str = "NDXP_LOG_TEST_TIDY_DIR";
const ROUNDS: u64 = 12;
const LAG: i64 = 40;
const AGE: i64 = 60;

/// What the child said: values by time, and for which time it began to tidy last.
#[derive(Default)]
struct Said {
    compacted: BTreeMap<u64, i64>,
    retained: BTreeMap<u64, i64>,
    tidied: i64,
}

#[test]
fn deleting_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut said = Said::default();
    for round in 0..ROUNDS {
        let mut child = kill::run_again("tidy_kill::child", DIR, dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..10 + (round * 7_919 + 13) % 97 {
            note(&mut said, &lines.next().unwrap().unwrap());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            note(&mut said, &line);
        }
        runtime.block_on(verify(dir.path(), &said));
    }
    assert!(said.tidied > LAG * 2 && said.retained.len() > 100, "{}", said.tidied);
}

/// Takes a line `acked <compacted offset> <retained offset> <time> .` or `tidy <time> .`.
fn note(said: &mut Said, line: &str) {
    let Some(told) = line.strip_suffix(" .") else { return };
    if let Some((_, told)) = told.split_once("acked ") {
        let numbers: Vec<i64> = told.split(' ').map(|number| number.parse().unwrap()).collect();
        let [compacted, retained, time] = numbers.try_into().unwrap();
        assert_eq!(said.compacted.insert(compacted as u64, time), None, "{compacted} twice");
        assert_eq!(said.retained.insert(retained as u64, time), None, "{retained} twice");
    } else if let Some((_, told)) = told.split_once("tidy ") {
        said.tidied = told.parse().unwrap();
    }
}

async fn verify(dir: &Path, said: &Said) {
    let log = Embedded::open(config(dir)).unwrap();
    let read = async |at: &Partition| {
        let mut next = log.earliest(at).await.unwrap();
        let mut all = BTreeMap::new();
        loop {
            let limits = ReadLimits { records: 100, bytes: 1 << 20 };
            let page = log.read(at, next, limits).await.unwrap();
            let Some(last) = page.last() else { return all };
            next = last.offset + 1;
            all.extend(page.into_iter().map(|stored| (stored.offset, stored.record)));
        }
    };
    let compacted = read(&data()).await;
    let newest = |offset: u64| offset % 7;
    for (offset, time) in &said.compacted {
        let is_newer = |(later, record): (&u64, &Record)| {
            newest(*later) == newest(*offset) && record.timestamp.millis() <= said.tidied - LAG
        };
        let is_replaced = compacted.range(offset + 1..).any(is_newer);
        let there = compacted.get(offset).map(|record| record.timestamp.millis());
        assert!(there == Some(*time) || is_replaced, "{offset} is gone");
    }
    let retained = read(&recent()).await;
    for (offset, time) in &said.retained {
        let there = retained.get(offset).map(|record| record.timestamp.millis());
        assert!(there == Some(*time) || *time < said.tidied - AGE, "{offset} is gone");
    }
    // And deleting goes on where it was cut off.
    log.tidy(Timestamp::from_millis(said.tidied)).await.unwrap();
    let left = read(&recent()).await;
    assert!(left.values().all(|record| record.timestamp.millis() >= said.tidied - AGE));
    log.close().await;
}

fn recent() -> Partition {
    Partition { topic: Topic::Data("tax/events".parse().unwrap()), number: 0 }
}

/// The child's part; in the parent's run there is nothing to do.
#[test]
fn child() {
    let Some(dir) = env::var_os(DIR) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(append_and_tidy(Path::new(&dir)));
}

async fn append_and_tidy(dir: &Path) {
    let log = Arc::new(Embedded::open(Config { rewrite_at: 4_000, ..config(dir) }).unwrap());
    log.create(&dataset(), 1, Keep::Newest { lag_ms: LAG as u64 }).await.unwrap();
    let keep = Keep::Recent { max_age_ms: Some(AGE as u64), max_bytes: None };
    log.create(&"tax/events".parse().unwrap(), 1, keep).await.unwrap();
    let begun = *log.follow(&data()).unwrap().borrow() as i64;
    let mut tidying = None;
    for time in begun..begun + 100_000 {
        // The key of offset n is n modulo 7.
        let offset = *log.follow(&data()).unwrap().borrow();
        let record = Record {
            key: Some(Bytes::from(vec![(offset % 7) as u8])),
            value: vec![b'v'; 100].into(),
            timestamp: Timestamp::from_millis(time),
            headers: Vec::new(),
        };
        let append = async |dataset: DatasetName| {
            let covered = Covered::Records { dataset, records: vec![(0, record.clone())] };
            log.append_after(Record::default(), covered).await.unwrap().covered[0]
        };
        let compacted = append(dataset()).await;
        let retained = append("tax/events".parse().unwrap()).await;
        let mut told = format!("acked {compacted} {retained} {time} .\n");
        if time % 5 == 0 {
            told += &format!("tidy {time} .\n");
        }
        std::io::stdout().lock().write_all(told.as_bytes()).unwrap();
        if time % 5 == 0 {
            if let Some(before) = tidying.take() {
                let before: tokio::task::JoinHandle<()> = before;
                before.await.unwrap();
            }
            let log = Arc::clone(&log);
            let now = Timestamp::from_millis(time);
            tidying = Some(tokio::spawn(async move { log.tidy(now).await.unwrap() }));
        }
    }
}
