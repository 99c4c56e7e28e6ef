//! A whole node on virtual time: real TLS and gRPC between random publishers, consumers, officers
//! and intruders and a hub whose log fails, whose process is killed and whose power goes. Whatever
//! happened, in the end each consumer's copy equals what its agreement lets it see of the
//! publisher's state, each accepted event has arrived, and each frame has its audit entry.
//!
//! A runtime whose clock is paused stands still while there is work and jumps to the next timer when
//! there is none, so that minutes cost nothing. One thread runs a seed.
//!
//! `NDXP_SEED=17 cargo test -p ndxp-hub --test simulation` runs one seed again; `NDXP_SEEDS=100000`
//! runs so many.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod consumer;
mod events;
mod intruder;
mod people;
mod story;
mod world;

use ndxp_testkit::{Chance, Template};
use story::SeedOnFailure;
use world::World;

const SEEDS: u64 = 2_000;
const STEPS: u64 = 24;
const THREADS: u64 = 2;

#[test]
fn random_histories_of_a_node_keep_every_promise() {
    match given("NDXP_SEED") {
        Some(seed) => run_all(std::iter::once(seed)),
        None => {
            let seeds = given("NDXP_SEEDS").unwrap_or(SEEDS);
            std::thread::scope(|scope| {
                for first in 0..THREADS {
                    scope.spawn(move || run_all((first..seeds).step_by(THREADS as usize)));
                }
            });
        }
    }
}

fn given(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

fn run_all(seeds: impl Iterator<Item = u64>) {
    let builder = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let template = builder().block_on(World::template());
    for seed in seeds {
        let _printed = SeedOnFailure::new(seed);
        // A runtime of its own: nothing of an ended node works on behind the next one's back.
        let runtime = builder();
        runtime.block_on(async {
            tokio::time::pause();
            run(&template, Chance::new(seed)).await;
        });
        runtime.shutdown_background();
    }
}

async fn run(template: &Template, chance: Chance) {
    let mut world = World::new(template, chance).await;
    for _ in 0..STEPS {
        world.step().await;
    }
    world.drain().await;
}
