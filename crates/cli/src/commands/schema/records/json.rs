//! A file that is one JSON value.

use anyhow::Result;

use super::file::Bytes;

pub(super) struct Whole {
    source: Option<Bytes>,
    limit: usize,
}

impl Whole {
    pub(super) fn new(source: Bytes, limit: usize) -> Self {
        Self { source: Some(source), limit }
    }

    /// Returns the document once, as far as its limit goes: one byte more is enough to refuse it.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>> {
        self.source.take().map(|mut source| source.rest(self.limit)).transpose()
    }
}
