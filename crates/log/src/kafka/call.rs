//! One call's records on their way, and the one answer that comes of their delivery reports.

use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::partitions::{Slot, lock};
use crate::AppendError;

/// The room in the queue that a call's records take, given back with the last of them.
pub(super) type Room = Arc<OwnedSemaphorePermit>;

/// Where a call's records are.
#[derive(Debug)]
pub(super) struct Written {
    /// The entry that covers them, if one does.
    pub(super) entry: Option<u64>,
    pub(super) offsets: Vec<u64>,
}

/// What came of a call.
pub(super) type Outcome = Result<Written, AppendError>;

/// Who waits for a call's outcome.
#[derive(Debug)]
pub(super) struct Reply {
    /// The entry that covers the records and is durable, if there is one.
    pub(super) entry: Option<u64>,
    /// Nothing where somebody else holds it.
    pub(super) room: Option<Room>,
    pub(super) done: oneshot::Sender<Outcome>,
}

#[derive(Debug)]
struct Call {
    /// Where each record goes.
    slots: Vec<Arc<Slot>>,
    entry: Option<u64>,
    state: Mutex<State>,
    _room: Option<Room>,
}

#[derive(Debug)]
struct State {
    /// Where each record is, as far as that is known.
    offsets: Vec<Option<u64>>,
    left: usize,
    failure: Option<String>,
    done: Option<oneshot::Sender<Outcome>>,
}

/// What librdkafka carries for one record and gives back with its delivery report.
#[derive(Debug)]
pub(super) struct Ticket {
    call: Arc<Call>,
    position: usize,
}

/// Makes the tickets of one call, one for each slot given.
pub(super) fn tickets(slots: Vec<Arc<Slot>>, reply: Reply) -> impl Iterator<Item = Ticket> {
    let Reply { entry, room, done } = reply;
    let left = slots.len();
    let state = State { offsets: vec![None; left], left, failure: None, done: Some(done) };
    let call = Arc::new(Call { slots, entry, state: Mutex::new(state), _room: room });
    (0..left).map(move |position| Ticket { call: Arc::clone(&call), position })
}

impl Ticket {
    /// Where the record goes.
    pub(super) fn slot(&self) -> &Slot {
        &self.call.slots[self.position]
    }

    /// The brokers have it for good, at this offset.
    pub(super) fn delivered(self, offset: u64) {
        self.settle(Ok(offset));
    }

    /// Not one record of the call was handed over.
    pub(super) fn refused(self, why: String) {
        let error = match self.call.entry {
            // What covers it is there.
            Some(_) => AppendError::Unknown(why),
            None => AppendError::Unavailable(why),
        };
        if let Some(done) = lock(&self.call.state).done.take() {
            let _ = done.send(Err(error));
        }
    }

    /// It may or may not be there.
    pub(super) fn lost(self, why: String) {
        self.settle(Err(why));
    }

    fn settle(self, outcome: Result<u64, String>) {
        let mut state = lock(&self.call.state);
        match outcome {
            Ok(offset) => state.offsets[self.position] = Some(offset),
            Err(why) => {
                state.failure.get_or_insert(why);
            }
        }
        state.left -= 1;
        if state.left > 0 {
            return;
        }
        let (offsets, failure) = (std::mem::take(&mut state.offsets), state.failure.take());
        let done = state.done.take();
        drop(state);
        self.call.reach(&offsets);
        let written =
            || Written { entry: self.call.entry, offsets: offsets.into_iter().flatten().collect() };
        let answer = failure.map_or_else(|| Ok(written()), |why| Err(AppendError::Unknown(why)));
        if let Some(done) = done {
            // A caller that has gone away has nothing to learn.
            let _ = done.send(answer);
        }
    }
}

impl Call {
    /// Moves the ends of its partitions. From the last record on: so each end moves, and wakes who
    /// waits for it, once.
    fn reach(&self, offsets: &[Option<u64>]) {
        for (slot, offset) in self.slots.iter().zip(offsets).rev() {
            if let Some(offset) = offset {
                slot.reach(offset + 1);
            }
        }
    }
}
