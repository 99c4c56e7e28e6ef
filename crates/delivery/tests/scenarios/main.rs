//! Whole stories of a consumer and a hub that make no mistakes, on virtual time.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod failing;
mod leases;
mod letters;
mod parked;
mod seeks;
mod shell;
