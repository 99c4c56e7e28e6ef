//! A thin client of the hub: connections under mutual TLS, a method per call of the API, and the
//! two streams that matter, each in two heights:
//!
//! - [`Publisher`] and [`Subscriber`] outlive a hub that restarts: they connect again, resend and
//!   resume. Begin with these.
//! - [`Client::publish_batch`] is one call; [`Subscription`] is one stream, as the API has it.
//!
//! With the feature `mock` there is a hub for the tests of one's own program (`mock::MockHub`).
//!
//! It is not a second hub: it decides nothing, stores nothing and hides nothing. Messages are those
//! of `ndxp_proto`, and every refusal comes back as a [`Failure`] with the hub's reason.
//!
//! Invariants:
//! - A call is repeated only where the hub says that a retry may help (`RetryInfo`), with the same
//!   request id and the same record ids, so that a repetition never happens twice.
//! - One's own change is seen by one's next call: the highest registry position that any answer
//!   carried goes with every request.
//! - A stream is opened again where the hub says so, and where the connection was lost under it;
//!   never where the hub refused.
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
mod life;
#[cfg(feature = "mock")]
pub mod mock;
mod publish;
mod publisher;
mod retry;
mod service;
mod subscribe;
mod subscriber;

pub use batch::{Batcher, MAX_BATCH_BYTES, MAX_BATCH_RECORDS};
pub use client::{Client, MAX_CONNECTIONS, request_id};
pub use identity::{Identity, IdentityError};
pub use publish::{PublishTo, Published, PublishedInPart};
pub use publisher::{Batch, BatchResult, Publisher, PublisherOptions, Stopped};
pub use subscribe::{Ack, Delivery, Event, Settlement, SubscribeOptions, Subscription};
pub use subscriber::{News, Subscriber, SubscriberOptions};

pub use ndxp_proto as proto;
pub use ndxp_proto::error::Failure;
