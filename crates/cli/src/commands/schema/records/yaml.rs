//! YAML: each document a record, read by its core schema into what JSON can hold.

mod build;
mod node;
mod scalar;

use std::cell::Cell;

use anyhow::{Result, bail};
use ndxp_schema::json::Limits;
use saphyr_parser::Parser;
use serde_json::Value;

use super::file::Bytes;
use build::Builder;
pub(crate) use node::{Node, Place};

/// A file of YAML is held whole; one that is larger is NDJSON's business.
const MAX_FILE: usize = 64 << 20;

/// Commas and opening brackets that the parser may take at once: it holds a collection in brackets whole before it
/// says anything about it.
const MAX_SIGNS: usize = 60_000;

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

/// Counts the signs that the parser takes before its next event; `false`: it would hold too much.
fn may_go_on(signs: &Cell<usize>, sign: char) -> bool {
    signs.set(signs.get() + usize::from(matches!(sign, ',' | '[' | '{')));
    signs.get() <= MAX_SIGNS
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
    let signs = Cell::new(0);
    let mut last = Place { line: 1, column: 1 };
    for event in Parser::new_from_iter(text.chars().take_while(|sign| may_go_on(&signs, *sign))) {
        let held = signs.replace(0);
        if held > MAX_SIGNS {
            let message = format!(
                "more than {MAX_SIGNS} commas and brackets in one stretch: write one item a line"
            );
            found.push(Err(fault("limit", last, message)));
            break;
        }
        let step = event.map_err(|error| {
            let place = Place { line: error.marker().line(), column: error.marker().col() + 1 };
            // The parser has a bound of its own, for brackets.
            let deep = error.info().contains("recursion limit");
            fault(if deep { "limit" } else { "yaml" }, place, error.info())
        });
        if let Ok((_, span)) = &step {
            last = Place { line: span.start.line(), column: span.start.col() + 1 };
        }
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
