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
    let (position, incarnation) = registry.read(|s| (s.count, s.incarnation.clone()));
    fill(log, ledger, position, |_, _| ()).await?;
    let entry = Boot {
        version: env!("CARGO_PKG_VERSION").parse()?,
        position,
        incarnation: incarnation.parse()?,
    };
    ledger.note(&Entry::Boot(entry)).await?;
    Ok(())
}

/// Writes the entries of all registry records below `count` that have none, in order, and tells each
/// receipt. Where several nodes write, one that was about to be written may come twice: a reader
/// takes the first of a position.
pub(crate) async fn fill(
    log: &Arc<dyn Log>,
    ledger: &Ledger,
    count: u64,
    mut written: impl FnMut(u64, Receipt),
) -> Result<(), BootError> {
    for position in receipts::missing(log, count).await? {
        if let Some(receipt) = enter(log, ledger, position).await? {
            written(position, receipt);
        }
    }
    Ok(())
}

/// Writes the entry of one registry position. A record without an actor is nobody's act, so it has
/// none.
pub(crate) async fn enter(
    log: &Arc<dyn Log>,
    ledger: &Ledger,
    position: u64,
) -> Result<Option<Receipt>, BootError> {
    let (record, hash) = record(log, position).await?;
    let Some(by) = record.actor else { return Ok(None) };
    let (op, hash) = (record.command.parse()?, hash.parse()?);
    let entry = RegistryEntry { by, op, position, hash };
    Ok(Some(ledger.note_registry(entry).await?))
}

/// Finds the record of a position, and its hash: the first of its base is the one that was accepted,
/// and no record stands before its base.
async fn record(log: &Arc<dyn Log>, position: u64) -> Result<(RegistryRecord, String), BootError> {
    let at = Partition { topic: Topic::Hub(HubTopic::Registry), number: 0 };
    let mut next = position;
    loop {
        let page = log.read(&at, next, PAGE).await?;
        let Some(last) = page.last() else {
            let text = format!("registry position {position} has no record");
            return Err(ReadError::Corrupt(text).into());
        };
        next = last.offset + 1;
        for stored in &page {
            let record = RegistryRecord::decode(&stored.record.value)?;
            if record.base == position {
                return Ok((record, RegistryRecord::hash(&stored.record.value)));
            }
        }
    }
}
