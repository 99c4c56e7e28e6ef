//! Random credits, hand-outs, acknowledgements in any order, crashes and take-overs against a
//! model, the invariants of the crate's first page after each step.
//!
//! `NDXP_SEED=17 cargo test -p ndxp-delivery --test simulation` runs one seed again.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "simulation/chance.rs"]
mod chance;
#[path = "simulation/hub.rs"]
mod hub;
#[path = "simulation/live.rs"]
mod live;

use chance::Chance;
use hub::Hub;

const SEEDS: u64 = 400;
const STEPS: u64 = 150;

#[test]
fn random_histories_keep_every_invariant() {
    match option_env!("NDXP_SEED") {
        Some(seed) => run(seed.parse().unwrap()),
        None => (0..SEEDS).for_each(run),
    }
}

fn run(seed: u64) {
    let _printed = chance::SeedOnFailure(seed);
    let mut hub = Hub::new(Chance::new(seed));
    for _ in 0..STEPS {
        hub.step();
        hub.check();
    }
    hub.drain();
    hub.replay();
}
