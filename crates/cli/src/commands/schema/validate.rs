//! `ndxp schema validate`: the fixed contract of the schema tool.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use ndxp_schema::{
    Budget, Profile, Schema, Validator, Violation, json,
    position::{self, Position},
};
use serde::Serialize;

use super::{
    Output,
    records::{Line, lines},
};
use crate::{exit::ExitStatus, input, printer::Printer};

/// Findings of one record.
const MAX_PER_RECORD: usize = 10;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The schema
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,
    /// Records, one JSON value a line; '-' for stdin
    data: PathBuf,
    /// How many findings are written at most; records are counted all the same
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    max_errors: usize,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Default, Serialize)]
struct Report {
    records: usize,
    valid: usize,
    invalid: usize,
    errors: Vec<Finding>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Finding {
    record: usize,
    line: usize,
    column: usize,
    instance_path: String,
    schema_path: String,
    keyword: String,
    message: String,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let profile = Profile::default();
    let validator = compile(&args.schema, &profile)?;
    let data = input::read(&args.data)?;
    let report = validate(&data, &validator, &profile, args.max_errors);
    if args.output.is_json(printer) {
        printer.json(&report)?;
    } else {
        print(&report, &args.data, printer)?;
    }
    Ok(if report.invalid == 0 { ExitStatus::Done } else { ExitStatus::Refused })
}

fn compile(path: &Path, profile: &Profile) -> Result<Validator> {
    let bytes = input::read(path)?;
    let name = path.display();
    let schema = Schema::parse(&bytes, profile).map_err(|problems| {
        let lines: Vec<_> = problems.0.iter().map(|problem| format!("{name}:{problem}")).collect();
        anyhow!("the schema has problems\n{}", lines.join("\n"))
    })?;
    schema.compile().with_context(|| name.to_string())
}

fn validate(data: &[u8], validator: &Validator, profile: &Profile, most: usize) -> Report {
    let mut report = Report::default();
    for line in lines(data) {
        report.records += 1;
        let (mut findings, truncated) = judge(&line, validator, profile);
        if findings.is_empty() {
            report.valid += 1;
            continue;
        }
        report.invalid += 1;
        let room = most - report.errors.len();
        report.truncated |= truncated || findings.len() > room;
        findings.truncate(room);
        report.errors.append(&mut findings);
    }
    report
}

/// Returns what is wrong with a record, in order of position, and whether something was left out.
fn judge(line: &Line<'_>, validator: &Validator, profile: &Profile) -> (Vec<Finding>, bool) {
    let value = match json::read(line.bytes, &profile.record) {
        Ok(value) => value,
        Err(refusal) => return (vec![unreadable(line, refusal)], false),
    };
    if validator.decide(&value) {
        return (Vec::new(), false);
    }
    let budget = Budget { errors: MAX_PER_RECORD, ..Budget::default() };
    let explanation = validator.explain(&value, budget);
    let findings = explanation.violations.into_iter().map(|violation| placed(line, violation));
    let mut findings: Vec<Finding> = findings.collect();
    findings.sort();
    (findings, explanation.truncated)
}

fn unreadable(line: &Line<'_>, refusal: json::Refusal) -> Finding {
    Finding {
        record: line.record,
        line: line.number,
        column: refusal.at.column,
        instance_path: refusal.pointer.unwrap_or_default(),
        schema_path: String::new(),
        keyword: refusal.keyword.as_str().to_owned(),
        message: refusal.message,
    }
}

fn placed(line: &Line<'_>, violation: Violation) -> Finding {
    Finding {
        record: line.record,
        line: line.number,
        column: column(line.bytes, &violation),
        instance_path: violation.instance_path,
        schema_path: violation.schema_path,
        keyword: violation.keyword,
        message: violation.message,
    }
}

/// The column of the offending value; of an unexpected property, that of its key.
fn column(bytes: &[u8], violation: &Violation) -> usize {
    let unexpected = ["additionalProperties", "unevaluatedProperties", "propertyNames"];
    let path = &violation.instance_path;
    let key = if unexpected.contains(&violation.keyword.as_str()) {
        position::key(bytes, path)
    } else {
        None
    };
    let span = key.or_else(|| position::value(bytes, path));
    let start: Position = span.map_or_else(|| position::at(bytes, 0), |span| span.start);
    start.column
}

fn print(report: &Report, data: &Path, printer: &mut Printer) -> Result<()> {
    let name = data.display();
    for found in &report.errors {
        let Finding { line, column, instance_path, keyword, message, .. } = found;
        let place = if instance_path.is_empty() { "/" } else { instance_path };
        printer.line(format_args!("{name}:{line}:{column}: {place}: {keyword}: {message}"))?;
    }
    if report.truncated {
        printer.say("more findings were left out: --max-errors");
    }
    let Report { records, valid, invalid, .. } = report;
    printer.say(&format!("{records} records, {valid} valid, {invalid} invalid"));
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
