//! Joins a hub's audit entries, records and deliveries, and what programs outside it were told.
//!
//! The reader is written from `docs/storage.md` alone and shares no code with the hub, so that an
//! error of the hub's own reading cannot hide one of its writing. It is for development: tests and
//! `ndxp-join DIR` use it on the directory of a stopped or killed hub. It holds the whole log in
//! memory, and it repairs nothing.
//!
//! Invariants: the directory is only read, since the store is opened in a copy; every record that
//! cannot be decoded, and every pair that does not fit, is a [`Finding`]; nothing is passed over
//! but what `docs/storage.md` says that a crash may leave, and that is counted.

mod checks;
mod copy;
mod delivery;
mod error;
mod evidence;
mod leaf;
mod record;
mod report;
mod store;

use std::path::Path;

pub use error::JoinError;
pub use evidence::Evidence;
pub use report::{Check, Counts, Finding, Report};

/// Copies a log directory, or the `log` in a hub's data directory, and joins what it holds with
/// what publishers and consumers kept. Takes memory for the whole log.
///
/// # Errors
/// [`JoinError`] if there is no log, or the store cannot be opened; what it holds is judged in the
/// report.
pub fn join(dir: &Path, evidence: &Evidence) -> Result<Report, JoinError> {
    let copy = copy::of(dir)?;
    let mut report = Report::default();
    let log = store::load(copy.path(), &mut report)?;
    checks::all(&log, evidence, &mut report);
    Ok(report)
}
