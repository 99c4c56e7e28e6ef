//! One subscription's delivery as a state machine: what was handed out, what is settled, what may
//! be read next, what failed and what is given up.
//!
//! Two halves. [`Progress`] is the durable one, a fold of the [`DeliveryRecord`]s in the
//! subscription's [`lane`]; [`Stream`] is the live one, rebuilt from a `Progress` whenever a
//! consumer opens a stream. Every change of a `Stream` that must outlive it comes back as a
//! [`Change`], and the shell does the rest.
//!
//! # The protocol
//!
//! 1. **Opening.** Append [`Progress::opening`], apply it; if [`Applied::Taken`], [`Stream::open`],
//!    and write the change that comes with it.
//! 2. **Writing a change.** Append and apply its records in order. Only if each was
//!    [`Applied::Taken`], append an empty value for each key to forget, in order. Whoever folds the
//!    lane gives empty values to [`Progress::forgotten`].
//! 3. **The loop.** [`Stream::want`] says what to fetch again, where to read on, how much, and until
//!    when to wait. What is read may all be parked: ask again until nothing is wanted. Give it the partitions' ends ([`Stream::see_end`]) or it asks for what is not
//!    there. Records that a row filter withholds are told ([`Stream::skip`]); those that were to be
//!    fetched again and are not there or may not leave any more too ([`Stream::withdraw`]).
//! 4. **Delivering.** [`Stream::hand`] chooses what goes into one frame. Append its [`Handed`] behind
//!    the release's audit entry, apply it; only if [`Applied::Taken`] may the frame leave. When the
//!    transport has taken it, [`Stream::taken`] starts the leases.
//! 5. **Settling.** [`Stream::settle`] and [`Stream::extend`]: write the change, then tell the result.
//! 6. **Now and then**, every few seconds: [`Stream::checkpoint`]; every hour or so:
//!    [`Stream::expire_letters`].
//! 7. **Ending.** If the client ended the stream or went away, [`Stream::closed`]; for a reason of
//!    the hub's, [`Stream::retire`]; write the change. A stream that was fenced, or whose append
//!    failed or has an unknown outcome, is dropped: the next one starts from what the log holds. A
//!    `Stream` that went on would be ahead of the log.
//! 8. **Officers' commands** ([`Stream::redrive`], [`Stream::purge`]) go to the live stream; without
//!    one, to a stream that is opened for them and retired. A seek ([`Progress::seeking`]) is
//!    appended as an opening is, and fences the stream.
//! 9. **Another view.** If [`Progress::views`] has more than one entry after the opening and the row
//!    filter differs, the shell gives the difference ([`Stream::begin_pass`], [`Stream::revisit`],
//!    [`Stream::end_pass`]). Where it does not differ, an empty pass says so.
//!
//! It does not read the log, decide, project or audit, and it has no clock ([`Now`] is an argument)
//! and no random source.
//!
//! # Invariants
//!
//! `tests/simulation.rs` tries to break them.
//! - A cursor never passes an offset that is neither settled nor withheld.
//! - What is durably settled is not handed out again, unless an officer asks for it.
//! - Whatever may have been sent before is handed out again with an attempt above 1.
//! - What is outstanding never exceeds the credit granted, nor the limits.
//! - By key, one record of a key is outstanding at a time, in the order of the log.
//! - A dead letter has a cause: the consumer's word, or failures of its own while others succeeded.
//! - Folding the records again gives the same bytes, compacted or not.
//!
//! Delivery is at least once. What is settled above the cursor becomes durable from time to time: a
//! crash hands the last of it out again, with an attempt above 1.
//!
//! # Failures
//!
//! A failure is a retry that the consumer asks for, a lease that ends, or a stream that the client
//! closes with records outstanding. It is *pending* until another record is acknowledged after it;
//! only then it is counted. 50 failures in a row, or at least 5 without anything acknowledged or
//! rejected for 60 s, are an outage: pending failures are dropped, nothing is counted, and one record
//! at a time is tried, another one each time, after 1 s, 2 s, … 5 min. The first acknowledgement
//! ends it; then the number of outstanding records starts at one and grows with each acknowledgement.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod change;
mod lane;
mod letter;
mod limits;
mod now;
mod options;
mod place;
mod progress;
mod record;
mod spans;
mod stream;
mod token;

pub use change::Change;
pub use lane::{Owned, lane};
pub use letter::{Cause, Closing, InvalidRejectReason, Letter, LetterState, RejectReason};
pub use limits::{InvalidLimits, Limits, Room};
pub use now::Now;
pub use options::{Backoff, InvalidOption, Lease, Options, Order, Parking, Patience};
pub use place::{KeyHash, Place, Verdict};
pub use progress::{Applied, Progress, WrongPartitions};
pub use record::{
    Base, Cursor, DeliveryRecord, Failed, Failure, Handed, HandedRange, LetterChanged, Opened,
    Outage, Settled, Sought, Span, UnreadableRecord, Viewed,
};
pub use stream::{
    Delivery, Extended, Fate, Frame, HandError, HandOut, Item, MOST_LETTERS, MOST_REDRIVEN, Newer,
    NoPass, NotOpened, Opening, Outcome, Pause, Read, Redriven, Refetch, Revisit, SettleResult,
    Settlement, Stream, TooManyRedriven, UnknownPartition, Waiting, Want,
};
pub use token::{AckToken, InvalidAckToken};
