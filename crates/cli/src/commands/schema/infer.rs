//! `ndxp schema infer`.

mod read;
mod table;

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use ndxp_schema::{Samples, Schema, SchemaLimits};

use super::{records::Input, rules::Rules};
use crate::{exit::ExitStatus, printer::Printer};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The schema accepts every record it was made of, and is a draft: read it, name and describe its fields, decide each \
classification. Formats are proposed where all texts have them, an enum where few texts repeat, and nothing is required \
of fewer than 20 records. No text of a field that looks personal gets into the schema.

Examples:
  ndxp schema infer records.ndjson > schema.json
  ndxp schema infer --each list.json > schema.json       the items of an array are the records
  ndxp schema infer export.csv | ndxp schema lint --published -")]
pub(crate) struct Args {
    /// Files of records: NDJSON, JSON, YAML, CSV, also compressed with gzip; '-' for stdin
    #[arg(required = true, value_name = "DATA")]
    data: Vec<PathBuf>,
    /// What the files hold, whatever their names end in: ndjson, json, yaml, csv
    #[arg(long, value_enum, value_name = "KIND", hide_possible_values = true)]
    input: Option<Input>,
    /// Take the items of an array as records
    #[arg(long)]
    each: bool,
    #[command(flatten)]
    rules: Rules,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let (profile, _) = args.rules.load()?;
    let mut samples = Samples::new(&profile);
    read::each_record(&args.data, args.input, profile.record, |record| match record.as_array() {
        Some(items) if args.each => items.iter().for_each(|item| samples.add(item)),
        _ => samples.add(&record),
    })?;
    let count = samples.count();
    if count == 0 {
        bail!("there are no records to learn from");
    }
    let draft = samples.schema().to_string();
    // Records may be nested deeper than a schema of theirs is allowed to be.
    Schema::parse(draft.as_bytes(), &profile)
        .map_err(|problems| anyhow!("the records need a schema beyond the limits\n{problems}"))?;
    let text = ndxp_schema::format(draft.as_bytes(), &SchemaLimits::none().json)?;
    printer.bytes(text.as_bytes())?;
    let few = if count < 20 { "; too few to say what is required" } else { "" };
    printer.say(&format!("a draft from {count} records{few}; classifications are proposals"));
    Ok(ExitStatus::Done)
}
