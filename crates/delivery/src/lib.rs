//! One subscription's delivery as a state machine: what was handed out, what is settled, what may
//! be read next.
//!
//! Two halves. [`Progress`] is the durable one, a fold of the [`DeliveryRecord`]s in the
//! subscription's [`lane`]; [`Stream`] is the live one, rebuilt from a `Progress` whenever a
//! consumer opens a stream. Every change of a `Stream` that must outlive it comes back as a record,
//! and the shell does the rest, in this order:
//!
//! 1. Opening: append [`Progress::opening`], apply it; if [`Applied::Taken`], [`Stream::open`].
//! 2. Delivering: [`Stream::hand`], append its [`Handed`] behind the release's audit entry, apply
//!    it; only if [`Applied::Taken`] may the frame leave. [`Applied::Fenced`] ends the stream.
//! 3. Settling: [`Stream::ack`], append the [`Cursor`] if there is one.
//! 4. An append that failed, or whose outcome is unknown, ends the stream: the next one starts from
//!    what the log holds. A `Stream` that went on would be ahead of the log.
//!
//! It does not read the log, decide, project or audit, and it has no clock and no random source.
//!
//! Invariants (`tests/simulation.rs` tries to break them):
//! - A cursor never passes an offset that is neither acknowledged nor withheld.
//! - Nothing below a durable cursor is handed again; everything handed and not acknowledged is.
//! - Whatever may have been sent before is handed again with an attempt above 1.
//! - What is outstanding never exceeds the credit granted, nor the limits.
//! - Folding the records again gives the same bytes.
//!
//! Delivery is at least once. Offsets acknowledged out of order above the cursor are not durable:
//! after a crash they are handed again, with an attempt above 1.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod lane;
mod limits;
mod progress;
mod record;
mod spans;
mod stream;
mod token;

pub use lane::lane;
pub use limits::{InvalidLimits, Limits, Room};
pub use progress::{Applied, Progress};
pub use record::{Cursor, DeliveryRecord, Handed, HandedRange, Opened, UnreadableRecord};
pub use stream::{
    Delivery, HandError, HandOut, Item, NotOpened, Settled, Stream, UnknownPartition,
};
pub use token::{AckToken, InvalidAckToken};
