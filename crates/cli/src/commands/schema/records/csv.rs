//! A table with a header (RFC 4180): a record a row, a property a column.

mod cells;

use std::{collections::HashSet, sync::Arc};

use anyhow::{Result, bail};

use super::file::Bytes;
pub(crate) use cells::Cell;
use cells::{Cut, cut};

/// Rows of a batch, and bytes read at once.
const ROWS: usize = 1_000;
const CHUNK: usize = 256 << 10;

/// A row: its cells, or why it has none.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) line: usize,
    pub(crate) cells: Result<Vec<Cell>, String>,
}

/// Rows with the names of their columns.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) names: Arc<[String]>,
    pub(crate) rows: Vec<Row>,
}

/// Reads rows; memory is bounded by the limit of one row.
pub(super) struct Table {
    source: Bytes,
    limit: usize,
    buffer: Vec<u8>,
    at_end: bool,
    line: usize,
    names: Option<Arc<[String]>>,
}

impl Table {
    pub(super) fn new(source: Bytes, limit: usize) -> Self {
        Self { source, limit, buffer: Vec::new(), at_end: false, line: 1, names: None }
    }

    pub(super) fn next(&mut self) -> Result<Option<(Rows, usize)>> {
        let names = match &self.names {
            Some(names) => Arc::clone(names),
            None => self.header()?,
        };
        let mut rows = Vec::new();
        let mut bytes = 0;
        while rows.len() < ROWS && bytes < CHUNK {
            let Some((row, size)) = self.row()? else { break };
            bytes += size;
            rows.push(fitting(row, names.len()));
        }
        Ok((!rows.is_empty()).then_some((Rows { names, rows }, bytes)))
    }

    fn header(&mut self) -> Result<Arc<[String]>> {
        let path = self.source.path().display().to_string();
        let Some((row, _)) = self.row()? else { bail!("{path} has no header") };
        let cells = match row.cells {
            Ok(cells) => cells,
            Err(fault) => bail!("{path}:{}: the header: {fault}", row.line),
        };
        let names: Arc<[String]> = cells.into_iter().map(|cell| cell.text).collect();
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
            bail!("{path}: the header names the column {twice} twice");
        }
        self.names = Some(Arc::clone(&names));
        Ok(names)
    }

    /// Returns the next row that is not blank, and its bytes.
    fn row(&mut self) -> Result<Option<(Row, usize)>> {
        loop {
            match cut(&self.buffer, self.line, self.at_end) {
                Cut::Row { cells, size, lines } => {
                    let row = Row { line: self.line, cells };
                    self.buffer.drain(..size);
                    self.line += lines;
                    self.source.record_ended();
                    let blank = matches!(row.cells.as_deref(), Ok([cell]) if cell.is_blank());
                    if !blank {
                        return Ok(Some((row, size)));
                    }
                }
                Cut::More if self.buffer.len() > self.limit => return Ok(Some(self.overlong())),
                Cut::More => self.at_end = !self.source.read(&mut self.buffer, CHUNK)?,
                Cut::End => return Ok(None),
            }
        }
    }

    /// Gives up on the rest of the file: where the row ends is not known.
    fn overlong(&mut self) -> (Row, usize) {
        let size = self.buffer.len();
        self.buffer.clear();
        self.at_end = true;
        let fault = format!(
            "a row larger than {} bytes, perhaps a quote that nothing closes; the rest was not read",
            self.limit
        );
        (Row { line: self.line, cells: Err(fault) }, size)
    }
}

fn fitting(row: Row, columns: usize) -> Row {
    let counted = |cells: Vec<Cell>| match cells.len() {
        found if found == columns => Ok(cells),
        found => Err(format!("expected {columns} cells as in the header, found {found}")),
    };
    Row { cells: row.cells.and_then(counted), ..row }
}
