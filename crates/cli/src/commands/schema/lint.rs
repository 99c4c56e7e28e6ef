//! `ndxp schema lint`.

mod files;
mod pages;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow};
use ndxp_schema::{
    Profile,
    lint::{self, AgencyRule, Severity},
};
use serde::Serialize;

use super::{
    check::collect,
    report::{Finding, Level, Output, OutputFormat, Report},
    rules::Rules,
    source,
};
use crate::{
    exit::ExitStatus,
    input::{self, STDIN},
    printer::Printer,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A finding is an error (exit 1) or a warning (exit 0, unless --strict). What a schema means to keep, it says itself, \
for a place and all below it:
  \"x-ndxp-lint-ignore\": {\"NDX021\": \"the rest of the code is free\"}

A schema is a published dataset's if it names its x-ndxp-owner, if a dataset.json lies beside it, or with --published; \
then more is asked of it.

Rules of your own are JSON Schemas of schemas, one a file: `--explain rules` shows how.

Exit status: 0 no errors; 1 errors, or any finding with --strict; 2 a file cannot be read or is no JSON.

Examples:
  ndxp schema lint schemas/
  ndxp schema lint --fix permit.schema.json
  ndxp schema lint --explain NDX004")]
pub(crate) struct Args {
    /// Schemas; of a directory, all files whose names end in schema.json; '-' for stdin
    #[arg(value_name = "FILE|DIR", required_unless_present = "explain")]
    paths: Vec<PathBuf>,
    /// Mend what is certain, in place (stdin to stdout); no verdict changes
    #[arg(long)]
    fix: bool,
    /// Fail on warnings too
    #[arg(long)]
    strict: bool,
    /// Take every schema for a published dataset's
    #[arg(long)]
    published: bool,
    /// Rules of an agency's own: every *.json of the directory
    #[arg(long = "rules", value_name = "DIR")]
    agency: Option<PathBuf>,
    /// Show the page of a rule; `all` lists them, `rules` shows how to write one
    #[arg(long, value_name = "ID", conflicts_with = "paths")]
    explain: Option<String>,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    output: Output,
}

/// The JSON object.
#[derive(Debug, Serialize)]
struct Document<'a> {
    files: usize,
    errors: usize,
    warnings: usize,
    ignored: usize,
    fixed: usize,
    findings: &'a [Finding],
}

/// What a run has seen so far.
#[derive(Default)]
struct Seen {
    files: Vec<String>,
    findings: Vec<Finding>,
    ignored: usize,
    fixed: usize,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    if let Some(id) = &args.explain {
        printer.bytes(pages::page(id)?.as_bytes())?;
        return Ok(ExitStatus::Done);
    }
    let (profile, _) = args.rules.load()?;
    let agency = match &args.agency {
        Some(dir) => files::rules(dir, &profile)?,
        None => Vec::new(),
    };
    let mut paths = Vec::new();
    for path in &args.paths {
        collect(path, &mut paths)?;
    }
    let mut seen = Seen::default();
    for path in &paths {
        one(path, args, (&profile, &agency), &mut seen, printer)?;
    }
    write(args, &seen, printer)
}

fn one(
    path: &Path,
    args: &Args,
    (profile, agency): (&Profile, &[AgencyRule]),
    seen: &mut Seen,
    printer: &mut Printer,
) -> Result<()> {
    let file = path.display().to_string();
    let refused = |refusal| anyhow!("{file}:{refusal}");
    let context = files::context(path, args.published)?;
    let mut bytes = input::read(path)?;
    if args.fix {
        let fixed = lint::fix(&bytes, profile, context, agency).map_err(refused)?;
        if path.as_os_str() == STDIN {
            printer.bytes(&fixed.bytes)?;
        } else if fixed.count > 0 {
            fs::write(path, &fixed.bytes).with_context(|| format!("cannot write {file}"))?;
        }
        seen.fixed += fixed.count;
        bytes = fixed.bytes;
    }
    let report = lint::lint(&bytes, profile, context, agency).map_err(refused)?;
    seen.ignored += report.ignored;
    if report.truncated {
        printer.say(&format!("{file}: more was found than is listed; mend these first"));
    }
    seen.findings.extend(report.findings.into_iter().map(|found| finding(&file, &bytes, found)));
    seen.files.push(file);
    Ok(())
}

fn finding(file: &str, bytes: &[u8], found: lint::Finding) -> Finding {
    let (start, id) = (found.span.start, found.rule.as_str());
    Finding {
        file: file.to_owned(),
        line: start.line,
        column: start.column,
        pointer: Some(found.pointer),
        keyword: found.rule.clone(),
        level: match found.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
        },
        message: found.message,
        hint: match (found.hint, found.fixable) {
            (Some(hint), true) => Some(format!("{hint} (--fix does it)")),
            (hint, _) => hint,
        },
        // What may be a person's is not carried into logs.
        excerpt: (id != "NDX005").then(|| source::excerpt(bytes, found.span)),
        ..Finding::default()
    }
}

fn write(args: &Args, seen: &Seen, printer: &mut Printer) -> Result<ExitStatus> {
    let Seen { files, findings, ignored, fixed } = seen;
    let errors = findings.iter().filter(|finding| finding.level == Level::Error).count();
    let warnings = findings.len() - errors;
    let (count, ignored, fixed) = (files.len(), *ignored, *fixed);
    let document = Document { files: count, errors, warnings, ignored, fixed, findings };
    // A schema mended from stdin is the result; what is left to say about it is not.
    let to_stdout = args.fix && args.paths.iter().any(|path| path.as_os_str() == STDIN);
    if !to_stdout {
        Report { command: "lint", files, findings }.write(&document, &args.output, printer)?;
    }
    if !args.output.quiet && args.output.format(printer) != OutputFormat::Json {
        let (e, w) = (if errors == 1 { "" } else { "s" }, if warnings == 1 { "" } else { "s" });
        let mut text = format!("{count} looked at, {errors} error{e}, {warnings} warning{w}");
        for (number, what) in [(fixed, "mended"), (ignored, "ignored with a reason")] {
            if number > 0 {
                text += &format!(", {number} {what}");
            }
        }
        printer.say(&text);
    }
    let failed = errors > 0 || args.strict && warnings > 0;
    Ok(if failed { ExitStatus::Refused } else { ExitStatus::Done })
}
