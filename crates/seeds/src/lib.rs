//! Generates the demonstration nation: the files that `ndxp apply -f seeds/nation` loads.
//!
//! The input is a small description (`seeds/*.toml`) and one file of facts, the administrative
//! units. The output is a [`FileTree`]: the same description gives the same bytes, without clock,
//! chance or network. The crate is a task, not a library that others build on, so errors are
//! `anyhow` chains that say what to mend in the description.
//!
//! INVARIANT: what is generated is sound. Every id is a valid `ndxp-model` id, every agreement
//! names agencies, datasets and fields that exist, and the sums are those that the description
//! expects; otherwise nothing is generated.

mod agencies;
mod agreements;
mod bulk;
mod datasets;
mod description;
mod latin;
mod ordered;
mod records;
mod schema;
#[cfg(test)]
mod tests;
mod tree;
mod units;

use std::path::Path;

use anyhow::{Context, Result};

pub use description::Description;
pub use tree::{Difference, FileTree};

/// Reads the description in `seeds` and generates `seeds/nation`.
///
/// # Errors
/// A file that cannot be read, is not what its format says, or contradicts another one.
pub fn nation(seeds: &Path) -> Result<FileTree> {
    let description = Description::load(seeds)?;
    let mut tree = FileTree::default();
    let agencies = agencies::generate(&description, &mut tree).context("nation.toml")?;
    datasets::generate(&description, &agencies, &mut tree).context("datasets.toml")?;
    agreements::generate(&description, &agencies, &mut tree).context("agreements.toml")?;
    tree.insert(units::PATH, units::to_ndjson(&description.units)?);
    Ok(tree)
}

/// Generates the agencies of the description in `seeds` with `count` small datasets spread evenly
/// over them, without agreements and records: the load for a timed registration.
///
/// # Errors
/// As [`nation`].
pub fn bulk(seeds: &Path, count: u32) -> Result<FileTree> {
    let mut description = Description::load(seeds)?;
    let mut tree = FileTree::default();
    let agencies = agencies::generate(&description, &mut tree).context("nation.toml")?;
    description.datasets = bulk::datasets(&agencies, count)?;
    datasets::generate(&description, &agencies, &mut tree)?;
    Ok(tree)
}
