//! The registry's claims: who may do what, what is stored, and that a replay rebuilds the state.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod golden;
mod memory;
mod replay;
mod rules;
mod sample;
mod walk;
mod world;
