//! Chance that repeats.

use std::{cell::RefCell, time::Duration};

/// A generator of numbers from a seed: SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`, which is above 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    /// Mostly moments, now and then minutes.
    pub(crate) fn pause(&mut self) -> Duration {
        let most = self.of(&[50, 2_000, 40_000, 400_000]);
        Duration::from_millis(1 + self.below(most))
    }
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
