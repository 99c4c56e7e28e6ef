//! A partition that stopped answering takes one append at a time, as a trial, until one is
//! acknowledged: who comes meanwhile is refused at once instead of waiting for the time-out.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use super::partitions::Slot;

const ANSWERS: u8 = 0;
const SILENT: u8 = 1;
const TRYING: u8 = 2;

/// Whether a partition answers.
#[derive(Debug, Default)]
pub(super) struct Trial(AtomicU8);

impl Trial {
    /// Notes that the brokers acknowledged an append.
    pub(super) fn answered(&self) {
        if self.0.load(Ordering::Relaxed) != ANSWERS {
            self.0.store(ANSWERS, Ordering::Relaxed);
        }
    }

    /// Notes that an append was not acknowledged.
    pub(super) fn failed(&self) {
        self.0.store(SILENT, Ordering::Relaxed);
    }

    /// Says whether an append may go on; `Some(true)` makes it the trial.
    fn enter(&self) -> Option<bool> {
        match self.0.compare_exchange(SILENT, TRYING, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Some(true),
            Err(ANSWERS) => Some(false),
            Err(_) => None,
        }
    }
}

/// An append's leave to be sent to its partitions. Dropped before it was used, it gives the place
/// of a trial back.
#[derive(Debug, Default)]
pub(super) struct Leave(Vec<Arc<Slot>>);

impl Leave {
    /// Asks for one more partition; `None` if another append is trying it.
    pub(super) fn ask(&mut self, slot: &Arc<Slot>) -> Option<()> {
        if self.0.iter().any(|mine| Arc::ptr_eq(mine, slot)) {
            return Some(());
        }
        if slot.trial.enter()? {
            self.0.push(Arc::clone(slot));
        }
        Some(())
    }

    /// The appends to these are on their way: their outcomes say what comes of the trials.
    pub(super) fn used(&mut self, slots: &[Arc<Slot>]) {
        self.0.retain(|mine| !slots.iter().any(|slot| Arc::ptr_eq(mine, slot)));
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        for slot in &self.0 {
            slot.trial.failed();
        }
    }
}
