//! The one place that writes into the log with an audit entry: stamps the leaf, appends it, and
//! makes the receipt.
//!
//! INVARIANT: no other module calls [`Log::append_after`], so nothing is written or handed out
//! without its entry, and [`Log::append`] on the audit topic is called here alone.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use ndxp_audit::{Denials, Deny, EncodeError, Entry, EntryId, Leaf, Registry, Stamp, Word, encode};
use ndxp_identity::Clock;
use ndxp_log::{AppendError, Appended, Covered, Log, Record};
use ndxp_model::{HubTopic, Timestamp};
use thiserror::Error;

use crate::{
    metrics::{Metrics, Stage},
    vital::Vital,
};

/// Why an entry could not be written.
#[derive(Debug, Error)]
pub(crate) enum LedgerError {
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error("audit entry cannot be encoded")]
    Encode(#[from] EncodeError),
    #[error("the operating system gave no random bytes")]
    Random,
}

/// Evidence that an entry is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub index: u64,
    pub leaf_hash: [u8; 32],
    pub issued_at: Timestamp,
}

/// Writes entries. Shared by all services of a node.
#[derive(Debug)]
pub(crate) struct Ledger {
    log: Arc<dyn Log>,
    clock: ClockDebug,
    gateway: Word,
    next_seq: AtomicU64,
    denials: Mutex<Denials>,
    /// What has become of its appends.
    pub(crate) vital: Vital,
    metrics: Arc<Metrics>,
}

struct ClockDebug(Clock);
impl std::fmt::Debug for ClockDebug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl Ledger {
    /// Makes the writer of one boot of a node: `gateway` is node and boot number.
    pub(crate) fn new(
        log: Arc<dyn Log>,
        clock: Clock,
        gateway: Word,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (next_seq, denials) = (AtomicU64::new(0), Mutex::new(Denials::new()));
        let clock = ClockDebug(clock);
        Self { log, clock, gateway, next_seq, denials, vital: Vital::default(), metrics }
    }

    /// Writes an entry, durable before what it covers, and both before this returns.
    pub(crate) async fn write(
        &self,
        entry: &Entry,
        covered: Covered,
    ) -> Result<(Receipt, Appended), LedgerError> {
        let (leaf, record, issued_at) = self.leaf(entry)?;
        let timer = self.metrics.stage(Stage::Append);
        let appended = self.noted(self.log.append_after(record, covered)).await?;
        self.metrics.append(self.log.engine(), timer.stop());
        Ok((Receipt { index: appended.entry, leaf_hash: leaf.hash(), issued_at }, appended))
    }

    /// Writes an entry that covers nothing.
    pub(crate) async fn note(&self, entry: &Entry) -> Result<Receipt, LedgerError> {
        let (leaf, record, issued_at) = self.leaf(entry)?;
        let timer = self.metrics.stage(Stage::Audit);
        let index = self.noted(self.log.append(HubTopic::Audit, 0, vec![record])).await?;
        drop(timer);
        Ok(Receipt { index, leaf_hash: leaf.hash(), issued_at })
    }

    /// Writes the entry of a registry record.
    pub(crate) async fn note_registry(&self, entry: Registry) -> Result<Receipt, LedgerError> {
        self.note(&Entry::Registry(entry)).await
    }

    /// Writes a denial, durable before this returns, unless equal ones came in the last ten
    /// seconds: those are counted.
    pub(crate) async fn deny(&self, deny: Deny) -> Result<(), LedgerError> {
        let due = self.denials().record(deny, (self.clock.0)());
        match due {
            Some(deny) => self.note(&Entry::Deny(deny)).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Writes the counts of repeated denials whose ten seconds are over; all of them at a shutdown.
    pub(crate) async fn flush_denials(&self, all: bool) -> Result<(), LedgerError> {
        let due = match all {
            true => self.denials().drain(),
            false => self.denials().due((self.clock.0)()),
        };
        for deny in due {
            self.note(&Entry::Deny(deny)).await?;
        }
        Ok(())
    }

    async fn noted<T>(
        &self,
        append: impl Future<Output = Result<T, AppendError>>,
    ) -> Result<T, AppendError> {
        let outcome = self.vital.noted(append).await;
        match &outcome {
            Ok(_) => {}
            Err(AppendError::Unknown(_)) => self.metrics.append_failed("unknown"),
            Err(_) => self.metrics.append_failed("refused"),
        }
        outcome
    }

    fn denials(&self) -> std::sync::MutexGuard<'_, Denials> {
        self.denials.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leaf(&self, entry: &Entry) -> Result<(Leaf, Record, Timestamp), LedgerError> {
        let now = (self.clock.0)();
        let stamp = Stamp {
            id: entry_id(now)?,
            t: now,
            gw: self.gateway.clone(),
            seq: self.next_seq.fetch_add(1, Ordering::Relaxed),
        };
        let leaf = encode(&stamp, entry)?;
        let value = leaf.as_bytes().to_vec().into();
        let record = Record { value, timestamp: now, ..Record::default() };
        Ok((leaf, record, now))
    }
}

/// A UUIDv7 (RFC 9562 section 5.7) of this instant.
fn entry_id(now: Timestamp) -> Result<EntryId, LedgerError> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|_| LedgerError::Random)?;
    let millis = u64::try_from(now.millis()).unwrap_or_default();
    Ok(EntryId(*uuid::Builder::from_unix_timestamp_millis(millis, &random).as_uuid().as_bytes()))
}
