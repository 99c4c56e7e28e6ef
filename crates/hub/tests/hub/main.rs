//! The hub over real sockets: what it promises, and what it does with bad input.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod path;
