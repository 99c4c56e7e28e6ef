//! The joins, each a module: what is judged stands in its name.

mod audit;
mod deliveries;
mod history;
mod published;
mod received;
mod records;
mod registry;

use sha2::{Digest, Sha256};

use crate::{Evidence, Report, store::Log};

/// Runs every check.
pub(crate) fn all(log: &Log, evidence: &Evidence, report: &mut Report) {
    let leaves = audit::leaves(log, report);
    audit::sequences(&leaves, report);
    let placed = records::join(log, &leaves, report);
    registry::join(log, &leaves, report);
    let history = deliveries::join(log, &leaves, report);
    history::judge(log, &history, report);
    published::join(log, &leaves, &placed, &evidence.published, report);
    received::join(&leaves, &history, &evidence.received, report);
}

/// The first 8 bytes of a text's SHA-256, big-endian, modulo `parts`.
fn spread(text: &[u8], parts: u64) -> u64 {
    let hash = Sha256::digest(text);
    let first = hash.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    first % parts.max(1)
}
