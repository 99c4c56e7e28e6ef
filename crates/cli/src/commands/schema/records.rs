//! The records of a file of NDJSON, with their lines.

/// A line that is not blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The number of the record, from 1.
    pub(super) record: usize,
    /// The number of the line in the file, from 1.
    pub(super) number: usize,
    /// Its bytes, without the end of the line.
    pub(super) bytes: &'a [u8],
}

/// Cuts a file into its records; blank lines are passed over and not counted.
pub(super) fn lines(file: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let numbered = file.split(|byte| *byte == b'\n').zip(1..);
    let filled = numbered.filter(|(bytes, _)| !bytes.trim_ascii().is_empty());
    filled.zip(1..).map(|((bytes, number), record)| Line {
        record,
        number,
        bytes: bytes.strip_suffix(b"\r").unwrap_or(bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_are_not_records() {
        let found: Vec<_> =
            lines(b"\n{}\r\n  \n[]").map(|l| (l.record, l.number, l.bytes)).collect();
        assert_eq!(found, [(1, 2, &b"{}"[..]), (2, 4, &b"[]"[..])]);
    }
}
