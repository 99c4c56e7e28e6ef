//! Subscribing: one task a stream runs the delivery machine between the log and the consumer.

mod batch;
mod deliver;
mod end;
mod live;
mod may;
mod open;
mod outbox;
mod right;
mod slots;
mod streams;

pub use slots::SlotError;
pub(crate) use {
    may::may,
    open::open,
    outbox::{Frames, Outbox},
    slots::Slots,
    streams::{Place, Streams},
};
