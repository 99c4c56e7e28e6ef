//! `ndxp schema export`.

use std::path::PathBuf;

use anyhow::Result;
use ndxp_schema::{
    Schema,
    odcs::{self, Contract, Fate, Unmapped},
};
use serde_json::Value;

use super::rules::{self, Rules};
use crate::{exit::ExitStatus, input, printer::Printer};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
odcs: a data contract of the Open Data Contract Standard 3.1, in YAML. What the standard has no word for is kept as \
custom properties and listed on stderr; `ndxp schema import odcs` makes the same schema of it again.
markdown: a page with a row for each place: what it is, its rules, whether it is required, its classification.

Examples:
  ndxp schema export odcs schema.json --name tax/e-invoices > contract.odcs.yaml
  ndxp schema export markdown schema.json > schema.md")]
pub(crate) struct Args {
    /// What is written: odcs, markdown
    #[arg(value_enum, value_name = "KIND", hide_possible_values = true)]
    kind: Kind,
    /// The schema; '-' for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The dataset's name, in a contract [default: its title]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The contract's id [default: the schema's $id, else its hash]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The contract's version
    #[arg(long, value_name = "VERSION", default_value = "1.0.0")]
    contract_version: String,
    /// The contract's status: proposed, draft, active, deprecated, retired
    #[arg(long, value_name = "STATUS", default_value = "draft")]
    status: String,
    #[command(flatten)]
    rules: Rules,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    Odcs,
    Markdown,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let (profile, context) = args.rules.load()?;
    let file = args.file.display().to_string();
    let bytes = input::read(&args.file)?;
    let schema = rules::parse(&file, &bytes, &profile, &context)?;
    match args.kind {
        Kind::Markdown => printer.bytes(ndxp_schema::markdown(&schema, &bytes).as_bytes())?,
        Kind::Odcs => {
            let contract = contract(args, &schema);
            let (text, unmapped) = odcs::export(schema.document(), &bytes, &contract);
            printer.bytes(text.as_bytes())?;
            say(&file, &unmapped, printer);
        }
    }
    Ok(ExitStatus::Done)
}

fn contract(args: &Args, schema: &Schema) -> Contract {
    let said =
        |keyword: &str| schema.document().get(keyword).and_then(Value::as_str).map(str::to_owned);
    Contract {
        id: args.id.clone().or_else(|| said("$id")).unwrap_or_else(|| schema.hash().to_owned()),
        name: args.name.clone().or_else(|| said("title")).unwrap_or_else(|| "dataset".to_owned()),
        version: args.contract_version.clone(),
        status: args.status.clone(),
    }
}

/// Lists what has no counterpart, a line each.
pub(super) fn say(file: &str, unmapped: &[Unmapped], printer: &mut Printer) {
    for Unmapped { pointer, fate } in unmapped {
        let fate = match fate {
            Fate::Kept => "kept as a custom property",
            Fate::Dropped => "has no counterpart in a schema: left out",
        };
        printer.say(&format!("{file}: {pointer}: {fate}"));
    }
}
