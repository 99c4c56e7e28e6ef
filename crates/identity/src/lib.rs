//! Who is at the other end of a connection: mutual TLS 1.3 with an own accept loop.
//!
//! A handshake proves facts ([`PeerCertificate`]); it does not judge what may be done with them.
//! A peer without a certificate, or with a chain to no configured authority, fails in TLS. A
//! certificate of ours that is expired, revoked or badly named gets a connection all the same, in
//! quarantine, so that every call on it can answer what is wrong. Whether the system is registered
//! is the hub's to say.
//!
//! INVARIANT: a [`TlsStream`] exists only after the peer has proven that it holds the key of its
//! certificate, and that certificate was judged by the settings in force when the stream was
//! handed out. Sessions are never resumed: a resumed one would skip that judgement.
//!
//! INVARIANT: once [`KillSwitch::kill`] has returned, no byte of the stream is read or written.

mod accept;
mod certificate;
mod connection;
mod failure;
mod handshake;
mod kill;
mod peer;
mod revocation;
mod sentence;
mod settings;
mod stream;
mod verifier;

use std::sync::Arc;

use ndxp_model::Timestamp;

pub use accept::{Acceptor, Incoming, Limits};
pub use certificate::{NameProblem, PeerCertificate, Quarantine, Standing};
pub use connection::Connections;
pub use failure::{FailedHandshake, FailureHook, HandshakeFailure};
pub use kill::{FAREWELL, KillSwitch};
pub use peer::{ConnectionId, Peer, QUARANTINE_AGE, QUARANTINE_CALLS, QuarantinedCall};
pub use revocation::CrlDates;
pub use sentence::Sentence;
pub use settings::{CRL_GRACE, ServerTls, TlsConfigError, TlsMaterial};
pub use stream::TlsStream;

/// Tells the time of day; a test moves it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
