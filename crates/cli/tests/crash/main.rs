//! `kill -9` at random moments under load, fifty rounds on one directory: every acknowledged record
//! is there once and in order of its key, every subscriber's copy converges, and the reader that
//! shares no code with the hub finds that entries, records and deliveries fit.
//!
//! The moment of a kill is a random number of acknowledged calls and of spins after it, on a thread
//! of its own, while calls are in flight. `NDXP_SEED=<n>` repeats the choices of a run (not the
//! threads' order), `NDXP_ROUNDS=<n>` changes the number of rounds.

#![cfg(feature = "hub")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says with which seed"
)]

mod chance;
mod consumer;
mod hub;
mod nation;
mod publisher;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use chance::Chance;
use consumer::Consumer;
use hub::{Home, Hub};
use ndxp_client::proto::registry::System;
use ndxp_join::{Evidence, Report, join};
use publisher::Publisher;
use tokio::{sync::Notify, task::JoinSet, time::timeout};

const ROUNDS: u64 = 50;
const PUBLISHERS: u64 = 4;
/// No wait of this test takes longer, unless something is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the tasks of one round share.
#[derive(Debug)]
struct Round {
    number: u64,
    acknowledged: AtomicU64,
    /// The kill comes after so many acknowledged calls.
    target: u64,
    reached: Notify,
    killed: AtomicBool,
}

impl Round {
    /// A call was acknowledged.
    fn count(&self) {
        if self.acknowledged.fetch_add(1, Ordering::SeqCst) + 1 == self.target {
            self.reached.notify_one();
        }
    }

    /// Before the kill nothing may fail.
    fn failed(&self, failure: &dyn std::fmt::Display) {
        assert!(self.killed.load(Ordering::SeqCst), "round {}: {failure}", self.number);
    }
}

