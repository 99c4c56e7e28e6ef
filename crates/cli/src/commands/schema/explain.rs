//! `ndxp schema explain`.

mod words;

use std::path::PathBuf;

use anyhow::Result;
use ndxp_schema::{Applied, Description};
use serde::Serialize;
use serde_json::{Map, Value};

use super::rules::{self, Rules};
use crate::{
    exit::ExitStatus,
    input,
    printer::{Format, Printer},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
POINTER is the place of a value in a record: /site/commune_code, /children/0/name, /children/*/name for any item, \"\" \
for the record itself. #/$defs/site is a place of the schema.

Exit status: 0 something is said about the place; 1 nothing is; 2 the schema cannot be read or does not parse.

Example:
  ndxp schema explain schema.json /site/commune_code")]
pub(crate) struct Args {
    /// The schema; '-' for stdin
    #[arg(value_name = "SCHEMA")]
    schema: PathBuf,
    /// The place
    #[arg(value_name = "POINTER")]
    pointer: String,
    #[command(flatten)]
    rules: Rules,
}

/// The JSON object.
#[derive(Debug, Serialize)]
struct Document<'a> {
    pointer: &'a str,
    title: Option<&'a str>,
    description: Option<&'a str>,
    required: bool,
    classification: Option<&'a str>,
    classification_from: Option<&'a str>,
    properties: &'a [String],
    example: Option<&'a Value>,
    schemas: Vec<Place<'a>>,
}

#[derive(Debug, Serialize)]
struct Place<'a> {
    pointer: &'a str,
    line: usize,
    column: usize,
    branch: Option<&'a str>,
    rules: Map<String, Value>,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let (profile, context) = args.rules.load()?;
    let file = args.schema.display().to_string();
    let bytes = input::read(&args.schema)?;
    let schema = rules::parse(&file, &bytes, &profile, &context)?;
    let Some(found) = ndxp_schema::describe(&schema, &bytes, &args.pointer) else {
        printer.say(&format!("{file} declares nothing at {}", args.pointer));
        return Ok(ExitStatus::Refused);
    };
    match printer.format() {
        Format::Json => printer.json(&document(&found))?,
        Format::Human => {
            printer.bytes(words::describe(&file, &found, &profile).as_bytes())?;
        }
    }
    Ok(ExitStatus::Done)
}

fn document(found: &Description) -> Document<'_> {
    Document {
        pointer: &found.pointer,
        title: found.title.as_deref(),
        description: found.description.as_deref(),
        required: found.required,
        classification: found.classification.as_ref().map(|said| said.value.as_str()),
        classification_from: found.classification.as_ref().map(|said| said.from.as_str()),
        properties: &found.properties,
        example: found.example.as_ref(),
        schemas: found.schemas.iter().map(place).collect(),
    }
}

fn place(applied: &Applied) -> Place<'_> {
    Place {
        pointer: &applied.pointer,
        line: applied.at.line,
        column: applied.at.column,
        branch: applied.branch.as_deref(),
        rules: applied.rules.iter().cloned().collect(),
    }
}
