//! Measures the Kafka engine beside librdkafka's bare producer and consumer, on a broker that it
//! starts: `cargo run --release -p ndxp-log --features kafka --example measure_kafka [ROUNDS]`.
//!
//! Both use the same topics, records and depth, one after the other within a round; the first round
//! warms up and is not counted. Only the ratios say something: client and broker share the machine.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for developers: it stops at the first failure and prints its figures"
)]

mod bare;
mod engine;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use ndxp_brokers::{Cluster, Installation, Options};
use ndxp_log::{
    Log,
    kafka::{Config, Kafka},
};
use ndxp_model::{DatasetName, Keep};

/// The topic of [`dataset`].
const TOPIC: &str = "ndxp.data.tax.income";
const PARTITIONS: u32 = 4;
const RECORD_BYTES: usize = 700;
/// Round trips of one record.
const ONE_BY_ONE: usize = 3_000;
/// Records in batches, and as many to read.
const RECORDS: usize = 200_000;
const BATCH: usize = 500;
/// Callers with a batch each: 4,000 records are in flight.
const CALLERS: usize = 8;

/// What one of the two did in a round.
struct Figures {
    /// Round trips, sorted.
    times: Vec<Duration>,
    written: f64,
    read: f64,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let rounds = std::env::args().nth(1).map_or(3, |rounds| rounds.parse().unwrap());
    let options = Options { heap_mib: 1024, is_measured: true, ..Options::default() };
    let cluster = Cluster::start(&Installation::find().unwrap(), &options).unwrap();
    let config = Config { replication: 1, min_in_sync: 1, ..Config::new(cluster.bootstrap()) };
    let log = Arc::new(Kafka::open(config).await.unwrap());
    log.create(&dataset(), PARTITIONS, Keep::Everything).await.unwrap();
    let bare = bare::Bare::new(&cluster.bootstrap());
    let mut ratios = Vec::new();
    for round in 0..=rounds {
        let (bare, unary) = (bare.figures(), engine::many_callers(&log).await);
        let engine = engine::figures(&log).await;
        println!("round {round}{}", if round == 0 { " (warming up)" } else { "" });
        print("  bare  ", &bare);
        print("  engine", &engine);
        println!("  engine: 128 callers with one record each: {unary:.0} records/s");
        if round > 0 {
            ratios.push(compared(&bare, &engine));
        }
    }
    let median = |which: fn(&[f64; 4]) -> f64| {
        let mut all: Vec<f64> = ratios.iter().map(which).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    println!(
        "engine to bare, median of {rounds} rounds: written {:.2}, read {:.2}, p50 {:.1}, p99 {:.1}",
        median(|r| r[0]),
        median(|r| r[1]),
        median(|r| r[2]),
        median(|r| r[3]),
    );
    log.close().await;
}

fn dataset() -> DatasetName {
    "tax/income".parse().unwrap()
}

/// No two are equal, so that compression has what it would have with real records.
fn value(number: usize) -> Bytes {
    let mut text = format!("{{\"number\":{number},\"text\":\"");
    let mut state = number as u64 + 1;
    while text.len() < RECORD_BYTES - 2 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        text.push(char::from(b'a' + u8::try_from(state >> 60).unwrap()));
    }
    text.push_str("\"}");
    text.into()
}

fn at(times: &[Duration], percent: usize) -> Duration {
    times[times.len() * percent / 100]
}

fn compared(bare: &Figures, engine: &Figures) -> [f64; 4] {
    let slower = |p| at(&engine.times, p).as_secs_f64() / at(&bare.times, p).as_secs_f64();
    [engine.written / bare.written, engine.read / bare.read, slower(50), slower(99)]
}

fn print(who: &str, figures: &Figures) {
    let Figures { times, written, read } = figures;
    let (p50, p99) = (at(times, 50), at(times, 99));
    println!(
        "{who}: written {written:.0}/s, read {read:.0}/s, one record p50 {p50:?}, p99 {p99:?}"
    );
}
