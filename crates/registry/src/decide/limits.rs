//! How many there may be: every record must fit the log, and every node holds all of it in memory.

use crate::Refused;

/// Systems of an agency. The nation's largest has 30.
pub(super) const SYSTEMS: usize = 1_000;
/// Officers of an agency.
pub(super) const OFFICERS: usize = 1_000;
/// Schemas of a dataset, 256 KiB each at most.
pub(super) const SCHEMAS: usize = 200;
/// Pins of a code list; a state has 16 MiB at most, and all are kept.
pub(super) const PINS: usize = 1_000;
/// Revisions of an agreement.
pub(super) const REVISIONS: usize = 1_000;
/// Fields in each list of a dataset.
pub(super) const FIELDS_OF_DATASET: usize = 64;
/// Fields in an agreement: a pointer has 256 bytes at most, a record of the registry 1 MiB.
pub(super) const FIELDS_OF_AGREEMENT: usize = 1_000;
/// Purposes in an agreement.
pub(super) const PURPOSES: usize = 64;
/// Bytes of the text that a row filter compares with.
pub(super) const FILTER_BYTES: usize = 1_024;

/// Bytes of the reason for an override.
pub(super) const REASON_BYTES: usize = 500;

/// Refuses a list or text of a request that is longer than `most`.
pub(super) fn within(path: &str, found: usize, most: usize) -> Result<(), Refused> {
    if found <= most {
        return Ok(());
    }
    Err(Refused::invalid(path, format!("has {found}, at most {most} are possible")))
}

/// Refuses one more where there are `most`.
pub(super) fn has_room(present: usize, most: usize, what: &str) -> Result<(), Refused> {
    if present < most {
        return Ok(());
    }
    Err(Refused::Conflict(format!("there are {most} {what} already, which is the limit")))
}
