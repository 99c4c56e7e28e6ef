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

use faults::{Chance, Fault};
use hub::Hub;
use load::Load;

/// In `make test`: a tenth of what is run by hand before a release.
const ROUNDS: u64 = 10;
/// How long the subscriptions of a killed node may have nothing.
const MOVES: Duration = Duration::from_secs(10);
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
    for seed in first..first + setting("NDXP_ROUNDS", ROUNDS) {
        let fault = Fault::draw(&mut Chance::new(seed));
        load.book().watch();
        let before = load.book().acknowledged();
        fault.happen(&mut hub).await;
        load.goes_on(SETTLES, &format!("round {seed}, {fault:?}")).await;
        let (publishing, delivery) = load.book().pauses();
        eprintln!(
            "round {seed}: {fault:?}: nobody could publish for {publishing:.1?}, a consumer had nothing for {delivery:.1?}"
        );
        if let Fault::NodeKilled { .. } = fault {
            assert!(
                delivery < MOVES,
                "round {seed}, {fault:?}: its subscriptions took {delivery:?}"
            );
        }
        load.settled(SETTLES, &format!("round {seed}, {fault:?}")).await;
        let acknowledged = load.book().acknowledged() - before;
        assert!(acknowledged > 0, "round {seed}, {fault:?}: nothing was published");
    }
    let book = load.end().await;
    eprintln!("{}", book.summary());
    log::judge(&hub, &book);
    hub.end().await;
}
