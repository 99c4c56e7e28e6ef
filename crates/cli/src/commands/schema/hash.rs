//! `ndxp schema hash`.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use ndxp_schema::{SchemaLimits, json};
use serde::Serialize;

use crate::{exit::ExitStatus, input, printer::Printer};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
The identity is sha256 of the RFC 8785 form: spacing, the order of keys and the spelling of numbers and \
strings do not count, so `fmt` never changes it. The hub names a schema by the same hash.

Example:
  ndxp schema hash schema.json
  sha256:6d3c…")]
pub(crate) struct Args {
    /// JSON files; '-' for stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Hashed {
    file: String,
    hash: String,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    for path in &args.files {
        let file = path.display().to_string();
        let bytes = input::read(path)?;
        let document = json::read(&bytes, &SchemaLimits::none().json)
            .map_err(|refusal| anyhow!("{file}:{refusal}"))?;
        let hash = ndxp_schema::hash(&document);
        // One file: the hash alone, for scripts; several: as sha256sum writes them.
        let text = if args.files.len() == 1 { hash.clone() } else { format!("{hash}  {file}") };
        printer.data(&Hashed { file, hash }, text)?;
    }
    Ok(ExitStatus::Done)
}
