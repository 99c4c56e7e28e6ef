//! YAML: each document a record, read by its core schema into what JSON can hold.

mod build;
mod node;
mod scalar;

use anyhow::{Result, bail};
use ndxp_schema::json::Limits;
use saphyr_parser::Parser;
use serde_json::Value;

use super::file::Bytes;
use build::Builder;
pub(crate) use node::{Node, Place};

/// A file of YAML is held whole; one that is larger is NDJSON's business.
const MAX_FILE: usize = 64 << 20;

/// Documents of a batch.
const DOCUMENTS: usize = 100;

/// A record and the places of its values.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) root: Node,
}

/// Why a document is no record, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// `yaml`, or as the strict JSON reader: `duplicate-key`, `limit`.
    pub(crate) keyword: &'static str,
    pub(crate) place: Place,
    pub(crate) message: String,
}

/// The documents of a file; a fault is the last.
pub(super) struct Documents {
    found: std::iter::Peekable<std::vec::IntoIter<Result<Document, Fault>>>,
}

impl Documents {
    pub(super) fn read(mut source: Bytes, limits: Limits) -> Result<Self> {
        let bytes = source.rest(MAX_FILE)?;
        if bytes.len() > MAX_FILE {
            bail!("{} is larger than {MAX_FILE} bytes: write NDJSON", source.path().display());
        }
        Ok(Self { found: documents(&bytes, limits).into_iter().peekable() })
    }

    pub(super) fn next(&mut self) -> Option<(Vec<Result<Document, Fault>>, usize)> {
        self.found.peek()?;
        let batch: Vec<_> = self.found.by_ref().take(DOCUMENTS).collect();
        let size = batch.len();
        Some((batch, size))
    }
}

/// Reads all documents. Reading ends at the first fault: what YAML means after one is anybody's guess.
pub(crate) fn documents(bytes: &[u8], limits: Limits) -> Vec<Result<Document, Fault>> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = ndxp_schema::position::at(bytes, error.valid_up_to());
            let place = Place { line: at.line, column: at.column };
            return vec![Err(fault("yaml", place, "not valid UTF-8"))];
        }
    };
    let mut builder = Builder::new(limits);
    let mut found = Vec::new();
    for event in Parser::new_from_str(text) {
        let step = event.map_err(|error| {
            let place = Place { line: error.marker().line(), column: error.marker().col() + 1 };
            // The parser has a bound of its own, for brackets.
            let deep = error.info().contains("recursion limit");
            fault(if deep { "limit" } else { "yaml" }, place, error.info())
        });
        match step.and_then(|(event, span)| builder.take(event, span)) {
            Ok(None) => {}
            Ok(Some(document)) => found.push(Ok(document)),
            Err(fault) => {
                found.push(Err(fault));
                break;
            }
        }
    }
    found
}

fn fault(keyword: &'static str, place: Place, message: impl Into<String>) -> Fault {
    Fault { keyword, place, message: message.into() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
