//! `ndxp schema test`: records that a schema has to accept or to refuse, kept beside it.

mod cases;
mod judge;

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::{
    report::{Finding, Output, OutputFormat, Report},
    rules::Rules,
};
use crate::{exit::ExitStatus, printer::Printer};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A file of cases:
  {
    \"schema\": \"schema.json\",
    \"tests\": [
      {\"name\": \"a citizen\", \"valid\": true, \"data\": {\"id\": \"001950000001\"}},
      {\"name\": \"a short id\", \"valid\": false, \"data\": {\"id\": \"1\"}, \"keyword\": \"format\", \
\"instance_path\": \"/id\"},
      {\"name\": \"a key twice\", \"valid\": false, \"raw\": \"{\\\"id\\\": 1, \\\"id\\\": 2}\", \
\"keyword\": \"duplicate-key\"}
    ]
  }
`schema` is a path, from the file's own directory, or the schema itself. A refused case may name the keyword that \
must fail, and where. `raw` is a record as text, for what JSON readers refuse.

Exit status: 0 every case holds; 1 some does not; 2 a file cannot be read, or a schema does not compile.")]
pub(crate) struct Args {
    /// Files of cases
    #[arg(required = true, value_name = "FILE.tests.json")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    output: Output,
}

/// The JSON object.
#[derive(Debug, Serialize)]
struct Document<'a> {
    tests: usize,
    passed: usize,
    failed: usize,
    failures: &'a [Finding],
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let (profile, context) = args.rules.load()?;
    let (mut tests, mut failures, mut files) = (0, Vec::new(), Vec::new());
    for path in &args.files {
        let suite = cases::load(path, &profile, &context)?;
        tests += suite.cases.len();
        failures.extend(suite.cases.iter().filter_map(|case| judge::judge(case, &suite, &profile)));
        files.push(suite.file);
    }
    let failed = failures.len();
    let passed = tests - failed;
    let document = Document { tests, passed, failed, failures: &failures };
    let report = Report { command: "test", files: &files, findings: &failures };
    report.write(&document, &args.output, printer)?;
    if !args.output.quiet && args.output.format(printer) != OutputFormat::Json {
        printer.say(&format!("{tests} tests, {passed} passed, {failed} failed"));
    }
    Ok(if failed == 0 { ExitStatus::Done } else { ExitStatus::Refused })
}
