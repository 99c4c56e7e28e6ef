//! Counts and findings: of a batch, and of all batches in order.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::report::Finding;

/// What a batch came to. Records and lines are counted from its beginning.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) file: usize,
    /// Ends of lines, where the batch is lines.
    pub(super) lines: usize,
    records: usize,
    invalid: usize,
    findings: Vec<Finding>,
    most: usize,
    counts: Option<Counts>,
    truncated: bool,
}

/// By place in the schema and keyword: how often, and the first line and column.
type Counts = BTreeMap<(String, String), (usize, usize, usize)>;

impl Tally {
    /// Begins with nothing. At most `most` findings are kept; with `summary` all are counted.
    pub(super) fn of(file: usize, most: usize, summary: bool) -> Self {
        Self { file, most, counts: summary.then(Counts::new), ..Self::default() }
    }

    /// Tells whether no further finding will be kept.
    pub(super) fn is_full(&self) -> bool {
        self.findings.len() >= self.most && self.counts.is_none()
    }

    pub(super) fn accept(&mut self) {
        self.records += 1;
    }

    /// Counts an invalid record; `truncated` says that not all that is wrong with it is listed.
    pub(super) fn refuse(&mut self, findings: Vec<Finding>, truncated: bool) {
        self.records += 1;
        self.invalid += 1;
        self.truncated |= truncated;
        for finding in findings {
            self.count(&finding);
            if self.findings.len() < self.most {
                self.findings.push(Finding { record: Some(self.records), ..finding });
            } else {
                self.truncated = true;
            }
        }
    }

    fn count(&mut self, finding: &Finding) {
        let Some(counts) = &mut self.counts else { return };
        let key = (finding.schema_path.clone().unwrap_or_default(), finding.keyword.clone());
        counts.entry(key).or_insert((0, finding.line, finding.column)).0 += 1;
    }
}

/// How often one keyword of the schema is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Count {
    pub(super) count: usize,
    pub(super) keyword: String,
    pub(super) schema_path: String,
    /// The first place.
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// All batches so far, in the order of the files.
#[derive(Debug)]
pub(super) struct Total<'n> {
    pub(super) records: usize,
    pub(super) valid: usize,
    pub(super) invalid: usize,
    pub(super) findings: Vec<Finding>,
    pub(super) truncated: bool,
    /// The files.
    pub(super) names: &'n [String],
    most: usize,
    counts: BTreeMap<(String, String), Count>,
    /// The file being counted, with its records and lines so far.
    file: usize,
    file_records: usize,
    file_lines: usize,
}

impl<'n> Total<'n> {
    pub(super) fn new(names: &'n [String], most: usize) -> Self {
        Self {
            records: 0,
            valid: 0,
            invalid: 0,
            findings: Vec::new(),
            truncated: false,
            names,
            most,
            counts: BTreeMap::new(),
            file: 0,
            file_records: 0,
            file_lines: 0,
        }
    }

    /// Tells whether no further finding will be listed.
    pub(super) fn is_full(&self) -> bool {
        self.findings.len() >= self.most
    }

    /// Adds the next batch in order.
    pub(super) fn add(&mut self, tally: Tally) {
        if tally.file != self.file {
            (self.file, self.file_records, self.file_lines) = (tally.file, 0, 0);
        }
        self.records += tally.records;
        self.invalid += tally.invalid;
        self.valid = self.records - self.invalid;
        self.truncated |= tally.truncated;
        for (key, count) in tally.counts.into_iter().flatten() {
            self.count(key, count);
        }
        for finding in tally.findings {
            self.place(finding);
        }
        self.file_records += tally.records;
        self.file_lines += tally.lines;
    }

    fn place(&mut self, finding: Finding) {
        if self.is_full() {
            self.truncated = true;
            return;
        }
        self.findings.push(Finding {
            file: self.names.get(self.file).cloned().unwrap_or_default(),
            record: finding.record.map(|record| record + self.file_records),
            line: finding.line + self.file_lines,
            ..finding
        });
    }

    fn count(&mut self, key: (String, String), (count, line, column): (usize, usize, usize)) {
        let first = Count {
            count: 0,
            keyword: key.1.clone(),
            schema_path: key.0.clone(),
            file: self.names.get(self.file).cloned().unwrap_or_default(),
            line: line + self.file_lines,
            column,
        };
        self.counts.entry(key).or_insert(first).count += count;
    }

    /// Returns the counts, the most frequent first.
    pub(super) fn counts(&self) -> Vec<Count> {
        let mut counts: Vec<Count> = self.counts.values().cloned().collect();
        // Stable: those of equal count stay in the order of the schema's places.
        counts.sort_by_key(|count| std::cmp::Reverse(count.count));
        counts
    }
}

/// The counts for people.
pub(super) fn table(counts: &[Count]) -> String {
    let line = |count: &Count| {
        let Count { count, keyword, schema_path, file, line, column } = count;
        let place = if schema_path.is_empty() { "-" } else { schema_path };
        format!("{count:>10}  {keyword:<22} {place}  (first: {file}:{line}:{column})\n")
    };
    counts.iter().map(line).collect()
}
