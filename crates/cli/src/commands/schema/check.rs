//! `ndxp schema check`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use ndxp_schema::{Profile, Schema, SchemaProblem};
use serde::Serialize;

use super::Output;
use crate::{exit::ExitStatus, input, printer::Printer};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Schemas; of a directory, all files whose names end in schema.json; '-' for stdin
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Finding<'a> {
    file: String,
    line: usize,
    column: usize,
    pointer: &'a str,
    keyword: &'a str,
    message: &'a str,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    files: usize,
    valid: usize,
    problems: Vec<Finding<'a>>,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let mut files = Vec::new();
    for path in &args.paths {
        collect(path, &mut files)?;
    }
    let profile = Profile::default();
    let checked: Vec<(String, Vec<SchemaProblem>)> =
        files.iter().map(|file| check(file, &profile)).collect::<Result<_>>()?;
    let findings = checked
        .iter()
        .flat_map(|(file, problems)| problems.iter().map(|problem| finding(file, problem)));
    let valid = checked.iter().filter(|(_, problems)| problems.is_empty()).count();
    let report = Report { files: checked.len(), valid, problems: findings.collect() };
    if args.output.is_json(printer) {
        printer.json(&report)?;
    } else {
        print(&report, printer)?;
    }
    Ok(if valid == report.files { ExitStatus::Done } else { ExitStatus::Refused })
}

fn check(file: &Path, profile: &Profile) -> Result<(String, Vec<SchemaProblem>)> {
    let name = file.display().to_string();
    let bytes = input::read(file)?;
    let problems = match Schema::parse(&bytes, profile) {
        Ok(schema) => {
            schema.compile().with_context(|| name.clone())?;
            Vec::new()
        }
        Err(problems) => problems.0,
    };
    Ok((name, problems))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
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

fn finding<'a>(file: &str, problem: &'a SchemaProblem) -> Finding<'a> {
    Finding {
        file: file.to_owned(),
        line: problem.at.line,
        column: problem.at.column,
        pointer: &problem.pointer,
        keyword: &problem.keyword,
        message: &problem.message,
    }
}

fn print(report: &Report<'_>, printer: &mut Printer) -> Result<()> {
    for problem in &report.problems {
        let Finding { file, line, column, keyword, message, .. } = problem;
        printer.line(format_args!("{file}:{line}:{column}: {keyword}: {message}"))?;
    }
    let bad = report.files - report.valid;
    printer.say(&format!("{} checked, {bad} with problems", report.files));
    Ok(())
}
