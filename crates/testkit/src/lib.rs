//! What tests of several crates share: fakes, fixtures, fault injection, and [`skip()`].
//!
//! For development only: no crate depends on it but as a dev-dependency, and nothing in here is
//! reached by the binary.

pub mod skip;

pub use skip::skip;
