//! `ndxp schema import`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail};
use ndxp_schema::{Schema, SchemaLimits, odcs};
use serde_json::Value;

use super::{
    export,
    records::{Input, Records, Source},
    rules::Rules,
};
use crate::{exit::ExitStatus, printer::Printer};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
odcs: makes a schema of an object of a data contract (Open Data Contract Standard 3, YAML or JSON). What a schema has no \
word for is listed on stderr, never dropped silently.

Example:
  ndxp schema import odcs contract.odcs.yaml --schema customers > schema.json")]
pub(crate) struct Args {
    /// What is read: odcs
    #[arg(value_enum, value_name = "KIND", hide_possible_values = true)]
    kind: Kind,
    /// The contract; '-' for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which of the contract's schemas, by name [default: its only one]
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
    #[command(flatten)]
    rules: Rules,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Odcs,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let Kind::Odcs = args.kind;
    let (profile, context) = args.rules.load()?;
    let file = args.file.display().to_string();
    let contract = read(args)?;
    let imported = odcs::import(&contract, args.schema.as_deref()).context(file.clone())?;
    printer.bytes(imported.text.as_bytes())?;
    export::say(&file, &imported.unmapped, printer);
    // A contract may say what the hub refuses, for example a pattern with look-ahead: the draft is printed all the same.
    let parsed = Schema::parse_in(imported.text.as_bytes(), &profile, &context);
    let Err(problems) = parsed else { return Ok(ExitStatus::Done) };
    for problem in problems.0 {
        printer.say(&format!("the schema made of it: {problem}"));
    }
    Ok(ExitStatus::Refused)
}

fn read(args: &Args) -> Result<Value> {
    let name = args.file.display();
    let limits = SchemaLimits::none().json;
    let limits = ndxp_schema::json::Limits { max_bytes: 16 << 20, ..limits };
    // JSON is YAML too.
    let mut source = Source::new(vec![args.file.clone()], Some(Input::Yaml), limits);
    let mut found = Vec::new();
    while let Some(batch) = source.next()? {
        if let Records::Documents(documents) = batch.records {
            found.extend(documents);
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(Ok(document)), true) => Ok(document.value),
        (Some(Err(fault)), _) => {
            Err(anyhow!("{name}:{}:{}: {}", fault.place.line, fault.place.column, fault.message))
        }
        _ => bail!("{name}: a contract is one YAML document"),
    }
}
