//! The limits that a caller meets; `WhoAmI` tells them.

use ndxp_proto::registry as pb;

/// The limits of a node. Sizes are bytes unless the name says otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub publish_records: usize,
    pub publish_bytes: usize,
    pub record_bytes: usize,
    /// How many batches of a stream may be unanswered.
    pub publish_window: u32,
    pub record_depth: usize,
    pub outstanding_records: u32,
    pub outstanding_bytes: u64,
    pub message_bytes: usize,
    /// The most records and payload bytes of one delivered frame.
    pub frame_records: usize,
    pub frame_bytes: usize,
    /// The most streams that one system may have open.
    pub streams_per_system: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            publish_records: 500,
            publish_bytes: 3 << 20,
            record_bytes: 1 << 20,
            publish_window: 8,
            record_depth: 64,
            outstanding_records: 10_000,
            outstanding_bytes: 64 << 20,
            message_bytes: 4 << 20,
            frame_records: 500,
            frame_bytes: 3 << 20,
            streams_per_system: 64,
        }
    }
}

impl Limits {
    pub(crate) fn message(self) -> pb::Limits {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        pb::Limits {
            publish_records: count(self.publish_records),
            publish_bytes: self.publish_bytes as u64,
            record_bytes: self.record_bytes as u64,
            record_depth: count(self.record_depth),
            outstanding_records: self.outstanding_records,
            outstanding_bytes: self.outstanding_bytes,
            message_bytes: self.message_bytes as u64,
        }
    }
}
