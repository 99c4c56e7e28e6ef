//! A schema of samples: a first draft for somebody who has records and no schema.
//!
//! It accepts every sample. It claims little: types, formats that all texts have, the members of short lists, and what is
//! always there once there are enough records. No value of a sample gets into it but the members of such a list, and of
//! what looks personal not even those.

mod formats;
mod seen;
mod write;

use serde_json::Value;

use crate::profile::{FormatMode, Profile};
use formats::Candidates;
use seen::Seen;

/// Records from which on something counts as always there, or a list as complete.
const ENOUGH: usize = 20;

/// What was learnt from the samples so far. Its size depends on their shape, not on their number.
#[derive(Debug)]
pub struct Samples {
    profile: Profile,
    candidates: Candidates,
    root: Seen,
}

impl Samples {
    /// Starts without samples. Costly: it compiles the formats that texts may have.
    #[must_use]
    pub fn new(profile: &Profile) -> Self {
        let profile = Profile { formats: FormatMode::Assert, ..profile.clone() };
        let candidates = Candidates::new(&profile);
        Self { profile, candidates, root: Seen::default() }
    }

    /// Learns from one record.
    pub fn add(&mut self, record: &Value) {
        self.root.add(record, &self.candidates, &self.profile);
    }

    /// Returns how many records were added.
    #[must_use]
    pub fn count(&self) -> usize {
        self.root.count
    }

    /// Returns the schema, with classifications and personal data proposed.
    #[must_use]
    pub fn schema(&self) -> Value {
        write::document(&self.root, &self.candidates, &self.profile)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests;
