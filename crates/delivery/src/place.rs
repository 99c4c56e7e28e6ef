//! Where a record stands, and what the machine remembers of it.

use std::fmt;

/// A record's place in its dataset: never shown to a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The partition.
    pub partition: u32,
    /// The offset.
    pub offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.offset)
    }
}

/// 128 bits of a uniform hash of a record's key. Two keys of one hash would wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(pub u128);

/// How a record is to be shown (as an upsert, as a leave, …), in a number that the shell chooses.
///
/// The shell judges records in the order of the log, and what it judged by (a key's old values) has
/// moved on when a record is fetched again. So the machine remembers the verdict and gives it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Verdict(pub u8);
