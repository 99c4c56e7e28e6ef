//! A hub of three nodes on three brokers, under load, while things break: nothing that was
//! acknowledged is lost, nothing comes twice without saying so, and order by key is kept.
//!
//! `NDXP_ROUNDS` says how many rounds there are, `NDXP_SEED` with which chance they begin: a round
//! that fails prints both.
#![cfg(feature = "kafka")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says where it is"
)]

mod book;
mod faults;
mod hub;
mod load;
mod log;

use std::{env, time::Duration};

use ndxp_brokers::{Installation, skip};

use faults::Fault;
use hub::Hub;
use load::Load;
use log::Reader;

/// In `make test`: each kind of fault once, a tenth of what is run by hand before a release.
const ROUNDS: u64 = Fault::KINDS;
/// How long the subscriptions of a killed node may have nothing.
const MOVES: Duration = Duration::from_secs(10);
/// How long nothing may be released while the registry gets another leader.
const LEADS: Duration = Duration::from_secs(5);
/// How often lanes may be taken in a round: 64 of them, some times by each of three nodes.
const TAKEN: usize = 1_000;
/// How long all that was acknowledged may take to arrive once nothing is broken any more.
const SETTLES: Duration = Duration::from_secs(60);

fn setting(name: &str, otherwise: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariants_hold_on_three_nodes_while_nodes_and_brokers_fail() {
    let installation = match Installation::find() {
        Ok(installation) => installation,
        Err(missing) => return skip("kafka: three nodes", &missing.to_string()),
    };
    let mut hub = Hub::start(&installation).await;
    let load = Load::start(&hub).await;
    let first = setting("NDXP_SEED", 1);
    let mut reader = Reader::default();
    for seed in first..first + setting("NDXP_ROUNDS", ROUNDS) {
        let fault = Fault::draw(seed);
        load.book().watch();
        load.resume();
        let before = load.book().acknowledged();
        let ended = load.book().ends();
        fault.happen(&mut hub).await;
        load.goes_on(SETTLES, &format!("round {seed}, {fault:?}")).await;
        let (publishing, delivery) = load.book().pauses();
        let ended = load.book().ends() - ended;
        eprintln!(
            "round {seed}: {fault:?}: nobody could publish for {publishing:.1?}, a consumer had nothing for {delivery:.1?}, {ended} streams ended"
        );
        let (most, most_ended) = match fault {
            Fault::NodeKilled { .. } => (MOVES, u64::MAX),
            Fault::LeaderMoves => (LEADS, 0),
            _ => (SETTLES, u64::MAX),
        };
        let context = format!("round {seed}, {fault:?}");
        assert!(delivery < most, "{context}: a consumer had nothing for {delivery:?}");
        assert!(ended <= most_ended, "{context}: {ended} streams ended");
        load.settled(SETTLES, &context).await;
        let acknowledged = load.book().acknowledged() - before;
        assert!(acknowledged > 0, "{context}: nothing was published");
        let taken = reader.taken();
        reader.read(&hub);
        let taken = reader.taken() - taken;
        assert!(taken < TAKEN, "{context}: lanes were taken {taken} times, as by nodes that fight");
        eprintln!("{context}: {}", reader.judge(&load.book()));
    }
    let book = load.end().await;
    eprintln!("{}", book.summary());
    hub.end().await;
}
