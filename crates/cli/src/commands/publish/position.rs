//! Where a publisher stands in a file: the line, and a hash of all up to it, so that another file,
//! or one that was changed before that line, is told apart. A file that has grown is the same.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{lines::Line, records::Maker};

/// What every position of this program begins with.
const HEAD: &str = "ndxp-lines";
/// Bytes of the hash in a position.
const HASH: usize = 16;

/// A place in a file, as `source_position` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    /// The last line's number, from 1.
    pub(super) line: u64,
    hash: String,
}

impl Position {
    /// Reads a position; `None` for one that another program wrote.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (head, line, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let is_whole = head == HEAD && hash.len() == 2 * HASH && parts.next().is_none();
        is_whole.then_some(Self { line: line.parse().ok()?, hash: hash.to_owned() })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEAD}:{}:{}", self.line, self.hash)
    }
}

/// What was read of a file.
pub(super) struct Prefix {
    line: u64,
    hash: Sha256,
}

impl Prefix {
    /// Begins a file; the same lines sent to do something else are another file.
    pub(super) fn of(maker: &Maker) -> Self {
        let field = maker.id_field.as_ref().map(ndxp_model::Pointer::as_str);
        let what = format!("{:?} {}\n", maker.op, field.unwrap_or_default());
        Self { line: 0, hash: Sha256::new().chain_update(what) }
    }

    pub(super) fn add(&mut self, line: &Line) {
        self.line = line.number;
        self.hash.update(&line.bytes);
        self.hash.update(b"\n");
    }

    pub(super) fn position(&self) -> Position {
        let hash = self.hash.clone().finalize();
        Position { line: self.line, hash: hex::encode(hash.get(..HASH).unwrap_or_default()) }
    }
}

#[cfg(test)]
mod tests {
    use ndxp_model::Op;

    use super::*;

    fn position(op: Op, lines: &[&'static str]) -> Position {
        let mut prefix = Prefix::of(&Maker { op, id_field: None });
        for (number, bytes) in (1..).zip(lines) {
            prefix.add(&Line { number, bytes: (*bytes).into() });
        }
        prefix.position()
    }

    #[test]
    fn a_position_is_read_as_it_was_written() {
        let position = position(Op::Upsert, &["{}", "[]"]);
        assert_eq!(position.line, 2);
        assert_eq!(Position::read(&position.to_string()), Some(position));
        for other in ["", "0/16B3748", "ndxp-lines:x:00", "ndxp-lines:1:ab"] {
            assert_eq!(Position::read(other), None, "{other}");
        }
    }

    #[test]
    fn other_lines_and_other_operations_are_another_place() {
        let one = position(Op::Upsert, &["{}", "[]"]);
        assert_ne!(one, position(Op::Upsert, &["{ }", "[]"]));
        assert_ne!(one, position(Op::Delete, &["{}", "[]"]));
    }
}
