//! What a node does before it serves: fill the audit's gap at the registry's end, and say that it
//! booted.

use std::sync::Arc;

use ndxp_audit::{Boot, Entry, InvalidSha256, InvalidWord, Registry as RegistryEntry};
use ndxp_log::{AppendError, Log, Partition, ReadError};
use ndxp_model::{HubTopic, Topic};
use ndxp_registry::{RecordError, RegistryRecord};
use thiserror::Error;

use crate::{
    fold::PAGE,
    ledger::{Ledger, LedgerError, Receipt},
    receipts,
    registry::Registry,
};

/// Why a node cannot boot.
#[derive(Debug, Error)]
pub enum BootError {
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// A registry record cannot be read.
    #[error("the registry cannot be read")]
    Record(#[from] RecordError),
    /// The audit cannot be written.
    #[error("the audit cannot be written")]
    Append(#[from] AppendError),
    /// An entry cannot be made.
    #[error("the audit entry cannot be made: {0}")]
    Audit(String),
}

impl From<LedgerError> for BootError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Append(cause) => Self::Append(cause),
            LedgerError::Encode(_) | LedgerError::Random => Self::Audit(error.to_string()),
        }
    }
}
impl From<InvalidWord> for BootError {
    fn from(error: InvalidWord) -> Self {
        Self::Audit(error.to_string())
    }
}
impl From<InvalidSha256> for BootError {
    fn from(error: InvalidSha256) -> Self {
        Self::Audit(error.to_string())
    }
}

/// Writes the entries of registry records that a crash left without one, then the boot's own.
pub(crate) async fn boot(
    log: &Arc<dyn Log>,
    ledger: &Ledger,
    registry: &Registry,
) -> Result<(), BootError> {
    let covered = receipts::covered(log).await?;
    fill(log, ledger, covered, |_, _| ()).await?;
    let (position, incarnation) = registry.read(|s| (s.count, s.incarnation.clone()));
    let entry = Boot {
        version: env!("CARGO_PKG_VERSION").parse()?,
        position,
        incarnation: incarnation.parse()?,
    };
    ledger.note(&Entry::Boot(entry)).await?;
    Ok(())
}

/// Writes the entries of all registry records from a position on, in order, and tells each receipt.
/// Returns the position after the last one; `written` has been told of those before an error.
///
/// The first record of a base is the one that was accepted, and no record stands before its base.
pub(crate) async fn fill(
    log: &Arc<dyn Log>,
    ledger: &Ledger,
    covered: u64,
    mut written: impl FnMut(u64, Receipt),
) -> Result<u64, BootError> {
    let at = Partition { topic: Topic::Hub(HubTopic::Registry), number: 0 };
    let (mut next, mut expected) = (covered, covered);
    loop {
        let page = log.read(&at, next, PAGE).await?;
        let Some(last) = page.last() else { return Ok(expected) };
        next = last.offset + 1;
        for stored in &page {
            let bytes = &stored.record.value;
            let record = RegistryRecord::decode(bytes)?;
            if record.base != expected {
                continue;
            }
            // A record without an actor is nobody's act, so nobody's entry.
            if let Some(by) = record.actor {
                let op = record.command.parse()?;
                let hash = RegistryRecord::hash(bytes).parse()?;
                let entry = RegistryEntry { by, op, position: expected, hash };
                written(expected, ledger.note_registry(entry).await?);
            }
            expected += 1;
        }
    }
}
