//! What programs outside the hub kept of its answers: `docs/storage.md`, section 7.

use std::{fs, path::Path};

use serde_json::Value;

use crate::JoinError;

/// What publishers and consumers kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Acknowledged calls, a list for each publishing stream.
    pub(crate) published: Vec<Vec<Call>>,
    /// Received frames.
    pub(crate) received: Vec<Frame>,
}

/// An acknowledged call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) index: u64,
    pub(crate) leaf_hash: String,
    pub(crate) dataset: String,
    pub(crate) source: String,
    /// Record id and key, in the order of the call.
    pub(crate) records: Vec<(String, String)>,
}

/// A received frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) sub: String,
    pub(crate) epoch: u64,
    pub(crate) index: u64,
    pub(crate) leaf_hash: String,
    pub(crate) count: u64,
    /// Its records were acknowledged, or an acknowledgement was tried.
    pub(crate) acked: bool,
}

impl Evidence {
    /// Has none: only the log is judged.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds the file of one publishing stream, in the order of its acknowledgements.
    ///
    /// # Errors
    /// [`JoinError::Read`]; [`JoinError::Evidence`] names the line.
    pub fn add_published(&mut self, path: &Path) -> Result<(), JoinError> {
        self.published.push(lines(path, call)?);
        Ok(())
    }

    /// Adds a file of received frames.
    ///
    /// # Errors
    /// [`JoinError::Read`]; [`JoinError::Evidence`] names the line.
    pub fn add_received(&mut self, path: &Path) -> Result<(), JoinError> {
        self.received.extend(lines(path, frame)?);
        Ok(())
    }
}

fn lines<T>(path: &Path, parse: fn(&Value) -> Option<T>) -> Result<Vec<T>, JoinError> {
    let text = fs::read_to_string(path).map_err(JoinError::read(path))?;
    let parsed = text.lines().zip(1..).map(|(text, line)| {
        let value: Option<Value> = serde_json::from_str(text).ok();
        let wrong = || JoinError::Evidence { path: path.to_owned(), line };
        value.as_ref().and_then(parse).ok_or_else(wrong)
    });
    parsed.collect()
}

fn text(value: &Value, name: &str) -> Option<String> {
    Some(value.get(name)?.as_str()?.to_owned())
}

fn call(line: &Value) -> Option<Call> {
    let records = line.get("records")?.as_array()?.iter();
    Some(Call {
        index: line.get("index")?.as_u64()?,
        leaf_hash: text(line, "leaf_hash")?,
        dataset: text(line, "dataset")?,
        source: text(line, "source")?,
        records: records.map(|r| Some((text(r, "id")?, text(r, "key")?))).collect::<Option<_>>()?,
    })
}

fn frame(line: &Value) -> Option<Frame> {
    Some(Frame {
        sub: text(line, "sub")?,
        epoch: line.get("epoch")?.as_u64()?,
        index: line.get("index")?.as_u64()?,
        leaf_hash: text(line, "leaf_hash")?,
        count: line.get("records")?.as_array()?.len() as u64,
        acked: line.get("acked")?.as_bool()?,
    })
}
