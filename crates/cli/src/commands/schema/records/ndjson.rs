//! A file with one JSON value a line, in chunks of whole lines.

use anyhow::Result;
use memchr::{memchr, memchr_iter, memrchr};

use super::file::Bytes;

/// Bytes of a chunk, about: many records, and little beside what a worker needs anyway.
const CHUNK: usize = 256 << 10;

/// Reads chunks; of a line beyond the limit only the beginning is kept, so memory is bounded by the limit.
pub(super) struct Lines {
    source: Bytes,
    limit: usize,
    rest: Vec<u8>,
}

impl Lines {
    pub(super) fn new(source: Bytes, limit: usize) -> Self {
        Self { source, limit, rest: Vec::new() }
    }

    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut chunk = std::mem::take(&mut self.rest);
        // Only what follows an overlong line can hold the ends of lines already.
        if let Some(end) = memrchr(b'\n', &chunk) {
            self.rest = chunk.split_off(end + 1);
            return Ok(Some(chunk));
        }
        chunk.reserve(CHUNK);
        loop {
            let scanned = chunk.len();
            let more = self.source.read(&mut chunk, CHUNK)?;
            if !more {
                return Ok((!chunk.is_empty()).then_some(chunk));
            }
            let fresh = chunk.get(scanned..).unwrap_or_default();
            if let Some(end) = memrchr(b'\n', fresh) {
                self.source.record_ended();
                self.rest = chunk.split_off(scanned + end + 1);
                return Ok(Some(chunk));
            }
            if chunk.len() > self.limit {
                // One line so far: a byte beyond the limit gets it refused.
                chunk.truncate(self.limit + 1);
                self.skip_line()?;
                chunk.push(b'\n');
                return Ok(Some(chunk));
            }
        }
    }

    /// Passes over the rest of a line; what follows it is kept.
    fn skip_line(&mut self) -> Result<()> {
        let mut buffer = Vec::with_capacity(CHUNK);
        while self.source.read(&mut buffer, CHUNK)? {
            if let Some(end) = memchr(b'\n', &buffer) {
                self.source.record_ended();
                self.rest = buffer.split_off(end + 1);
                return Ok(());
            }
            buffer.clear();
        }
        Ok(())
    }
}

/// Returns the lines that are not blank, with their numbers in the chunk, from 1; without their ends.
pub(crate) fn lines(chunk: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    let ends = memchr_iter(b'\n', chunk).chain((!chunk.ends_with(b"\n")).then_some(chunk.len()));
    let cut = ends.map(move |end| {
        let line = chunk.get(start..end).unwrap_or_default();
        start = end + 1;
        line.strip_suffix(b"\r").unwrap_or(line)
    });
    (1..).zip(cut).filter(|(_, line)| !line.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_are_not_records() {
        let found: Vec<_> = lines(b"\n{}\r\n  \n[]").collect();
        assert_eq!(found, [(2, &b"{}"[..]), (4, &b"[]"[..])]);
        assert_eq!(lines(b"").count(), 0);
    }
}
