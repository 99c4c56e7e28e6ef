//! Code lists: which codes are in force on a day, and what a schema asks of them.
//!
//! A list is a dataset; one state of it is named by the SHA-256 of its rows. Rows say from and until which day they
//! hold, so a verdict depends on the day of the record's event and on nothing else that changes.

mod at;
mod day;
mod lists;
mod rows;
mod state;

use serde::Serialize;

pub(crate) use at::{Asked, CodesAt};
pub use day::{Day, Span};
pub use lists::CodeLists;
pub use state::{CodeList, CodeListError};

pub(crate) use rows::Standing;

/// The keyword that asks for membership.
pub(crate) const KEYWORD: &str = "x-ndxp-codelist";

/// A list that a schema asks: the state in force, or a state that the schema names itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CodeListRef {
    /// The dataset, for example `home-affairs/administrative-units`.
    pub dataset: String,
    /// `sha256:<hex>`, where the schema names one state.
    pub sha256: Option<String>,
}

impl CodeListRef {
    /// Reads a value of `x-ndxp-codelist`: `agency/dataset`, or that with `@sha256:<hex>`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (dataset, sha256) = match text.split_once('@') {
            Some((dataset, hash)) => (dataset, Some(hash)),
            None => (text, None),
        };
        let (agency, name) = dataset.split_once('/')?;
        let id = |part: &str| {
            (1..=63).contains(&part.len())
                && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        let good = id(agency) && id(name) && sha256.is_none_or(is_sha256);
        good.then(|| Self { dataset: dataset.to_owned(), sha256: sha256.map(str::to_owned) })
    }
}

fn is_sha256(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:");
    hex.is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests;
