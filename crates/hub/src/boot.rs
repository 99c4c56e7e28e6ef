//! What a node does before it serves: fill the audit's gap at the registry's end, and say that it
//! booted.

use std::sync::Arc;

use ndxp_audit::{Boot, Entry, InvalidSha256, InvalidWord, Registry as RegistryEntry};
use ndxp_log::{Log, Partition, ReadError, ReadLimits};
use ndxp_model::{HubTopic, Topic};
use ndxp_registry::{RecordError, RegistryRecord};
use thiserror::Error;

use crate::{
    ledger::{Ledger, LedgerError},
    receipts,
    registry::Registry,
};

const PAGE: ReadLimits = ReadLimits { records: 1_000, bytes: 4 << 20 };

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
    #[error("the audit cannot be written: {0}")]
    Audit(String),
}

impl From<LedgerError> for BootError {
    fn from(error: LedgerError) -> Self {
        Self::Audit(error.to_string())
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
    fill(log, ledger, covered).await?;
    let (position, incarnation) = registry.read(|s| (s.count, s.incarnation.clone()));
    let entry = Boot {
        version: env!("CARGO_PKG_VERSION").parse()?,
        position,
        incarnation: incarnation.parse()?,
    };
    ledger.note(&Entry::Boot(entry)).await?;
    Ok(())
}

/// The first record of a base is the one that was accepted, and no record stands before its base.
async fn fill(log: &Arc<dyn Log>, ledger: &Ledger, covered: u64) -> Result<(), BootError> {
    let at = Partition { topic: Topic::Hub(HubTopic::Registry), number: 0 };
    let (mut next, mut expected) = (covered, covered);
    loop {
        let page = log.read(&at, next, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        next = last.offset + 1;
        for stored in &page {
            let bytes = &stored.record.value;
            let record = RegistryRecord::decode(bytes)?;
            let Some(by) = record.actor.filter(|_| record.base == expected) else { continue };
            let op = record.command.parse()?;
            let hash = RegistryRecord::hash(bytes).parse()?;
            let entry = RegistryEntry { by, op, position: expected, hash };
            ledger.note_registry(entry).await?;
            expected += 1;
        }
    }
}
