//! What the two streams do when all goes well, when a connection is lost, and when the hub refuses.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod publisher;
mod subscriber;
