//! The verdict on a batch of records, and the findings with their places.

use ndxp_schema::{
    Budget, Columns, Explanation, Privacy, Show, Validator, Violation, json,
    position::{self, Position},
};
use serde_json::Value;

use super::{
    super::{
        records::{Batch, Document, Records, YamlFault, lines},
        report::{Excerpt, Finding},
    },
    table,
    tally::Tally,
};

/// Findings of one record.
const MAX_PER_RECORD: usize = 10;

/// Longest value shown, in characters.
const MAX_VALUE: usize = 120;

/// Keywords whose finding is about a name, not its value.
const ABOUT_NAMES: [&str; 3] = ["additionalProperties", "unevaluatedProperties", "propertyNames"];

/// What judges records; shared by all workers.
#[derive(Debug)]
pub(super) struct Judge<'v> {
    pub(super) validator: &'v Validator,
    pub(super) columns: Columns,
    pub(super) privacy: Privacy,
    pub(super) limits: json::Limits,
    pub(super) show: Show,
    /// Whether findings come with the line around them.
    pub(super) excerpts: bool,
    /// Findings listed at most.
    pub(super) most: usize,
    /// Whether findings are counted beyond those that are listed.
    pub(super) summary: bool,
}

/// How much is wanted of invalid records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Findings,
    /// The list is full: only counts.
    Counts,
}

/// Where a finding stands in its file.
pub(super) struct Spot {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) excerpt: Option<Excerpt>,
}

impl Judge<'_> {
    /// Judges a batch. Records and lines are counted from its beginning.
    pub(super) fn batch(&self, batch: &Batch, detail: Detail) -> Tally {
        let mut tally = Tally::of(batch.file, self.most, self.summary);
        match &batch.records {
            Records::Lines(bytes) => {
                for (number, line) in lines(bytes) {
                    self.json(line, number, detail, &mut tally);
                }
                tally.lines = memchr::memchr_iter(b'\n', bytes).count();
            }
            Records::Whole(bytes) => self.json(bytes, 1, detail, &mut tally),
            Records::Documents(documents) => {
                for document in documents {
                    match document {
                        Ok(document) => self.yaml(document, detail, &mut tally),
                        Err(fault) => tally.refuse(vec![broken(fault)], false),
                    }
                }
            }
            Records::Rows(rows) => {
                rows.rows
                    .iter()
                    .for_each(|row| table::row(self, &rows.names, row, detail, &mut tally));
            }
        }
        tally
    }

    /// Judges JSON that begins at the start of a line.
    fn json(&self, bytes: &[u8], line: usize, detail: Detail, tally: &mut Tally) {
        match json::read(bytes, &self.limits) {
            Ok(value) => {
                let spot =
                    |violation: &Violation| self.spot(bytes, line, at(bytes, violation), self.show);
                self.value(&value, detail, tally, spot);
            }
            Err(refusal) => tally.refuse(vec![self.unreadable(bytes, line, refusal)], false),
        }
    }

    fn yaml(&self, document: &Document, detail: Detail, tally: &mut Tally) {
        let spot = |violation: &Violation| {
            let path = &violation.instance_path;
            let about_name = ABOUT_NAMES.contains(&violation.keyword.as_str());
            let root = &document.root;
            let place = if about_name { root.key(path) } else { root.value(path) };
            Spot { line: place.line, column: place.column, excerpt: None }
        };
        self.value(&document.value, detail, tally, spot);
    }

    /// Judges a value; `spot` tells where its parts stand.
    pub(super) fn value(
        &self,
        value: &Value,
        detail: Detail,
        tally: &mut Tally,
        spot: impl Fn(&Violation) -> Spot,
    ) {
        if self.validator.decide(value) {
            tally.accept();
            return;
        }
        if detail == Detail::Counts || tally.is_full() {
            tally.refuse(Vec::new(), true);
            return;
        }
        let budget = Budget { errors: MAX_PER_RECORD, ..Budget::default() };
        let Explanation { violations, truncated, .. } = self.validator.explain(value, budget);
        let mut findings: Vec<Finding> = violations
            .into_iter()
            .map(|violation| self.finding(value, spot(&violation), violation))
            .collect();
        findings.sort_by(|a, b| order(a).cmp(&order(b)));
        tally.refuse(findings, truncated);
    }

    fn finding(&self, record: &Value, spot: Spot, violation: Violation) -> Finding {
        let value = self.shown(record, &violation);
        let Violation { instance_path, schema_path, keyword, message, .. } = violation;
        Finding {
            line: spot.line,
            column: spot.column,
            instance_path: Some(instance_path),
            schema_path: Some(schema_path),
            keyword,
            message,
            value,
            excerpt: spot.excerpt,
            ..Finding::default()
        }
    }

    /// The offending value, if values are shown and this one may be; objects and arrays have parts that may not.
    fn shown(&self, record: &Value, violation: &Violation) -> Option<String> {
        if self.show == Show::Names {
            return None;
        }
        let value = record.pointer(&violation.instance_path)?;
        let plain = !value.is_object() && !value.is_array();
        if !plain || !self.privacy.allows(self.show, &violation.instance_path) {
            return None;
        }
        let text = value.to_string();
        Some(match text.char_indices().nth(MAX_VALUE) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        })
    }

    fn unreadable(&self, bytes: &[u8], line: usize, refusal: json::Refusal) -> Finding {
        // Without a value there is no telling which of its parts are personal.
        let show = if self.show == Show::Everything { self.show } else { Show::Names };
        let spot = self.spot(bytes, line, refusal.at, show);
        Finding {
            line: spot.line,
            column: spot.column,
            instance_path: Some(refusal.pointer.unwrap_or_default()),
            schema_path: Some(String::new()),
            keyword: refusal.keyword.as_str().to_owned(),
            message: refusal.message,
            excerpt: spot.excerpt,
            ..Finding::default()
        }
    }

    fn spot(&self, bytes: &[u8], line: usize, at: Position, show: Show) -> Spot {
        let excerpt = self.excerpts.then(|| {
            let found = position::excerpt(bytes, at.offset, &self.privacy, show);
            Excerpt { text: found.text, start: found.start, width: found.width }
        });
        Spot { line: line + at.line - 1, column: at.column, excerpt }
    }
}

/// The offending value's place; of an unexpected property, that of its key.
fn at(bytes: &[u8], violation: &Violation) -> Position {
    let path = &violation.instance_path;
    let about_name = ABOUT_NAMES.contains(&violation.keyword.as_str());
    let key = about_name.then(|| position::key(bytes, path)).flatten();
    let span = key.or_else(|| position::value(bytes, path));
    span.map_or_else(|| position::at(bytes, 0), |span| span.start)
}

fn broken(fault: &YamlFault) -> Finding {
    Finding {
        line: fault.place.line,
        column: fault.place.column,
        instance_path: Some(String::new()),
        schema_path: Some(String::new()),
        keyword: fault.keyword.to_owned(),
        message: fault.message.clone(),
        ..Finding::default()
    }
}

/// By position; at the same one by what is said.
fn order(finding: &Finding) -> impl Ord + '_ {
    let Finding { line, column, instance_path, schema_path, keyword, message, .. } = finding;
    (line, column, instance_path, schema_path, keyword, message)
}
