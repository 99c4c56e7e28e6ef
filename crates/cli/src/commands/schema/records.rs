//! Where records come from: files of several kinds, cut into batches that can be judged side by side.

mod csv;
mod file;
mod json;
mod ndjson;
mod yaml;

use std::path::{Path, PathBuf};

use anyhow::Result;
use ndxp_schema::json::Limits;

pub(super) use self::{
    csv::{Cell, Row, Rows},
    ndjson::lines,
    yaml::{Document, Fault as YamlFault},
};

/// How a file holds records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Input {
    /// One value a line
    Ndjson,
    /// One value
    Json,
    /// A document, or several
    Yaml,
    /// A table with a header
    Csv,
}

impl Input {
    /// Tells the kind by the name, whether compressed or not; what is not known is NDJSON, as is stdin.
    fn of(path: &Path) -> Self {
        let name = path.to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("json") => Self::Json,
            Some("yaml" | "yml") => Self::Yaml,
            Some("csv") => Self::Csv,
            _ => Self::Ndjson,
        }
    }
}

/// Records that follow each other in one file.
#[derive(Debug)]
pub(super) struct Batch {
    /// The index of the file.
    pub(super) file: usize,
    pub(super) records: Records,
    /// Bytes of the file behind it, for progress.
    pub(super) bytes: usize,
}

/// Records as their kind of file writes them.
#[derive(Debug)]
pub(super) enum Records {
    /// Whole lines.
    Lines(Vec<u8>),
    /// One JSON document.
    Whole(Vec<u8>),
    /// YAML documents; a fault ends their file.
    Documents(Vec<Result<Document, YamlFault>>),
    /// Rows of a table.
    Rows(Rows),
}

/// All records of the files, in order.
pub(super) struct Source {
    files: std::iter::Enumerate<std::vec::IntoIter<PathBuf>>,
    input: Option<Input>,
    limits: Limits,
    open: Option<(usize, Reader)>,
}

/// One file being read.
enum Reader {
    Lines(ndjson::Lines),
    Whole(json::Whole),
    Documents(yaml::Documents),
    Rows(csv::Table),
}

impl Source {
    pub(super) fn new(files: Vec<PathBuf>, input: Option<Input>, limits: Limits) -> Self {
        Self { files: files.into_iter().enumerate(), input, limits, open: None }
    }

    /// Returns the next batch.
    ///
    /// # Errors
    /// A file cannot be read, or is not what its name says.
    pub(super) fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            if self.open.is_none() {
                let Some((file, path)) = self.files.next() else { return Ok(None) };
                self.open = Some((file, Reader::open(&path, self.input, self.limits)?));
            }
            let Some((file, reader)) = &mut self.open else { return Ok(None) };
            if let Some((records, bytes)) = reader.next()? {
                return Ok(Some(Batch { file: *file, records, bytes }));
            }
            self.open = None;
        }
    }
}

impl Reader {
    fn open(path: &Path, input: Option<Input>, limits: Limits) -> Result<Self> {
        let source = file::open(path)?;
        Ok(match input.unwrap_or_else(|| Input::of(path)) {
            Input::Ndjson => Self::Lines(ndjson::Lines::new(source, limits.max_bytes)),
            Input::Json => Self::Whole(json::Whole::new(source, limits.max_bytes)),
            Input::Yaml => Self::Documents(yaml::Documents::read(source, limits)?),
            Input::Csv => Self::Rows(csv::Table::new(source, limits.max_bytes)),
        })
    }

    fn next(&mut self) -> Result<Option<(Records, usize)>> {
        let sized = |bytes: Vec<u8>, of: fn(Vec<u8>) -> Records| {
            let size = bytes.len();
            (of(bytes), size)
        };
        Ok(match self {
            Self::Lines(lines) => lines.next()?.map(|bytes| sized(bytes, Records::Lines)),
            Self::Whole(whole) => whole.next()?.map(|bytes| sized(bytes, Records::Whole)),
            Self::Documents(documents) => {
                documents.next().map(|(found, size)| (Records::Documents(found), size))
            }
            Self::Rows(table) => table.next()?.map(|(rows, size)| (Records::Rows(rows), size)),
        })
    }
}
