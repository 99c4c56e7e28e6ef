//! Who may send or receive what: sharing agreements compiled to an index, decisions with their
//! reasons, and the projection that an allow obliges the hub to apply.
//!
//! This crate decides and never acts: it has no clock, file, socket or chance, and stores nothing.
//! Which agreement is in force is the registry's business; here a [`Standing`] says so. Whether a
//! caller is known and a dataset is visible (clauses 1 and 3) is settled before [`decide`].
//!
//! Invariants, each a property in the tests:
//! - An allow rests on one agreement that grants everything by itself; two are never united.
//! - An allow made at `now` is made again, to the letter, at every instant before `holds_until`.
//! - A projection shows nothing that the allow-list does not name, whatever the record looks like.
//! - A caller without an agreement learns no more than that there is none.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agreements;
mod decide;
mod decision;
mod plan;
mod reason;

pub use agreements::{Agreements, Standing, Status};
pub use decide::decide;
pub use decision::{AccessRequest, Decision, Denial, Grant};
pub use plan::{Plan, Seen, Unreadable};
pub use reason::Reason;
