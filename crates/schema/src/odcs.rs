//! Open Data Contract Standard 3.1: a schema as a data contract, and back.
//!
//! What a contract has a word for gets it; every other keyword is kept as a custom property under its own name, so a
//! contract that was exported comes back as the same schema. What cannot be kept is listed, never dropped silently.

mod export;
mod import;
mod words;
mod yaml;

pub use export::{Contract, export};
pub use import::{ImportError, Imported, import};

/// Something that has no counterpart on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmapped {
    /// The JSON Pointer of its place in the document that was read.
    pub pointer: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of something without a counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is kept as a custom property: this tool reads it again, others pass over it.
    Kept,
    /// It is left out.
    Dropped,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests;
