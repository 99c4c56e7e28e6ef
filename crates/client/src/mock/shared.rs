//! What the mock knows, and who is told when it changes.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use ndxp_proto::error::Reason;
use tokio::sync::watch;
use tonic::Status;

use super::{publishing::Publishing, refusal, subscription::Subscription, wire::Cutter};

/// The mock's state, shared by its services and the test.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    state: Arc<Mutex<State>>,
    changes: watch::Sender<u64>,
    cutter: Cutter,
}

/// What the mock knows.
#[derive(Debug, Default)]
pub(super) struct State {
    /// What the next calls are refused for.
    pub(super) refusals: VecDeque<Reason>,
    /// How many answers are still to be lost.
    pub(super) lost_answers: u64,
    pub(super) publishing: Publishing,
    subscriptions: HashMap<String, Subscription>,
}

impl State {
    pub(super) fn subscription(&mut self, name: &str) -> &mut Subscription {
        self.subscriptions.entry(name.to_owned()).or_default()
    }

    pub(super) fn end_streams(&mut self, reason: Reason) {
        self.subscriptions.values_mut().for_each(|subscription| subscription.end(reason));
    }
}

impl Shared {
    pub(super) fn new(cutter: Cutter) -> Self {
        Self { state: Arc::default(), changes: watch::Sender::new(0), cutter }
    }

    /// Changes what is known and wakes who waits for a change.
    pub(super) fn change<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        let result = how(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|count| *count += 1);
        result
    }

    pub(super) fn read<T>(&self, what: impl FnOnce(&State) -> T) -> T {
        what(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works on a subscription for its own stream, which needs no waking.
    pub(super) fn quietly<T>(&self, name: &str, how: impl FnOnce(&mut Subscription) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        how(state.subscription(name))
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Refuses if the test has asked for it.
    pub(super) fn gate(&self) -> Result<(), Reason> {
        self.change(|state| state.refusals.pop_front()).map_or(Ok(()), Err)
    }

    /// Loses the connections if the test has asked for it: an answer does not arrive.
    pub(super) fn answer(&self) -> Result<(), Status> {
        let is_lost = self.change(|state| {
            let is_lost = state.lost_answers > 0;
            state.lost_answers -= u64::from(is_lost);
            is_lost
        });
        if is_lost {
            self.cutter.cut();
            return Err(Status::unavailable("nobody hears this"));
        }
        Ok(())
    }
}

/// Makes the status of a refusal.
pub(super) fn status(reason: Reason) -> Status {
    refusal(reason).into_status("mock-request")
}
