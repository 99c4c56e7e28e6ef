//! The hub over real sockets: what it promises, and what it does with bad input.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod cut;
mod leaves;
mod path;
mod setup;
