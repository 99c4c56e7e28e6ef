//! The registry: who takes part, what is shared, and under which agreements, as a fold of
//! `ndxp.registry`.
//!
//! Commands are decided on a state (`decide`), and what was decided is written down as events that
//! are outcomes (`apply`): a replay gives the same state whatever the rules of its time. All events
//! of one command are one [`RegistryRecord`], which carries `base`, the number of records that the
//! decision had seen. `apply` accepts a record if and only if `base` is its own count, so every
//! decision was made on exactly the state that it changes, with no lock and no leader.
//!
//! This crate is pure. What is costly, such as parsing a schema, comes in as a finished value.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod apply;
mod canonical;
mod command;
mod decide;
mod event;
mod evidence;
mod format;
mod record;
mod refused;
mod state;

pub use apply::{Applied, ApplyError};
pub use command::{Command, Request, StartAt};
pub use decide::{Outcome, decide};
pub use event::Event;
pub use evidence::{Change, Compared, Evidence, Verdict};
pub use format::GOAL;
pub use record::{FORMAT, RecordError, RegistryRecord};
pub use refused::Refused;
pub use state::{
    AgencyEntry, AgreementEntry, AgreementStatus, Approval, CodeListPin, DatasetEntry, Override,
    Revision, SchemaEntry, Seen, State, Subscription,
};
