//! Places in a document: a second pass over the bytes, only for documents with something to report.
//!
//! The scanner expects bytes that are JSON up to the place it looks for, and never panics on others.

mod excerpt;

use crate::pointer;

pub use excerpt::{Excerpt, excerpt};

/// A place in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Bytes before the place, from 0.
    pub offset: usize,
    /// Line, from 1; `\n` ends a line.
    pub line: usize,
    /// Column in code points, from 1.
    pub column: usize,
}

/// A stretch of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: Position,
    /// The byte after the last.
    pub end: Position,
}

/// Returns line and column of `offset`; one beyond the end counts as the end.
#[must_use]
pub fn at(bytes: &[u8], offset: usize) -> Position {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    let line = 1 + before.iter().filter(|b| **b == b'\n').count();
    let starts_char = |b: &&u8| **b & 0b1100_0000 != 0b1000_0000;
    let column =
        1 + before.get(line_start..).unwrap_or_default().iter().filter(starts_char).count();
    Position { offset: before.len(), line, column }
}

/// Returns the stretch of the value at `pointer` (RFC 6901).
#[must_use]
pub fn value(bytes: &[u8], pointer: &str) -> Option<Span> {
    let mut scan = Scanner { bytes, at: 0 };
    scan.space();
    for token in pointer::tokens(pointer)? {
        scan.enter(&token, 1)?;
    }
    Some(scan.span())
}

/// Returns the stretch of the key, with its quotes, of the member at `pointer`.
#[must_use]
pub fn key(bytes: &[u8], pointer: &str) -> Option<Span> {
    nth_key(bytes, pointer, 1)
}

/// Returns the stretch of the second key of that name, for a duplicate.
pub(crate) fn second_key(bytes: &[u8], pointer: &str) -> Option<Span> {
    nth_key(bytes, pointer, 2)
}

fn nth_key(bytes: &[u8], pointer: &str, nth: usize) -> Option<Span> {
    let mut tokens = pointer::tokens(pointer)?;
    let last = tokens.pop()?;
    let mut scan = Scanner { bytes, at: 0 };
    scan.space();
    for token in tokens {
        scan.enter(&token, 1)?;
    }
    scan.find_key(&last, nth)?;
    Some(scan.span())
}

struct Scanner<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn span(mut self) -> Span {
        let start = self.at;
        self.skip_value();
        Span { start: at(self.bytes, start), end: at(self.bytes, self.at) }
    }

    /// Moves from the start of an object or array to the start of its member or item.
    fn enter(&mut self, token: &str, nth: usize) -> Option<()> {
        match self.peek()? {
            b'{' => {
                self.find_key(token, nth)?;
                self.skip_string();
                self.take(b':')?;
                self.space();
                Some(())
            }
            b'[' => self.find_item(token.parse().ok()?),
            _ => None,
        }
    }

    fn find_item(&mut self, index: usize) -> Option<()> {
        self.take(b'[')?;
        for _ in 0..index {
            self.space();
            self.skip_value();
            self.take(b',')?;
        }
        self.space();
        (self.peek()? != b']').then_some(())
    }

    /// Moves from the start of an object to the opening quote of its `nth` key `name`.
    fn find_key(&mut self, name: &str, nth: usize) -> Option<()> {
        let mut seen = 0;
        self.take(b'{')?;
        loop {
            self.space();
            let start = self.at;
            if self.peek()? != b'"' {
                return None;
            }
            self.skip_string();
            let key: String = serde_json::from_slice(self.bytes.get(start..self.at)?).ok()?;
            seen += usize::from(key == name);
            if seen == nth {
                self.at = start;
                return Some(());
            }
            self.take(b':')?;
            self.space();
            self.skip_value();
            self.take(b',')?;
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        self.at = self.at.min(self.bytes.len());
    }

    /// Counts brackets instead of recursing: the document may be nested as deeply as it likes.
    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 && self.at > start => return,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
