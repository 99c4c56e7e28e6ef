//! What a delivery costs by stage, and how that grows with the subscribers.
//!
//! `cargo run --release -p ndxp-hub --features measure --example fanout`

#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::{error::Error, fs, sync::Arc, time::Duration};

use bytes::Bytes;
use ndxp_hub::measure::{Bench, Follower, Stretch};
use ndxp_log::embedded::{Config, Embedded};
use prost::Message as _;
use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;

const RECORDS: usize = 20_000;
const BATCH: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    let bench = Bench::new(Arc::new(Embedded::open(Config::new(dir.path()))?)).await?;
    let payload = Bytes::from(payload());
    for _ in 0..RECORDS / 500 {
        bench.publish(&payload, 500).await?;
    }
    let names: Vec<String> = (0..60).map(|n| format!("/field_{n:02}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let some: Vec<&str> = all.iter().copied().step_by(3).collect();
    println!("{} bytes a record, 60 fields; nanoseconds of CPU a record", payload.len());
    stages(&bench, &payload, &all, &some).await?;

    let shared = |count: usize| (0..count).map(|n| bench.follower(n, &some)).collect::<Vec<_>>();
    let one = followed(&bench, "1 follower", &shared(1)).await?;
    let fifty = followed(&bench, "50 followers, one plan", &shared(50)).await?;
    println!("50 followers cost {:.1} times one", fifty / one);
    let own: Vec<_> = (0..300)
        .map(|n| {
            let mut fields = some.clone();
            fields.extend([all[1 + 3 * (n % 20)], all[2 + 3 * (n / 20)]]);
            bench.follower(n, &fields)
        })
        .collect();
    let many = followed(&bench, "300 followers, 300 plans", &own).await?;
    println!("300 followers of 300 plans cost {:.1} times one", many / one);
    Ok(())
}

/// A record of 60 fields and about 700 bytes.
fn payload() -> Vec<u8> {
    let members: Vec<_> = (0..60)
        .map(|n| match n % 3 {
            0 => format!("\"field_{n:02}\":{}", 10 + n % 7),
            _ => format!("\"field_{n:02}\":null"),
        })
        .collect();
    let text = format!("{{{}}}", members.join(","));
    text.replacen("null", "\"12 Le Loi\"", 4).into_bytes()
}

async fn stages(bench: &Bench, payload: &Bytes, all: &[&str], some: &[&str]) -> Outcome<()> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let start = cpu();
    for from in (0..RECORDS as u64).step_by(500) {
        stretches.push(bench.read(from).await?);
    }
    row("read from the log", start, RECORDS);
    for (name, fields) in [("20 of 60 fields", some), ("all fields", all)] {
        let follower = bench.follower(0, fields);
        let start = cpu();
        let bytes: usize = stretches.iter().map(|one| bench.project(one, &follower)).sum();
        row(&format!("project, {name}, {} bytes", bytes / RECORDS), start, RECORDS);
        let start = cpu();
        for _ in 0..RECORDS {
            std::hint::black_box(by_value(payload, fields)?);
        }
        row(&format!("  by way of a parsed value, {name}"), start, RECORDS);
    }
    let follower = bench.follower(0, some);
    bench.deliver(&follower, 0, 500).await?;
    let start = cpu();
    let mut frames = Vec::new();
    for _ in 0..RECORDS / 500 {
        frames.push(bench.deliver(&follower, 0, 500).await?.0);
    }
    row("finish for one consumer, from the window", start, RECORDS);
    let start = cpu();
    let bytes: usize = frames.iter().map(|frame| frame.encode_to_vec().len()).sum();
    row(&format!("encode, {} bytes", bytes / RECORDS), start, RECORDS);
    Ok(())
}

/// How a projection by parsed values works.
fn by_value(payload: &[u8], fields: &[&str]) -> Outcome<Vec<u8>> {
    let value: Value = serde_json::from_slice(payload)?;
    let granted = fields
        .iter()
        .filter_map(|field| Some((field[1..].to_owned(), value.get(&field[1..])?.clone())));
    Ok(serde_json::to_vec(&Value::Object(granted.collect()))?)
}

/// Lets all followers read all that there is, side by side, and encodes their frames.
async fn followed(bench: &Bench, name: &str, followers: &[Follower]) -> Outcome<f64> {
    let start = cpu();
    let total = if followers.len() > 100 { RECORDS / 10 } else { RECORDS };
    for from in (0..total as u64).step_by(BATCH) {
        for follower in followers {
            let (frame, _) = bench.deliver(follower, from, BATCH).await?;
            std::hint::black_box(frame.encode_to_vec());
        }
    }
    Ok(row(&format!("{name}, batches of {BATCH}: all stages"), start, total))
}

fn row(name: &str, start: Duration, records: usize) -> f64 {
    let each = (cpu().saturating_sub(start)).as_nanos() as f64 / records as f64;
    println!("{each:>10.0}  {name}");
    each
}

/// The CPU time of all threads, so that a busy machine does not count.
fn cpu() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let texts = tasks.filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok());
    let nanos = texts.filter_map(|text| text.split(' ').next()?.parse::<u64>().ok());
    Duration::from_nanos(nanos.sum())
}
