//! The audit log's entries: what a leaf says, its bytes, its hash, and how equal denials are folded.
//!
//! A leaf is one line of RFC 8785 JSON without fractions, null and integers from 2^53, ASCII only,
//! at most [`MAX_LEAF`] bytes. `printf '\0' | cat - leaf | sha256sum` prints its hash.
//!
//! This crate writes no log and reads no clock: ids, instants and counters are arguments. The tree
//! over the leaves is not here yet.
//!
//! Invariants:
//! - The bytes of [`Leaf`] are final. Nothing in here writes a leaf a second time from its meaning.
//! - No leaf holds free text of a caller: every member is an id, a code, a hash or a number.
//! - [`parse`] gives back what [`encode`] was given, and refuses any other bytes of the same meaning.
//! - [`Denials`] loses no count while its process lives, and never holds back the first.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod denials;
mod entry;
mod leaf;
mod text;

pub use denials::{DENIAL_WINDOW_MS, Denials, MAX_DENIAL_KEYS};
pub use entry::{
    Boot, Caller, DatasetAt, Delivered, Delivery, Deny, Entry, EntryId, Publish, Registry, Release,
    Stamp, Under, Way,
};
pub use leaf::{EncodeError, Leaf, LeafProblem, MAX_LEAF, encode, leaf_hash, parse};
pub use text::{InvalidSha256, InvalidWord, Sha256Hex, Word};
