//! A publisher's stream: batches are judged ahead, appended in order, one append at a time, and
//! answered in order. The first batch that cannot be taken ends it.

mod end;
mod inbox;
mod live;
mod open;
mod outbox;
mod right;

pub(crate) use {open::publish_stream, outbox::Frames};
