//! What happened in a seed, and for how long nothing did.

use std::{cell::RefCell, time::Duration};

use ndxp_testkit::Chance;

/// Mostly moments, now and then minutes.
pub(crate) fn pause(chance: &mut Chance) -> Duration {
    let most = chance.of(&[50, 2_000, 40_000, 400_000]);
    Duration::from_millis(1 + chance.below(most))
}

thread_local! {
    static STORY: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Notes what happens, for whoever reads a failure.
pub(crate) fn tell(what: impl Into<String>) {
    STORY.with_borrow_mut(|story| story.push(what.into()));
}

/// Prints the seed and its story when the test that holds it fails.
pub(crate) struct SeedOnFailure(u64);

impl SeedOnFailure {
    pub(crate) fn new(seed: u64) -> Self {
        STORY.with_borrow_mut(Vec::clear);
        Self(seed)
    }
}

impl Drop for SeedOnFailure {
    #[expect(clippy::print_stderr, reason = "whoever reads the failure needs the seed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            STORY.with_borrow(|story| story.iter().for_each(|line| eprintln!("{line}")));
            eprintln!("failed with NDXP_SEED={}", self.0);
        }
    }
}
