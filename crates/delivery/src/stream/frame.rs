//! What goes into one frame, and what comes back for it.

use std::collections::BTreeMap;

use thiserror::Error;

use super::UnknownPartition;
use crate::{
    limits::Room,
    record::{Handed, HandedRange},
    spans::Spans,
    token::AckToken,
};

/// A record that may leave: it was read, decided on and projected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// The partition.
    pub partition: u32,
    /// The offset.
    pub offset: u64,
    /// Bytes that it counts for against the credit.
    pub size: u64,
}

/// What to do about a hand-out: make the record durable, then send a frame of the deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOut {
    /// The record to append behind the release's audit entry.
    pub handed: Handed,
    /// One for each item, in their order.
    pub deliveries: Vec<Delivery>,
}

/// What a frame says about a record beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// What the consumer settles it by.
    pub token: AckToken,
    /// Which time it is that the record is handed out. Above 1 it may have been received before.
    pub attempt: u32,
}

/// Why records cannot be handed out. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HandError {
    /// A frame holds at least one record.
    #[error("there is nothing to hand out")]
    Empty,
    /// They exceed [`Stream::room`](crate::Stream::room).
    #[error("{} records of {} bytes exceed the room of {} and {}", asked.records, asked.bytes, room.records, room.bytes)]
    NoRoom {
        /// What was to be handed out.
        asked: Room,
        /// What there is room for.
        room: Room,
    },
    /// There is no such partition.
    #[error(transparent)]
    UnknownPartition(#[from] UnknownPartition),
    /// The offset is not the next one: it was passed already, or one before it was neither handed
    /// out nor withheld and would be lost.
    #[error("offset {offset} of partition {partition} is out of order, {next} is next")]
    OutOfOrder {
        /// The partition.
        partition: u32,
        /// The offset that was to be handed out.
        offset: u64,
        /// The lowest that has to be handed out or withheld first.
        next: u64,
    },
}

/// Says in ranges what was handed out, by partition and offset.
pub(super) fn ranges(spans: &BTreeMap<u32, Spans<u32>>) -> Vec<HandedRange> {
    let ranges = spans.iter().flat_map(|(&partition, spans)| {
        spans.iter().map(move |(span, attempt)| HandedRange {
            partition,
            first: span.start,
            last: span.end - 1,
            attempt,
        })
    });
    ranges.collect()
}
