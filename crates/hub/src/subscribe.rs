//! Subscribing: one task a stream runs the delivery machine between the log and the consumer.

mod batch;
mod may;
mod slots;
mod stream;
mod streams;

pub use slots::SlotError;
pub(crate) use {may::may, slots::Slots, stream::open, streams::Streams};
