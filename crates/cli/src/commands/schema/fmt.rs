//! `ndxp schema fmt`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};
use ndxp_schema::SchemaLimits;

use super::check::collect;
use crate::{
    exit::ExitStatus,
    input::{self, STDIN},
    printer::Printer,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Keywords get one order ($schema, title, type, what it accepts, what is said about it), two spaces a level, a \
newline at the end. Numbers and strings keep their spelling, properties and enum members their order, and the \
hash never changes. Files are rewritten in place, and their names printed; stdin goes to stdout.

Exit status: 0 all laid out; 1 with --check, some file is not; 2 a file cannot be read or is no JSON.

Examples:
  ndxp schema fmt schemas/
  ndxp schema fmt --check schemas/        in CI
  ndxp schema fmt - < draft.json > schema.json")]
pub(crate) struct Args {
    /// Schemas; of a directory, all files whose names end in schema.json; '-' for stdin to stdout
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Write nothing; name the files that are laid out otherwise, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let mut files = Vec::new();
    for path in &args.paths {
        collect(path, &mut files)?;
    }
    let mut differ = 0;
    for file in &files {
        differ += usize::from(one(file, args.check, printer)?);
    }
    let (count, rest) = (files.len(), files.len() - differ);
    let outcome = if args.check { "not laid out" } else { "rewritten" };
    printer.say(&format!("{count} looked at, {differ} {outcome}, {rest} as they should be"));
    Ok(if args.check && differ > 0 { ExitStatus::Refused } else { ExitStatus::Done })
}

/// Lays out one file; tells whether it was otherwise before.
fn one(path: &Path, check: bool, printer: &mut Printer) -> Result<bool> {
    let name = path.display();
    let bytes = input::read(path)?;
    let text = ndxp_schema::format(&bytes, &SchemaLimits::none().json)
        .map_err(|refusal| anyhow!("{name}:{refusal}"))?;
    let differs = text.as_bytes() != bytes;
    if path.as_os_str() == STDIN && !check {
        printer.bytes(text.as_bytes())?;
        return Ok(differs);
    }
    if differs {
        if !check {
            fs::write(path, text).with_context(|| format!("cannot write {name}"))?;
        }
        printer.line(name)?;
    }
    Ok(differs)
}
