//! What came over the present stream and was not settled.

use std::collections::HashSet;

use bytes::Bytes;
use ndxp_proto::exchange::DeliveredRecord;

use crate::Ack;

/// The ack tokens that may still be used: each once, and none of an earlier stream.
#[derive(Debug, Default)]
pub(super) struct Outstanding(HashSet<Bytes>);

impl Outstanding {
    pub(super) fn add(&mut self, records: &[DeliveredRecord]) {
        self.0.extend(records.iter().map(|record| record.ack_token.clone()));
    }

    pub(super) fn has(&self, handle: &Ack) -> bool {
        self.0.contains(handle.token())
    }

    pub(super) fn remove(&mut self, handle: &Ack) -> bool {
        self.0.remove(handle.token())
    }
}
