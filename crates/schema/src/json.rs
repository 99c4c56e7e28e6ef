//! The strict JSON reader: one pass, nothing dropped, nothing rounded.
//!
//! Refused are duplicate keys (compared decoded), nesting, size and number of objects above the limits, integers beyond 2^53 however they
//! are written, invalid UTF-8, lone surrogates and bytes after the value.

mod visitor;

use std::fmt;

use serde_json::Value;
use thiserror::Error;

use crate::position::{self, Position};
use visitor::Fault;

/// The largest integer that every JSON reader represents exactly: 2^53.
pub const MAX_INTEGER: u64 = 1 << 53;

/// How large a document may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length in bytes.
    pub max_bytes: usize,
    /// Arrays and objects inside each other; `[]` has depth 1. Never more than 126, whatever is set: the reader's stack.
    pub max_depth: usize,
    /// Objects in the document: each takes far more memory than text.
    pub max_objects: usize,
    /// Arrays and objects in the document.
    pub max_nested: usize,
    /// What happens to integers beyond 2^53.
    pub numbers: Numbers,
}

impl Default for Limits {
    /// The limits of a record: 1 MiB, 64 levels, 40,000 objects, 80,000 arrays and objects, exact numbers.
    fn default() -> Self {
        Self {
            max_bytes: 1 << 20,
            max_depth: 64,
            max_objects: 40_000,
            max_nested: 80_000,
            numbers: Numbers::Exact,
        }
    }
}

/// Which numbers a document may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// None beyond 2^53, where readers begin to round integers.
    Exact,
    /// All that a 64-bit integer or a double holds, rounded to it: for test suites at one's desk.
    Rounded,
}

/// The stable name of a refusal's kind, as the command line and the hub print it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// The bytes are not JSON.
    Json,
    /// An object has a key twice.
    DuplicateKey,
    /// Size, nesting or an integer is beyond its limit.
    Limit,
}

impl Keyword {
    /// Returns the name: `json`, `duplicate-key` or `limit`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::DuplicateKey => "duplicate-key",
            Self::Limit => "limit",
        }
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why bytes were refused, and where. Holds no value of the document; the pointer holds names of members.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}:{}: {message}", at.line, at.column)]
pub struct Refusal {
    /// The kind.
    pub keyword: Keyword,
    /// The place in the bytes: the offending value, key or byte.
    pub at: Position,
    /// The JSON Pointer of the place, where it is known.
    pub pointer: Option<String>,
    /// What was expected.
    pub message: String,
}

/// Reads one JSON document.
///
/// # Errors
/// [`Refusal`] at the first fault in reading order.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Value, Refusal> {
    if bytes.len() > limits.max_bytes {
        let message = format!("larger than {} bytes", limits.max_bytes);
        return Err(refusal(Keyword::Limit, position::at(bytes, limits.max_bytes), None, message));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = position::at(bytes, error.valid_up_to());
        refusal(Keyword::Json, at, None, "not valid UTF-8".to_owned())
    })?;
    visitor::read(text, limits).map_err(|(error, trace)| match trace.fault {
        Some(fault) => found(bytes, fault, limits, trace.pointer),
        None => malformed(bytes, &error, trace.pointer),
    })
}

fn refusal(keyword: Keyword, at: Position, pointer: Option<String>, message: String) -> Refusal {
    Refusal { keyword, at, pointer, message }
}

/// Words a fault that the visitor found; the scanner finds its place, since the visitor sees no offsets.
fn found(bytes: &[u8], fault: Fault, limits: &Limits, pointer: String) -> Refusal {
    let (keyword, place, message) = match fault {
        Fault::DuplicateKey => (
            Keyword::DuplicateKey,
            position::second_key(bytes, &pointer),
            "an object has this key twice".to_owned(),
        ),
        Fault::Depth => {
            let message =
                format!("nested deeper than {} levels", limits.max_depth.min(visitor::MAX_DEPTH));
            (Keyword::Limit, position::value(bytes, &pointer), message)
        }
        Fault::Objects => {
            let message = format!("more than {} objects in one document", limits.max_objects);
            (Keyword::Limit, position::value(bytes, &pointer), message)
        }
        Fault::Nested => {
            let message =
                format!("more than {} arrays and objects in one document", limits.max_nested);
            (Keyword::Limit, position::value(bytes, &pointer), message)
        }
        Fault::Integer => {
            let message =
                "an integer beyond 2^53, or a number that cannot be told from one".to_owned();
            (Keyword::Limit, position::value(bytes, &pointer), message)
        }
    };
    let at = place.map_or_else(|| position::at(bytes, 0), |span| span.start);
    refusal(keyword, at, Some(pointer), message)
}

fn malformed(bytes: &[u8], error: &serde_json::Error, pointer: String) -> Refusal {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or_default().to_owned();
    if message == "number out of range" {
        let at =
            position::value(bytes, &pointer).map_or_else(|| place(bytes, error), |span| span.start);
        return refusal(
            Keyword::Limit,
            at,
            Some(pointer),
            "a number that no reader can represent".to_owned(),
        );
    }
    refusal(Keyword::Json, place(bytes, error), Some(pointer), worded(&message))
}

/// What the parser says, and the next step for what people get wrong.
const WORDS: [(&str, &str); 12] = [
    ("EOF while parsing a string", "the text ends inside a string: a closing quote is missing"),
    ("EOF while parsing a list", "the text ends inside an array: a closing ] is missing"),
    ("EOF while parsing an object", "the text ends inside an object: a closing } is missing"),
    ("EOF while parsing a value", "the text ends where a value was expected"),
    (
        "control character (\\u0000-\\u001F) found while parsing a string",
        "a line end or another control character in a string: write \\n, \\t or \\u00XX",
    ),
    (
        "expected value",
        "no value begins here; texts stand in double quotes, and true, false, null are lower case",
    ),
    (
        "invalid number",
        "not a number of JSON: no leading zeros, no sign but -, digits around the point",
    ),
    ("key must be a string", "a name stands in double quotes"),
    (
        "lone leading surrogate in hex escape",
        "half of a surrogate pair: no reader can represent it",
    ),
    ("trailing characters", "something follows the value"),
    ("trailing comma", "a comma with nothing after it: remove it"),
    ("unexpected end of hex escape", "half of a surrogate pair: no reader can represent it"),
];

fn worded(message: &str) -> String {
    let known = WORDS.iter().find(|(parser, _)| *parser == message);
    known.map_or_else(|| message.to_owned(), |(_, ours)| (*ours).to_owned())
}

/// Turns serde_json's line and byte column into a place.
fn place(bytes: &[u8], error: &serde_json::Error) -> Position {
    if error.is_eof() {
        return position::at(bytes, bytes.len());
    }
    let lines_before = error.line().saturating_sub(1);
    let line_start: usize =
        bytes.split_inclusive(|b| *b == b'\n').take(lines_before).map(<[u8]>::len).sum();
    position::at(bytes, line_start + error.column().saturating_sub(1))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests;
