//! A thin client of the hub: one connection under mutual TLS, a method per call of the API, and the
//! two streams that matter, publishing in batches and receiving with credit.
//!
//! It is not a second hub: it decides nothing, stores nothing and hides nothing. Messages are those
//! of `ndxp_proto`, and every refusal comes back as a [`Failure`] with the hub's reason.
//!
//! Invariants:
//! - A call is repeated only where the hub says that a retry may help (`RetryInfo`), with the same
//!   request id and the same record ids, so that a repetition never happens twice.
//! - One's own change is seen by one's next call: the highest registry position that any answer
//!   carried goes with every request.
//! - `Ok` from publishing means durable; an acknowledgement is durable when its result arrived.

#![expect(
    clippy::result_large_err,
    reason = "a failure is made once for a call over the network: its size costs nothing"
)]

mod batch;
mod channel;
mod client;
mod failure;
mod identity;
mod publish;
mod retry;
mod service;
mod subscribe;

pub use batch::{Batcher, MAX_BATCH_BYTES, MAX_BATCH_RECORDS};
pub use client::{Client, request_id};
pub use identity::{Identity, IdentityError};
pub use publish::{PublishTo, Published, PublishedInPart};
pub use subscribe::{Ack, Delivery, Event, SubscribeOptions, Subscription};

pub use ndxp_proto as proto;
pub use ndxp_proto::error::Failure;
