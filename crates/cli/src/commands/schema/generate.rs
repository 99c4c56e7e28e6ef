//! `ndxp schema generate`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use ndxp_schema::{Profile, Validator, generate::Generator, json};
use serde::Serialize;
use serde_json::Value;

use super::rules::{self, Rules};
use crate::{
    exit::ExitStatus,
    input,
    printer::{Format, Printer},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Records go to stdout, one a line; the same seed gives the same records. Each is judged by the validator before it is \
printed. With --invalid each breaks one keyword, where that is possible, and stderr says which and where; with --json \
each line is {\"record\", \"keyword\", \"instance_path\"}.

Exit status: 0 done; 1 fewer records were found than asked for; 2 the schema cannot be read or does not compile.

Examples:
  ndxp schema generate schema.json --count 1000 --seed 7 > records.ndjson
  ndxp schema generate schema.json --invalid --count 20 --seed 7 | ndxp schema validate --schema schema.json -")]
pub(crate) struct Args {
    /// The schema; '-' for stdin
    #[arg(value_name = "SCHEMA")]
    schema: PathBuf,
    /// How many records
    #[arg(long, value_name = "N", default_value_t = 10)]
    count: usize,
    /// Where chance begins
    #[arg(long, value_name = "K", default_value_t = 0)]
    seed: u64,
    /// Records that the schema refuses, by one keyword each
    #[arg(long)]
    invalid: bool,
    #[command(flatten)]
    rules: Rules,
}

/// A record that breaks the schema, and what it breaks.
#[derive(Debug, Serialize)]
struct Broken<'a> {
    record: &'a Value,
    keyword: &'a str,
    instance_path: &'a str,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let (profile, context) = args.rules.load()?;
    let file = args.schema.display().to_string();
    let bytes = input::read(&args.schema)?;
    let schema = rules::parse(&file, &bytes, &profile, &context)?;
    let validator = schema.compile().context(file.clone())?;
    let mut generator = Generator::new(&schema, args.seed).context(file.clone())?;
    for number in 1..=args.count {
        let found = if args.invalid {
            invalid(&mut generator, number, &validator, &profile, printer)?
        } else {
            valid(&mut generator, &validator, &profile, printer)?
        };
        if !found {
            let kind = if args.invalid { "refuses" } else { "accepts" };
            printer.say(&format!("{} found: no other record that {file} {kind}", number - 1));
            return Ok(ExitStatus::Refused);
        }
    }
    Ok(ExitStatus::Done)
}

fn valid(
    generator: &mut Generator<'_>,
    validator: &Validator,
    profile: &Profile,
    printer: &mut Printer,
) -> Result<bool> {
    let Some(record) = generator.valid() else { return Ok(false) };
    judge(&record, true, validator, profile)?;
    printer.json(&record)?;
    Ok(true)
}

fn invalid(
    generator: &mut Generator<'_>,
    number: usize,
    validator: &Validator,
    profile: &Profile,
    printer: &mut Printer,
) -> Result<bool> {
    let Some(broken) = generator.invalid() else { return Ok(false) };
    let (record, keyword, instance_path) =
        (&broken.record, &*broken.keyword, &*broken.instance_path);
    judge(record, false, validator, profile)?;
    match printer.format() {
        Format::Json => printer.json(&Broken { record, keyword, instance_path })?,
        Format::Human => {
            let place = if instance_path.is_empty() { "the root" } else { instance_path };
            printer.json(record)?;
            printer.say(&format!("{number}: breaks {keyword} at {place}"));
        }
    }
    Ok(true)
}

/// Judges the record as whoever reads the line will: from its text.
fn judge(record: &Value, expected: bool, validator: &Validator, profile: &Profile) -> Result<()> {
    let text = record.to_string();
    let read = json::read(text.as_bytes(), &profile.record);
    if read.is_ok_and(|value| validator.decide(&value) == expected) {
        return Ok(());
    }
    bail!("a record was made that is not what was asked for: this is a defect of ndxp");
}
