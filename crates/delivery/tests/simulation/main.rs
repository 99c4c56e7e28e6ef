//! Random consumers, officers, crashes, take-overs, compaction and time against a model: the
//! invariants of the crate's first page after each step.
//!
//! `NDXP_SEED=17 cargo test -p ndxp-delivery --test simulation` runs one seed again (so does
//! `make replay SEED=17`); `NDXP_SEEDS=100000` runs so many (so does `make nightly`).
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod chance;
mod compact;
mod live;
mod model;
mod rows;
mod world;

use chance::Chance;
use world::World;

const SEEDS: u64 = 2_000;
const STEPS: u64 = 120;
const THREADS: u64 = 2;

#[test]
fn random_histories_keep_every_invariant() {
    match given("NDXP_SEED") {
        Some(seed) => run(seed),
        None => {
            let seeds = given("NDXP_SEEDS").unwrap_or(SEEDS);
            std::thread::scope(|scope| {
                for first in 0..THREADS {
                    scope.spawn(move || (first..seeds).step_by(THREADS as usize).for_each(run));
                }
            });
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the test chooses the seed")]
fn given(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

fn run(seed: u64) {
    let _printed = chance::SeedOnFailure(seed);
    let mut world = World::new(Chance::new(seed));
    for step in 0..STEPS {
        world.step();
        world.check(step % 4 == 0);
    }
    world.drain();
}
