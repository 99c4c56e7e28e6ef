//! Rows of a table as records: what a cell's text stands for, the schema says.

use ndxp_schema::{Violation, json};
use serde_json::{Map, Value};

use super::{
    super::{
        records::{Cell, Row},
        report::Finding,
    },
    judge::{Detail, Judge, Spot},
    tally::Tally,
};

pub(super) fn row(
    judge: &Judge<'_>,
    names: &[String],
    row: &Row,
    detail: Detail,
    tally: &mut Tally,
) {
    let cells = match &row.cells {
        Ok(cells) => cells,
        Err(message) => return tally.refuse(vec![fault(row.line, 1, "csv", "", message)], false),
    };
    let mut members = Map::new();
    for (name, cell) in names.iter().zip(cells) {
        match value(judge, name, cell) {
            Ok(Some(value)) => drop(members.insert(name.clone(), value)),
            Ok(None) => {}
            Err(refusal) => {
                let path = path(name);
                let keyword = refusal.keyword.as_str();
                let finding = fault(cell.line, cell.column, keyword, &path, &refusal.message);
                return tally.refuse(vec![finding], false);
            }
        }
    }
    let spot = |violation: &Violation| spot(names, cells, row.line, &violation.instance_path);
    judge.value(&Value::Object(members), detail, tally, spot);
}

/// Reads a cell as the first kind that the column's schema names and the text can be; an empty one without quotes is
/// null, where that is allowed, and otherwise no member at all.
fn value(judge: &Judge<'_>, name: &str, cell: &Cell) -> Result<Option<Value>, json::Refusal> {
    let kinds = judge.columns.kinds(name);
    let text = cell.text.as_str();
    if text.is_empty() && !cell.quoted {
        return Ok(kinds.contains("null").then_some(Value::Null));
    }
    let is = |kind: &str| kinds.contains(kind);
    let wanted = match text.as_bytes().first() {
        Some(b'-' | b'0'..=b'9') => is("integer") || is("number"),
        Some(b't' | b'f') => is("boolean") && matches!(text, "true" | "false"),
        Some(b'[') => is("array"),
        Some(b'{') => is("object"),
        _ => false,
    };
    if !wanted || is("string") {
        return Ok(Some(Value::from(text)));
    }
    match json::read(text.as_bytes(), &judge.limits) {
        Ok(value) => Ok(Some(value)),
        // No JSON: then it is the text that it is, and the schema says what it should have been.
        Err(refusal) if refusal.keyword == json::Keyword::Json => Ok(Some(Value::from(text))),
        Err(refusal) => Err(refusal),
    }
}

fn spot(names: &[String], cells: &[Cell], line: usize, instance_path: &str) -> Spot {
    let column = instance_path.split('/').nth(1);
    let cell = column.and_then(|token| {
        let name = token.replace("~1", "/").replace("~0", "~");
        names.iter().position(|known| *known == name).and_then(|index| cells.get(index))
    });
    let (line, column) = cell.map_or((line, 1), |cell| (cell.line, cell.column));
    Spot { line, column, excerpt: None }
}

fn path(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn fault(line: usize, column: usize, keyword: &str, path: &str, message: &str) -> Finding {
    Finding {
        line,
        column,
        instance_path: Some(path.to_owned()),
        schema_path: Some(String::new()),
        keyword: keyword.to_owned(),
        message: message.to_owned(),
        ..Finding::default()
    }
}
