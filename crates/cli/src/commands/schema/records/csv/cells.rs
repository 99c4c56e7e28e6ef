//! One row of a table cut into cells, each with its place in the file.

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// An empty quoted cell is a text, one without quotes is nothing.
    pub(crate) quoted: bool,
    /// From 1; a quoted cell before may have held ends of lines.
    pub(crate) line: usize,
    /// In code points, from 1.
    pub(crate) column: usize,
}

impl Cell {
    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty() && !self.quoted
    }
}

/// What the beginning of a buffer is.
pub(super) enum Cut {
    Row {
        cells: Result<Vec<Cell>, String>,
        size: usize,
        /// Ends of lines within.
        lines: usize,
    },
    /// The row may go on beyond the buffer.
    More,
    /// There is no further row.
    End,
}

/// Cuts the first row off; `at_end` says that nothing follows the buffer.
pub(super) fn cut(buffer: &[u8], line: usize, at_end: bool) -> Cut {
    let Some(size) = row_size(buffer, at_end) else {
        return if at_end { Cut::End } else { Cut::More };
    };
    let row = buffer.get(..size).unwrap_or_default();
    let lines = row.iter().filter(|byte| **byte == b'\n').count();
    let text = std::str::from_utf8(row).map_err(|_| "not valid UTF-8".to_owned());
    Cut::Row { cells: text.and_then(|text| cells(text, line)), size, lines }
}

/// Returns the bytes of the first row with its end: ends of lines within quotes do not count.
fn row_size(buffer: &[u8], at_end: bool) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in buffer.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => return Some(at + 1),
            _ => {}
        }
    }
    (at_end && !buffer.is_empty()).then_some(buffer.len())
}

fn cells(row: &str, line: usize) -> Result<Vec<Cell>, String> {
    let row = row.strip_suffix('\n').unwrap_or(row);
    let row = row.strip_suffix('\r').unwrap_or(row);
    let mut rest = Rest { chars: row.chars(), line, column: 1 };
    let mut cells = Vec::new();
    loop {
        let (cell, more) = rest.cell()?;
        cells.push(cell);
        if !more {
            return Ok(cells);
        }
    }
}

struct Rest<'r> {
    chars: std::str::Chars<'r>,
    line: usize,
    column: usize,
}

impl Rest<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.chars.next()?;
        (self.line, self.column) =
            if next == '\n' { (self.line + 1, 1) } else { (self.line, self.column + 1) };
        Some(next)
    }

    /// Returns the next cell, and whether another follows it.
    fn cell(&mut self) -> Result<(Cell, bool), String> {
        let quoted = self.chars.as_str().starts_with('"');
        let mut cell = Cell { text: String::new(), quoted, line: self.line, column: self.column };
        let end = if quoted {
            self.next();
            self.quoted(&mut cell.text)?
        } else {
            self.plain(&mut cell.text)?
        };
        Ok((cell, end == Some(',')))
    }

    fn plain(&mut self, text: &mut String) -> Result<Option<char>, String> {
        loop {
            match self.next() {
                end @ (None | Some(',')) => return Ok(end),
                Some('"') => {
                    return Err("a quote within a cell that does not begin with one".to_owned());
                }
                Some(c) => text.push(c),
            }
        }
    }

    fn quoted(&mut self, text: &mut String) -> Result<Option<char>, String> {
        loop {
            match self.next() {
                None => return Err("a quote that nothing closes".to_owned()),
                Some('"') => match self.next() {
                    Some('"') => text.push('"'),
                    end @ (None | Some(',')) => return Ok(end),
                    Some(_) => return Err("text after the closing quote of a cell".to_owned()),
                },
                Some(c) => text.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text, line and column of each cell, or what is wrong with the row.
    type Row = Result<Vec<(String, usize, usize)>, String>;

    fn found(text: &str) -> Vec<Row> {
        let (mut rest, mut line, mut rows) = (text.as_bytes(), 1, Vec::new());
        while let Cut::Row { cells, size, lines } = cut(rest, line, true) {
            let placed = |cell: Cell| (cell.text, cell.line, cell.column);
            rows.push(cells.map(|cells| cells.into_iter().map(placed).collect()));
            line += lines;
            rest = rest.get(size..).unwrap_or_default();
        }
        rows
    }

    #[test]
    fn cells_keep_their_places_through_quotes_and_lines() {
        let cell = |text: &str, line, column| (text.to_owned(), line, column);
        let rows = found("phường,\"a \"\"b\"\"\r\nc\",d\r\n,x");
        assert_eq!(
            rows,
            [
                Ok(vec![cell("phường", 1, 1), cell("a \"b\"\r\nc", 1, 8), cell("d", 2, 4)]),
                Ok(vec![cell("", 3, 1), cell("x", 3, 2)]),
            ]
        );
    }

    #[test]
    fn broken_quotes_are_faults_of_their_row() {
        let rows = found("a\"b\"\n\"a\"b\nc\n\"d");
        let faults: Vec<bool> = rows.iter().map(Result::is_err).collect();
        assert_eq!(faults, [true, true, false, true]);
    }
}
