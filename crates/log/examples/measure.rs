//! Measures the embedded engine on this machine: `cargo run --release -p ndxp-log --example measure`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for developers: it stops at the first failure and prints its figures"
)]

use std::{
    env,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use ndxp_log::{
    Covered, Log, Partition, ReadLimits, Record,
    embedded::{Config, Embedded, TailLimits},
};
use ndxp_model::{DatasetName, Keep, Topic};

const RECORD_BYTES: usize = 700;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let root = env::args().nth(1).unwrap_or_else(|| "target/measure-log".into());
    let _ = std::fs::remove_dir_all(&root);
    let log = Arc::new(Embedded::open(Config::new(&root)).unwrap());
    log.create(&dataset(), 4, Keep::Everything).await.unwrap();
    one_at_a_time(&log).await;
    for (callers, size, calls) in [(1, 500, 400), (8, 500, 100), (64, 1, 500)] {
        batches(&log, callers, size, calls).await;
    }
    reads(&log, "tail in memory").await;
    backlog(&log).await;
    log.close().await;
    let started = Instant::now();
    let tail = TailLimits { records: 0, bytes: 0 };
    let log = Embedded::open(Config { tail, ..Config::new(&root) }).unwrap();
    println!("open: {:?}", started.elapsed());
    publish(&log, 0, 1).await;
    reads(&log, "store").await;
    log.close().await;
    let _ = std::fs::remove_dir_all(&root);
}

fn dataset() -> DatasetName {
    "tax/income".parse().unwrap()
}

async fn publish(log: &Embedded, number: u32, size: usize) {
    let value = Bytes::from(vec![b'x'; RECORD_BYTES]);
    let records = (0..size).map(|_| (number, Record { value: value.clone(), ..Record::default() }));
    let covered = Covered::Records { dataset: dataset(), records: records.collect() };
    let entry = Record { value: Bytes::from(vec![b'e'; 400]), ..Record::default() };
    log.append_after(entry, covered).await.unwrap();
}

async fn one_at_a_time(log: &Embedded) {
    let mut times = Vec::new();
    for _ in 0..5_000 {
        let started = Instant::now();
        publish(log, 0, 1).await;
        times.push(started.elapsed());
    }
    print_times("append_after of one record", times);
}

async fn batches(log: &Arc<Embedded>, callers: u32, size: usize, calls: usize) {
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let log = Arc::clone(log);
            tokio::spawn(async move {
                for _ in 0..calls {
                    publish(&log, caller % 4, size).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let records = callers as usize * calls * size;
    let rate = records as f64 / started.elapsed().as_secs_f64();
    println!("{callers} callers, batches of {size}: {rate:.0} records/s");
}

async fn reads(log: &Embedded, what: &str) {
    let at = Partition { topic: Topic::Data(dataset()), number: 0 };
    let last = *log.follow(&at).unwrap().borrow() - 1;
    let mut times = Vec::new();
    for _ in 0..5_000 {
        let started = Instant::now();
        let page = log.read(&at, last, ReadLimits { records: 1, bytes: 1 << 20 }).await.unwrap();
        times.push(started.elapsed());
        assert_eq!(page.len(), 1);
    }
    print_times(&format!("read of the last record, {what}"), times);
}

async fn backlog(log: &Embedded) {
    let at = Partition { topic: Topic::Data(dataset()), number: 0 };
    let started = Instant::now();
    let mut from = 0;
    loop {
        let page =
            log.read(&at, from, ReadLimits { records: 1_000, bytes: 4 << 20 }).await.unwrap();
        let Some(last) = page.last() else { break };
        from = last.offset + 1;
    }
    println!("backlog: {:.0} records/s", from as f64 / started.elapsed().as_secs_f64());
}

fn print_times(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[times.len() * share / 100];
    println!("{what}: p50 {:?}, p99 {:?}", at(50), at(99));
}
