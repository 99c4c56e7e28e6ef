//! One state of a list: its rows, and the hash that names them.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::Value;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A state: the RFC 8785 form of each row and a line feed, in the order of the rows' keys. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeList {
    dataset: String,
    text: Arc<[u8]>,
    sha256: String,
}

impl fmt::Debug for CodeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeList({}@{})", self.dataset, self.sha256)
    }
}

/// Why rows are no code list. No value of a row is in it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CodeListError {
    /// There are too many bytes or rows.
    #[error(
        "a code list has at most {} bytes and {} rows",
        CodeList::MAX_BYTES,
        CodeList::MAX_ROWS
    )]
    TooLarge,
    /// Rows begin and end on too many days.
    #[error("the rows of a code list begin and end on at most {} days", CodeList::MAX_DAYS)]
    TooManyDays,
    /// A row is wrong.
    #[error("row {row}: {problem}")]
    Row {
        /// Its number in the order of the keys, from 1.
        row: usize,
        /// What is wrong.
        problem: String,
    },
}

impl CodeList {
    /// The most bytes of a state: every node and desk keeps it in memory.
    pub const MAX_BYTES: usize = 16 << 20;
    /// The most rows of a state.
    pub const MAX_ROWS: usize = 100_000;
    /// The most days on which rows begin or end: a validator is compiled for each span between two.
    pub const MAX_DAYS: usize = 1_000;

    /// Makes a state of rows by their keys.
    ///
    /// # Errors
    /// [`CodeListError::TooLarge`].
    pub fn of_rows(dataset: &str, rows: &BTreeMap<String, Value>) -> Result<Self, CodeListError> {
        let mut text = Vec::new();
        for (row, value) in (1..).zip(rows.values()) {
            let line = serde_json_canonicalizer::to_vec(value)
                .map_err(|error| CodeListError::Row { row, problem: error.to_string() })?;
            text.extend(line);
            text.push(b'\n');
            if text.len() > Self::MAX_BYTES {
                return Err(CodeListError::TooLarge);
            }
        }
        Self::parse(dataset, &text)
    }

    /// Takes a state as it was written: the hash is that of the bytes.
    ///
    /// # Errors
    /// [`CodeListError::TooLarge`].
    pub fn parse(dataset: &str, bytes: &[u8]) -> Result<Self, CodeListError> {
        let sha256 = format!("sha256:{}", hex::encode(Sha256::digest(bytes)));
        let list = Self { dataset: dataset.to_owned(), text: bytes.into(), sha256 };
        if bytes.len() > Self::MAX_BYTES || list.lines().count() > Self::MAX_ROWS {
            return Err(CodeListError::TooLarge);
        }
        Ok(list)
    }

    /// Returns the dataset.
    #[must_use]
    pub fn dataset(&self) -> &str {
        &self.dataset
    }

    /// Returns `sha256:<hex>` of [`CodeList::bytes`].
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Returns the rows as they are written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.text
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.lines().count()
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
    }
}
