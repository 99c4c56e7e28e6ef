//! `ndxp schema validate`: the fixed contract of the schema tool.

mod crew;
mod judge;
mod table;
mod tally;

use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use ndxp_model::Timestamp;
use ndxp_schema::{Context, Profile, Schema, Show, Validator, VerdictIdentity, json::Limits};
use serde::Serialize;

use super::{
    records::{Input, Source},
    report::{Finding, Output, OutputFormat, Report},
    rules::{self, Rules},
};
use crate::{exit::ExitStatus, input, printer::Printer};
use judge::Judge;
use tally::{Count, Total};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The schema; with --lock also a dataset, as AGENCY/DATASET
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,
    /// Files of records: NDJSON, JSON, YAML, CSV, also compressed with gzip; '-' for stdin
    #[arg(required = true, value_name = "DATA")]
    data: Vec<PathBuf>,
    /// What the files hold, whatever their names end in: ndjson, json, yaml, csv
    #[arg(long, value_enum, value_name = "KIND", hide_possible_values = true)]
    input: Option<Input>,
    /// How many findings are written at most; records are counted all the same
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    max_errors: usize,
    /// How many records are judged at the same time [default: one a core]
    #[arg(long, short, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=512))]
    jobs: Option<u16>,
    /// Count what is wrong by keyword and place instead of listing it
    #[arg(long)]
    summary: bool,
    /// Show offending values, but none that the schema marks as personal
    #[arg(long)]
    show_values: bool,
    /// With --show-values: also personal ones
    #[arg(long, requires = "show_values")]
    reveal_personal_data: bool,
    /// When what the records say happened, for code lists [default: now]
    #[arg(long, value_name = "TIME", requires = "lock")]
    at: Option<Timestamp>,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    output: Output,
}

/// The JSON object of the contract.
#[derive(Debug, Serialize)]
struct Document<'a> {
    records: usize,
    valid: usize,
    invalid: usize,
    errors: &'a [Finding],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a [Count]>,
    /// What gave the verdicts, and the schema's own identity.
    identity: VerdictIdentity,
    schema: &'a str,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let (profile, context) = args.rules.load()?;
    let file = args.rules.schema_file(&args.schema, &profile)?;
    let schema = parse(&file, &profile, &context)?;
    let lists = args.rules.code_lists(&args.schema, &schema, &profile)?;
    let day = lists.day(args.at.map_or_else(now, Timestamp::millis));
    let compiled = schema.compile_at(&lists, day);
    let validator = compiled.with_context(|| args.schema.display().to_string())?;
    let identity = validator.identity();
    let names: Vec<String> = args.data.iter().map(|path| path.display().to_string()).collect();
    let judge = Judge {
        columns: schema.columns(),
        privacy: schema.privacy(),
        validator: &validator,
        limits: profile.record,
        show: args.show(),
        excerpts: args.output.format(printer) == OutputFormat::Human,
        most: args.max_errors,
        summary: args.summary,
    };
    let source = Source::new(args.data.clone(), args.input, profile.record);
    let mut total = Total::new(&names, args.max_errors);
    crew::run(source, &judge, args.jobs(), &mut total, |text| printer.progress(text))?;
    write(args, &schema, &total, identity, printer)?;
    Ok(if total.invalid == 0 { ExitStatus::Done } else { ExitStatus::Refused })
}

/// Validates a file with one job and writes nothing: what `ndxp bench schema` measures. Returns the valid records.
pub(crate) fn measured(schema: &Schema, validator: &Validator, file: &Path) -> Result<usize> {
    let judge = Judge {
        columns: schema.columns(),
        privacy: schema.privacy(),
        validator,
        limits: Limits::default(),
        show: Show::Names,
        excerpts: false,
        most: 1_000,
        summary: false,
    };
    let names = [file.display().to_string()];
    let mut total = Total::new(&names, judge.most);
    let source = Source::new(vec![file.to_owned()], Some(Input::Ndjson), judge.limits);
    crew::run(source, &judge, 1, &mut total, |_| {})?;
    Ok(total.valid)
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)
}

impl Args {
    fn jobs(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.map_or_else(cores, usize::from)
    }

    fn show(&self) -> Show {
        match (self.show_values, self.reveal_personal_data) {
            (true, true) => Show::Everything,
            (true, false) => Show::Values,
            (false, _) => Show::Names,
        }
    }
}

fn parse(path: &Path, profile: &Profile, context: &Context) -> Result<Schema> {
    let bytes = input::read(path)?;
    rules::parse(&path.display().to_string(), &bytes, profile, context)
}

fn write(
    args: &Args,
    schema: &Schema,
    total: &Total<'_>,
    identity: VerdictIdentity,
    printer: &mut Printer,
) -> Result<()> {
    let counts = total.counts();
    let Total { records, valid, invalid, findings, truncated, .. } = total;
    let document = Document {
        records: *records,
        valid: *valid,
        invalid: *invalid,
        errors: findings,
        truncated: *truncated,
        summary: args.summary.then_some(&counts),
        identity,
        schema: schema.hash(),
    };
    let format = args.output.format(printer);
    if args.summary && format == OutputFormat::Human {
        printer.bytes(tally::table(&counts).as_bytes())?;
    } else {
        let report = Report { command: "validate", files: total.names, findings };
        report.write(&document, &args.output, printer)?;
    }
    if !args.output.quiet && format != OutputFormat::Json {
        if *truncated && !args.summary {
            printer.say("more findings were left out: --max-errors, or mend these first");
        }
        printer.say(&format!("{records} records, {valid} valid, {invalid} invalid"));
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
