//! One call's records on their way, and the one answer that comes of their delivery reports.

use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::partitions::{Slot, lock};

/// The room in the queue that a call's records take, given back with the last of them.
pub(super) type Room = Arc<OwnedSemaphorePermit>;

/// What came of a call: the offsets of its records, or why that is not known.
pub(super) type Outcome = Result<Vec<u64>, String>;

#[derive(Debug)]
struct Call {
    state: Mutex<State>,
    _room: Room,
}

#[derive(Debug)]
struct State {
    offsets: Vec<u64>,
    left: usize,
    failure: Option<String>,
    done: Option<oneshot::Sender<Outcome>>,
}

/// What librdkafka carries for one record and gives back with its delivery report.
#[derive(Debug)]
pub(super) struct Ticket {
    call: Arc<Call>,
    position: usize,
    pub(super) slot: Arc<Slot>,
}

/// Makes the tickets of one call, one for each slot given, and the place where its answer comes.
pub(super) fn tickets(
    slots: impl ExactSizeIterator<Item = Arc<Slot>>,
    room: Room,
) -> (impl Iterator<Item = Ticket>, oneshot::Receiver<Outcome>) {
    let (done, answer) = oneshot::channel();
    let left = slots.len();
    let state = State { offsets: vec![0; left], left, failure: None, done: Some(done) };
    let call = Arc::new(Call { state: Mutex::new(state), _room: room });
    let tickets = slots.enumerate().map(move |(position, slot)| Ticket {
        call: Arc::clone(&call),
        position,
        slot,
    });
    (tickets, answer)
}

impl Ticket {
    /// The brokers have it for good, at this offset.
    pub(super) fn delivered(self, offset: u64) {
        self.slot.reach(offset + 1);
        self.settle(Ok(offset));
    }

    /// It may or may not be there.
    pub(super) fn lost(self, why: String) {
        self.settle(Err(why));
    }

    fn settle(self, outcome: Result<u64, String>) {
        let mut state = lock(&self.call.state);
        match outcome {
            Ok(offset) => state.offsets[self.position] = offset,
            Err(why) => {
                state.failure.get_or_insert(why);
            }
        }
        state.left -= 1;
        if state.left > 0 {
            return;
        }
        let offsets = std::mem::take(&mut state.offsets);
        let answer = state.failure.take().map_or(Ok(offsets), Err);
        if let Some(done) = state.done.take() {
            // A caller that has gone away has nothing to learn.
            let _ = done.send(answer);
        }
    }
}
