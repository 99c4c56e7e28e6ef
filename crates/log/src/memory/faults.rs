//! The handle that injects faults.

use std::sync::Arc;

use super::{Memory, Shared};

/// What happens to one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered `Unavailable`, and nothing is written.
    NotWritten,
    /// It is answered `Unknown`, and everything is written.
    Written,
    /// It is answered `Unknown`; of an `append_after` the audit entry is written and nothing that
    /// it covers, of an `append` nothing.
    EntryOnly,
}

/// Injects faults into one [`Memory`] engine. Clones act on the same engine.
#[derive(Debug, Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

impl Faults {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Lets the next append meet this fault. Faults queue: the second call is for the append after
    /// the next. An append that is refused for its content or writes nothing uses none up.
    pub fn next_append(&self, fault: Fault) {
        self.shared.state().faults.push_back(Some(fault));
    }

    /// Lets the next append that no fault is queued for pass; the next fault is for one behind it.
    pub fn pass_append(&self) {
        self.shared.state().faults.push_back(None);
    }

    /// Forgets the faults that no append has met yet.
    pub fn no_more(&self) {
        self.shared.state().faults.clear();
    }

    /// Lets the next `count` reads fail with `Unavailable`.
    pub fn next_reads(&self, count: usize) {
        self.shared.state().failing_reads = count;
    }

    /// From now on appends are written but not synced: their callers wait, readers see nothing.
    pub fn hold(&self) {
        self.shared.state().held = true;
    }

    /// Syncs what was written, answers the callers that wait, and ends the hold.
    pub fn release(&self) {
        self.shared.state().release();
    }

    /// Waits until `count` appends in all have been written to this engine, synced or not.
    pub async fn written(&self, count: u64) {
        let mut written = self.shared.written.subscribe();
        // The sender lives in `shared`, so the wait cannot fail.
        let _ = written.wait_for(|now| *now >= count).await;
    }

    /// Takes the power away: callers that wait get `Unknown`, the engine answers `Unavailable` from
    /// now on, and what was durable is handed over in a fresh engine without faults.
    #[must_use]
    pub fn power_loss(&self) -> Memory {
        let mut state = self.shared.state();
        state.die();
        Memory::with(state.durable())
    }

    /// Ends the process, as `kill -9` does: callers that wait get `Unknown`, the engine answers
    /// `Unavailable` from now on, and what was written, synced or not, is handed over in a fresh
    /// engine without faults.
    #[must_use]
    pub fn kill(&self) -> Memory {
        let mut state = self.shared.state();
        state.die();
        state.sync_silently();
        Memory::with(state.durable())
    }

    /// Copies what is durable into a fresh engine without faults. This one goes on.
    #[must_use]
    pub fn copy(&self) -> Memory {
        Memory::with(self.shared.state().durable())
    }
}
