//! Schemas and the verdict on a record: strict JSON, limits, validation, bounded explanations.
//!
//! One pure crate gives the command line, the gateway and every replay the same verdict. It has no clock, file,
//! socket, environment or random source, and the `jsonschema` crate stays behind its surface.
//!
//! Invariants:
//! - [`json::read`] never rounds a number and never drops a member.
//! - [`Validator::decide`] is the verdict; [`Validator::explain`] only words it. Where `decide` says no, `explain`
//!   has at least one violation.
//! - No message holds a value of the record, and all work is bounded and counted in steps, never by time.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bare;
mod bundle;
mod codes;
mod compare;
mod describe;
mod documents;
mod explain;
mod fmt;
pub mod generate;
mod hash;
mod infer;
pub mod json;
pub mod lint;
pub mod odcs;
mod pointer;
pub mod position;
mod privacy;
mod profile;
mod reach;
mod schema;
mod validator;

pub use bare::Bare;
pub use bundle::{Bundle, BundleError, bundle};
pub use codes::{CodeList, CodeListError, CodeListRef, CodeLists, Day, Span};
pub use compare::{
    Breaks, Bump, Change, Comparison, Direction, Effort, Mode, Policy, Proof, Verdict, Witness,
    compare, compare_with,
};
pub use describe::{Applied, Description, Inherited, describe, markdown};
pub use documents::{Context, Documents};
pub use explain::{Budget, Explanation, Violation};
pub use fmt::format;
pub use hash::hash;
pub use infer::Samples;
pub use privacy::{Privacy, Show};
pub use profile::{
    Checksum, CodeListUse, CodesOf, Difference, FormatMode, Label, NameHint, National,
    NationalError, NationalFormat, PersonalData, Profile, Refs, SchemaLimits, VerdictIdentity,
    Words,
};
pub use reach::{Moved, Reach, moved};
pub use schema::{Columns, Dialect, Schema, SchemaProblem, SchemaProblems};
pub use validator::{CompileError, Validator};
