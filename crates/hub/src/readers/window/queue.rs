//! The order in which stretches are let go: the oldest first.

use std::collections::VecDeque;

use ndxp_log::Partition;
use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Queue {
    order: VecDeque<(Instant, Partition, u64)>,
    bytes: usize,
    limit: usize,
}

impl Queue {
    pub(super) fn new(limit: usize) -> Self {
        Self { order: VecDeque::new(), bytes: 0, limit }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, at: Partition, from: u64, bytes: usize) {
        self.order.push_back((Instant::now(), at, from));
        self.bytes += bytes;
    }

    pub(super) fn grow(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Takes the oldest out if all together are too large, or if it was there before `since`.
    pub(super) fn oldest_due(&mut self, since: Instant) -> Option<(Partition, u64)> {
        let (pushed, ..) = self.order.front()?;
        if self.bytes <= self.limit && *pushed >= since {
            return None;
        }
        self.order.pop_front().map(|(_, at, from)| (at, from))
    }

    pub(super) fn gone(&mut self, bytes: usize) {
        self.bytes -= bytes;
    }
}
