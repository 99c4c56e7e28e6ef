//! Changing the registry: decided, durable, applied and audited.

use ndxp_log::{Partition, ReadError};
use ndxp_model::{Dataset, RequestId, Topic};
use ndxp_proto::common;
use ndxp_registry::{Command, Request};

use crate::{
    boot,
    call::Call,
    core::{Core, receipt_message},
    ledger::Receipt,
    refuse::{self, Failed},
    registry::Done,
};

/// Which change of this node's may be without its audit entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Unaudited {
    #[default]
    None,
    /// The one at this position: its entry failed, or nobody knows.
    At(u64),
    /// One that may have taken place or not.
    Unknown,
}

impl Core {
    /// Changes the registry: decided, durable, applied and audited when this returns.
    ///
    /// One change of a node at a time, and one whose entry could not be written holds up the next
    /// until it is: only the end of what this node changed can be without entries, and the next boot
    /// of whichever node, or the next owner of its lanes, fills it.
    pub(crate) async fn change(
        &self,
        call: &Call,
        id: RequestId,
        command: Command,
    ) -> Result<common::Receipt, Failed> {
        let request = Request { id, actor: call.principal.clone(), command };
        let mut unaudited = self.unaudited.lock().await;
        self.make_up(*unaudited).await?;
        *unaudited = Unaudited::Unknown;
        let done = self.registry.command(&request, call.now).await;
        *unaudited = match &done {
            Ok(done) => Unaudited::At(done.position),
            Err(cause) if cause.may_have_written() => Unaudited::Unknown,
            Err(_) => Unaudited::None,
        };
        let receipt = self.enter(done?).await?;
        *unaudited = Unaudited::None;
        Ok(receipt_message(receipt, ""))
    }

    /// Writes what an earlier change has left without an entry: the log knows.
    async fn make_up(&self, unaudited: Unaudited) -> Result<(), Failed> {
        match unaudited {
            Unaudited::None => {}
            Unaudited::At(position) => {
                self.enter(Done { position, is_new: false }).await?;
            }
            Unaudited::Unknown => self.fill_entries().await?,
        }
        Ok(())
    }

    /// Writes the entries of all changes that have none, whoever made them.
    pub(crate) async fn fill_entries(&self) -> Result<(), Failed> {
        self.registry.refresh().await?;
        let count = self.registry.read(|state| state.count);
        let keep = |position, receipt| self.receipts.remember(position, receipt);
        Ok(boot::fill(&self.log, &self.ledger, count, keep).await?)
    }

    /// Returns the receipt of a change, whose entry it writes if there is none.
    async fn enter(&self, done: Done) -> Result<Receipt, Failed> {
        self.metrics.registry_position.set(self.registry.read(|state| state.count));
        if !done.is_new
            && let Some(receipt) = self.receipts.of(&self.log, done.position).await?
        {
            return Ok(receipt);
        }
        let entered = boot::enter(&self.log, &self.ledger, done.position).await?;
        let receipt = entered.ok_or_else(|| Failed(refuse::bug(&Actorless)))?;
        self.receipts.remember(done.position, receipt);
        Ok(receipt)
    }
}

impl Core {
    /// Lets the engine know a dataset's topic that another node has made a moment ago.
    pub(crate) async fn know(&self, dataset: &Dataset) -> Result<(), Failed> {
        let first = Partition { topic: Topic::Data(dataset.name.clone()), number: 0 };
        match self.log.follow(&first) {
            Err(ReadError::NoSuchPartition(_)) if self.log.is_shared() => {
                let made = self.log.create(&dataset.name, dataset.partitions, dataset.keep()).await;
                made.map_err(|cause| refuse::append(&cause).into())
            }
            _ => Ok(()),
        }
    }
}

/// A call's change names no actor.
#[derive(Debug, thiserror::Error)]
#[error("a change of a call has no actor")]
struct Actorless;
