//! Real TLS over real sockets, with certificates of a development authority.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod crowd;
mod handshake;
mod kill;
mod session;
mod settings;
mod support;
mod under_tonic;