#[test]
fn kill_at_random_moments_loses_nothing_acknowledged() {
    let seed = number("NDXP_SEED").unwrap_or_else(chance::seed);
    let rounds = number("NDXP_ROUNDS").unwrap_or(ROUNDS);
    eprintln!("NDXP_SEED={seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(seed, rounds));
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

async fn run(seed: u64, rounds: u64) {
    let mut chance = Chance::new(seed);
    let dir = tempfile::tempdir().unwrap();
    let home = Home::create(dir.path());
    let hub = Hub::start(&home);
    nation::create(&home, &hub).await;
    hub.kill();
    let mut publishers: Vec<_> =
        (0..PUBLISHERS).map(|id| Publisher::new(id, chance.fork())).collect();
    let mut consumers =
        vec![Consumer::new("copy", chance.fork()), Consumer::new("north", chance.fork())];
    for number in 0..rounds {
        let hub = Hub::start(&home);
        let round = Arc::new(Round {
            number,
            acknowledged: AtomicU64::new(0),
            target: 5 + chance.below(60),
            reached: Notify::new(),
            killed: AtomicBool::new(false),
        });
        let spins = chance.below(400_000);
        (publishers, consumers) = load(&home, hub, round, spins, publishers, consumers).await;
        let report = judge(&home, &publishers, &consumers).await;
        assert!(report.findings.is_empty(), "seed {seed}, round {number}:\n{report}");
    }
    settle(&home, &mut publishers, &mut consumers).await;
    let report = judge(&home, &publishers, &consumers).await;
    eprint!("{report}");
    let unanswered = publishers.iter().map(|publisher| publisher.unanswered);
    let (there, gone) = unanswered.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    eprintln!("calls without an answer: {there} were there after the kill, {gone} were not");
    assert!(report.findings.is_empty(), "seed {seed}:\n{report}");
    let records: u64 = publishers.iter().map(Publisher::acknowledged).sum();
    let counts = &report.counts;
    assert_eq!((counts.records, counts.published.1, counts.unacknowledged), (records, records, 0));
    assert_eq!(counts.commands_pending, 0);
    assert_eq!(counts.leaves.get("boot"), Some(&(rounds + 2)));
}

/// Runs publishers, consumers and officers until the hub is killed under them.
async fn load(
    home: &Home,
    hub: Hub,
    round: Arc<Round>,
    spins: u64,
    publishers: Vec<Publisher>,
    consumers: Vec<Consumer>,
) -> (Vec<Publisher>, Vec<Consumer>) {
    let (mut publishing, mut consuming, mut changing) =
        (JoinSet::new(), JoinSet::new(), JoinSet::new());
    for publisher in publishers {
        let client = home.client(&hub, "agency/tax/system/portal");
        publishing.spawn(publisher.publish_until_killed(client, Arc::clone(&round)));
    }
    for consumer in consumers {
        let client = home.client(&hub, "agency/statistics/system/portal");
        consuming.spawn(consumer.receive_until_killed(client, Arc::clone(&round)));
    }
    for officer in ["officer-1", "officer-2"] {
        let client = home.client(&hub, &format!("agency/hub/officer/{officer}"));
        changing.spawn(register_systems(client, officer, Arc::clone(&round)));
    }
    let trouble = tokio::select! {
        () = round.reached.notified() => None,
        Some(ended) = publishing.join_next() => ended.err(),
        Some(ended) = consuming.join_next() => ended.err(),
        _ = timeout(PATIENCE, std::future::pending::<()>()) => None,
    };
    if trouble.is_some() || round.acknowledged.load(Ordering::SeqCst) < round.target {
        let words = hub.kill();
        panic!("round {}: stopped early, {trouble:?}; the hub says:\n{words}", round.number);
    }
    let at = Arc::clone(&round);
    let killing = move || {
        (0..spins).for_each(|_| std::hint::spin_loop());
        at.killed.store(true, Ordering::SeqCst);
        hub.kill()
    };
    std::thread::spawn(killing).join().unwrap();
    let done = async {
        let mut publishers = publishing.join_all().await;
        publishers.sort_by_key(Publisher::id);
        changing.join_all().await;
        (publishers, consuming.join_all().await)
    };
    timeout(PATIENCE, done).await.unwrap()
}

/// Commands of two officers at a time, so that the registry is caught in the middle, too.
async fn register_systems(client: ndxp_client::Client, officer: &str, round: Arc<Round>) {
    for number in 0..4 {
        let id = format!("{officer}-{}-{number}", round.number);
        let system = System { id, name: nation::title("load") };
        if let Err(failure) = client.create_system("agencies/statistics", system).await {
            return round.failed(&failure);
        }
    }
}

/// Sends what was not acknowledged, receives the rest, and stops in order.
async fn settle(home: &Home, publishers: &mut [Publisher], consumers: &mut [Consumer]) {
    let hub = Hub::start(home);
    for publisher in publishers.iter_mut() {
        publisher.resend(&home.client(&hub, "agency/tax/system/portal")).await;
    }
    for consumer in consumers {
        let client = home.client(&hub, "agency/statistics/system/portal");
        timeout(PATIENCE, consumer.catch_up(&client)).await.unwrap();
        for publisher in publishers.iter() {
            consumer.has_all_of(publisher);
        }
    }
    hub.stop();
}

/// Joins what the killed hub left with what publishers and consumers know.
async fn judge(home: &Home, publishers: &[Publisher], consumers: &[Consumer]) -> Report {
    let mut evidence = Evidence::none();
    for publisher in publishers {
        let name = format!("published-{}", publisher.id());
        evidence.add_published(&write(home.path(), &name, &publisher.log)).unwrap();
    }
    for consumer in consumers {
        let name = format!("received-{}", consumer.name);
        evidence.add_received(&write(home.path(), &name, &consumer.log)).unwrap();
    }
    let data = home.path().to_owned();
    tokio::task::spawn_blocking(move || join(&data, &evidence)).await.unwrap().unwrap()
}

fn write(dir: &Path, name: &str, lines: &[serde_json::Value]) -> std::path::PathBuf {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    path
}
