//! Rows of a table: what a column's texts stand for is known once all were seen.

use std::sync::Arc;

use ndxp_schema::json::{self, Limits};
use serde_json::{Map, Value};

use super::super::records::{Cell, Rows};

/// A table, held whole: one text among numbers makes its column a column of texts.
#[derive(Debug, Default)]
pub(super) struct Table {
    names: Arc<[String]>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Takes rows over.
    ///
    /// # Errors
    /// The line of a row that is none, and what is wrong with it.
    pub(super) fn add(&mut self, rows: Rows) -> Result<(), (usize, String)> {
        self.names = rows.names;
        for row in rows.rows {
            self.rows.push(row.cells.map_err(|message| (row.line, message))?);
        }
        Ok(())
    }

    /// Returns the rows as records; an empty cell is no member, as for `validate`.
    pub(super) fn records(&self, limits: Limits) -> impl Iterator<Item = Value> {
        let typed: Vec<bool> = (0..self.names.len()).map(|n| self.is_typed(n, limits)).collect();
        self.rows.iter().map(move |row| {
            let cells = self.names.iter().zip(row).zip(&typed);
            let filled = cells.filter(|((_, cell), _)| !is_empty(cell));
            let members: Map<String, Value> = filled
                .map(|((name, cell), typed)| {
                    let value = typed.then(|| value(cell, limits)).flatten();
                    (name.clone(), value.unwrap_or_else(|| Value::from(cell.text.as_str())))
                })
                .collect();
            Value::Object(members)
        })
    }

    fn is_typed(&self, column: usize, limits: Limits) -> bool {
        let mut filled =
            self.rows.iter().filter_map(|row| row.get(column)).filter(|cell| !is_empty(cell));
        filled.all(|cell| value(cell, limits).is_some())
    }
}

fn is_empty(cell: &Cell) -> bool {
    cell.text.is_empty() && !cell.quoted
}

/// Returns the number or truth value that a cell spells; `01` is a text.
fn value(cell: &Cell, limits: Limits) -> Option<Value> {
    let value = json::read(cell.text.as_bytes(), &limits).ok()?;
    (value.is_number() || value.is_boolean()).then_some(value)
}
