//! Measures what deleting costs: a lane before and after it is compacted, and how long an append
//! waits meanwhile. `cargo run --release -p ndxp-log --example tidy DIR`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that fails says so, and its figures are its output"
)]

use std::{sync::Arc, time::Instant};

use ndxp_log::{
    Log, Partition, ReadLimits, Record,
    embedded::{Config, Embedded},
};
use ndxp_model::{HubTopic, Timestamp, Topic};

const RECORDS: u64 = 200_000;
const SUBSCRIPTIONS: u64 = 100;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let dir = std::env::args().nth(1).unwrap_or_else(|| "target/measure-tidy".into());
    let log = Arc::new(Embedded::open(Config::new(&dir)).unwrap());
    let begun = Instant::now();
    for batch in 0..RECORDS / 500 {
        let records = (0..500).map(|n| delivery(batch * 500 + n)).collect();
        log.append(HubTopic::Delivery, 0, records).await.unwrap();
    }
    println!("{RECORDS} records appended in {:?}", begun.elapsed());
    replay(&*log, "before").await;
    let tidying = Arc::clone(&log);
    let begun = Instant::now();
    let run = tokio::spawn(async move {
        tidying.tidy(Timestamp::from_millis(1_000_000)).await.unwrap();
    });
    let mut waits = Vec::new();
    while !run.is_finished() {
        let begun = Instant::now();
        log.append(HubTopic::Registry, 0, vec![delivery(0)]).await.unwrap();
        waits.push(begun.elapsed());
    }
    run.await.unwrap();
    waits.sort();
    println!("tidied in {:?}", begun.elapsed());
    println!(
        "{} appends meanwhile, median {:?}, longest {:?}",
        waits.len(),
        waits[waits.len() / 2],
        waits.last().unwrap()
    );
    replay(&*log, "after").await;
    log.close().await;
    let begun = Instant::now();
    let log = Embedded::open(Config::new(&dir)).unwrap();
    println!("opened again in {:?}", begun.elapsed());
    replay(&log, "after opening again").await;
    let begun = Instant::now();
    log.tidy(Timestamp::from_millis(2_000_000)).await.unwrap();
    println!("tidied again in {:?}", begun.elapsed());
}

/// As a stream writes: frame after frame is handed out, then forgotten as the cursor passes.
fn delivery(number: u64) -> Record {
    let sub = number / 3 % SUBSCRIPTIONS;
    let frame = number / 3 / SUBSCRIPTIONS;
    let (key, value) = match number % 3 {
        0 => (format!("agency/s{sub}/1/handed/{frame}"), "h".repeat(180)),
        1 => (format!("agency/s{sub}/1/cursor"), "c".repeat(90)),
        _ => (format!("agency/s{sub}/1/handed/{frame}"), String::new()),
    };
    Record { key: Some(key.into()), value: value.into(), ..Record::default() }
}

async fn replay(log: &dyn Log, when: &str) {
    let at = Partition { topic: Topic::Hub(HubTopic::Delivery), number: 0 };
    let begun = Instant::now();
    let (mut next, mut count) = (0, 0);
    loop {
        let limits = ReadLimits { records: 1_000, bytes: 1 << 20 };
        let page = log.read(&at, next, limits).await.unwrap();
        let Some(last) = page.last() else { break };
        (next, count) = (last.offset + 1, count + page.len());
    }
    println!("{when}: {count} records replayed in {:?}", begun.elapsed());
}
