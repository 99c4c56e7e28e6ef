//! A leaf's bytes.
//!
//! Beside the members of the design's table these are in use: `again` (`true`, on redelivery),
//! `clause` (number of the failed clause), `crt` (SHA-256 of a refused certificate that names nobody,
//! in place of `by` and `cons`), `inc` (the log's incarnation), `reg`
//! (`{"h": hash, "pos": position}` of a registry record; without `h` in `boot`), `ver` (the
//! program's version). In `deny`, `n` counts denials; elsewhere it counts records.

mod read;
mod write;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{Entry, Stamp};

/// The most bytes of a leaf.
pub const MAX_LEAF: usize = 8 * 1024;

/// The version of the format, `v`.
const VERSION: u64 = 1;

/// The first integer that not every JSON reader keeps: 2^53.
const INTEGER_END: u64 = 1 << 53;

/// The final bytes of an entry: a line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf(Vec<u8>);

impl Leaf {
    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Gives the bytes away.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Returns the leaf's hash, as [`leaf_hash`] does.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        leaf_hash(&self.0)
    }
}

/// Returns the hash under which a leaf stands in the tree: SHA-256(0x00 ‖ leaf), RFC 6962
/// section 2.1.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

/// Why an entry has no leaf.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// It would be longer than [`MAX_LEAF`]: a release of too many ranges. Release less at once.
    #[error("leaf would have {0} bytes, more than {MAX_LEAF}")]
    TooLong(usize),
    /// An integer is negative or 2^53 or more.
    #[error("{0} is no integer from 0 to 2^53 - 1")]
    Integer(&'static str),
    /// A range ends before it begins.
    #[error("rng has a range that ends before it begins")]
    Range,
}

/// Writes an entry's leaf.
///
/// # Errors
/// [`EncodeError`]; only [`EncodeError::TooLong`] can follow from honest input.
pub fn encode(stamp: &Stamp, entry: &Entry) -> Result<Leaf, EncodeError> {
    let bytes = write::line(stamp, entry)?.into_bytes();
    if bytes.len() > MAX_LEAF { Err(EncodeError::TooLong(bytes.len())) } else { Ok(Leaf(bytes)) }
}

/// Why bytes are not a leaf that this reader understands.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LeafProblem {
    /// More than [`MAX_LEAF`] bytes.
    #[error("leaf has {0} bytes, more than {MAX_LEAF}")]
    TooLong(usize),
    /// Not a JSON object, or nested too deep.
    #[error("leaf is not a JSON object")]
    NotJson,
    /// JSON, but not as [`encode`] writes it: a member twice or out of order, a space, an escape, a
    /// fraction, null, an integer from 2^53, a character beyond ASCII.
    #[error("leaf is not in canonical form")]
    NotCanonical,
    /// Written by a later format.
    #[error("leaf has an unknown version")]
    UnknownVersion,
    /// Of a kind that this reader does not know.
    #[error("leaf has an unknown kind")]
    UnknownKind,
    /// A member that its kind needs is missing or has a wrong value.
    #[error("leaf has no valid {0}")]
    Member(&'static str),
}

/// Reads a leaf. Members that the kind does not have are passed over, as the format lets them join
/// later.
///
/// # Errors
/// [`LeafProblem`]. Bytes that cannot be read are a leaf of the tree all the same.
pub fn parse(leaf: &[u8]) -> Result<(Stamp, Entry), LeafProblem> {
    if leaf.len() > MAX_LEAF {
        return Err(LeafProblem::TooLong(leaf.len()));
    }
    read::leaf(leaf)
}
