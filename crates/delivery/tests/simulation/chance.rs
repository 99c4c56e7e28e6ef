//! Chance that repeats.

/// A generator of numbers from a seed: SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Chance {
    state: u64,
    /// Faults do not happen any more.
    is_kind: bool,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, is_kind: false }
    }

    /// From here on nothing goes wrong any more.
    pub(crate) fn be_kind(&mut self) {
        self.is_kind = true;
    }

    pub(crate) fn is_kind(&self) -> bool {
        self.is_kind
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is above 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Prints the seed when the test that holds it fails.
pub(crate) struct SeedOnFailure(pub(crate) u64);

impl Drop for SeedOnFailure {
    #[expect(clippy::print_stderr, reason = "whoever reads the failure needs the seed")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with NDXP_SEED={}", self.0);
        }
    }
}
