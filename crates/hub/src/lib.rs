//! The hub: gateway and router of one node. It takes records, decides, audits, and hands them out.
//!
//! What is decided stands in the pure crates; here are the shells around them: the tonic services
//! ([`services`]), the node's copy of the registry ([`registry`]), the one writer of audit entries
//! ([`ledger`]), publishing ([`publish`]) and subscribing ([`subscribe`]).
//!
//! Invariants: a call passes the gate before anything is read; nothing is appended or handed out but
//! through the ledger; a decision is made on the registry as it is at that moment.

#![expect(rustdoc::private_intra_doc_links, reason = "the map of this crate is for its readers")]

mod boot;
mod budget;
mod call;
mod change;
mod code_lists;
mod contract;
mod core;
mod cursors;
mod decide;
mod duplicates;
mod evolution;
mod fold;
mod forward;
mod gate;
mod genesis;
mod headers;
mod http;
mod keys;
mod lanes;
mod ledger;
mod limits;
mod metrics;
mod monotonic;
mod node;
mod nodes;
mod publish;
mod pulse;
mod readers;
mod receipts;
mod recheck;
mod refuse;
mod registry;
mod schemas;
mod services;
mod subscribe;
mod trace;
mod vital;

pub use boot::BootError;
pub use code_lists::CodeListsError;
pub use cursors::CursorKey;
pub use genesis::{Genesis, GenesisError, genesis};
pub use http::LogSize;
pub use keys::Keys;
pub use lanes::Moved;
pub use monotonic::{Monotonic, boot_time};
pub use node::{
    DRAIN, Node, Parts, Reload, StartError, TlsFiles, TlsReadError, TlsSource, UnknownFormat, bind,
};
pub use nodes::{Neighbours, NodeTls};
pub use publish::StateError;
#[cfg(feature = "measure")]
#[doc(hidden)]
pub use readers::measure;
pub use registry::FollowError;
pub use subscribe::SlotError;
