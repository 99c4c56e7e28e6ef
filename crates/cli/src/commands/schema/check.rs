//! `ndxp schema check`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use ndxp_schema::{Context, Profile, Schema, SchemaProblem, position::Position};
use serde::Serialize;

use super::{
    report::{Excerpt, Finding, Output, OutputFormat, Report},
    rules::Rules,
};
use crate::{exit::ExitStatus, input, printer::Printer};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Schemas; of a directory, all files whose names end in schema.json; '-' for stdin
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    output: Output,
}

/// The JSON object.
#[derive(Debug, Serialize)]
struct Document<'a> {
    files: usize,
    valid: usize,
    problems: &'a [Finding],
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let mut files = Vec::new();
    for path in &args.paths {
        collect(path, &mut files)?;
    }
    let (profile, context) = args.rules.load()?;
    let checked: Vec<Vec<Finding>> =
        files.iter().map(|file| check(file, &profile, &context)).collect::<Result<_>>()?;
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let valid = checked.iter().filter(|problems| problems.is_empty()).count();
    let problems = checked.concat();
    let files = checked.len();
    let document = Document { files, valid, problems: &problems };
    let report = Report { command: "check", files: &names, findings: &problems };
    report.write(&document, &args.output, printer)?;
    if !args.output.quiet && args.output.format(printer) != OutputFormat::Json {
        printer.say(&format!("{files} checked, {} with problems", files - valid));
    }
    Ok(if valid == files { ExitStatus::Done } else { ExitStatus::Refused })
}

fn check(file: &Path, profile: &Profile, context: &Context) -> Result<Vec<Finding>> {
    let name = file.display().to_string();
    let bytes = input::read(file)?;
    match Schema::parse_in(&bytes, profile, context) {
        Ok(schema) => {
            schema.compile().with_context(|| name.clone())?;
            Ok(Vec::new())
        }
        Err(problems) => Ok(problems.0.iter().map(|one| finding(&name, &bytes, one)).collect()),
    }
}

pub(super) fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let context = || format!("cannot read {}", path.display());
    let entries = fs::read_dir(path).with_context(context)?;
    let mut inside: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()
        .with_context(context)?;
    inside.sort();
    for path in inside {
        // Descriptions and records lie beside schemas and are none.
        if path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"schema.json") {
            collect(&path, files)?;
        }
    }
    Ok(())
}

fn finding(file: &str, bytes: &[u8], problem: &SchemaProblem) -> Finding {
    Finding {
        file: file.to_owned(),
        line: problem.at.line,
        column: problem.at.column,
        pointer: Some(problem.pointer.clone()),
        keyword: problem.keyword.clone(),
        message: problem.message.clone(),
        excerpt: Some(source(bytes, problem.at)),
        ..Finding::default()
    }
}

/// Characters of a line shown before a place, and after it.
const AROUND: usize = 60;

/// The line of the schema: nothing in it is a record's, so nothing is masked.
fn source(bytes: &[u8], at: Position) -> Excerpt {
    let before = bytes.get(..at.offset).unwrap_or(bytes);
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let line = bytes.get(start..).unwrap_or_default().split(|byte| *byte == b'\n').next();
    let line = String::from_utf8_lossy(line.unwrap_or_default());
    let skipped = at.column.saturating_sub(1 + AROUND);
    let text: String = line.chars().skip(skipped).take(2 * AROUND).collect();
    Excerpt { text: text.trim_end().to_owned(), start: at.column - 1 - skipped, width: 1 }
}
