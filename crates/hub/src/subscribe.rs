//! Subscribing: one task a stream runs the delivery machine between the log and the consumer.

mod deliver;
mod end;
mod gap;
mod judge;
pub(crate) mod letters;
mod live;
mod may;
mod members;
mod open;
mod options;
mod outbound;
mod outbox;
mod right;
pub(crate) mod seek;
mod slots;
mod streams;
mod take;
mod tell;

pub use slots::SlotError;
pub(crate) use {
    may::may,
    open::open,
    outbound::Outbound,
    outbox::{Frames, Outbox},
    slots::Slots,
    streams::{Place, Streams},
};
