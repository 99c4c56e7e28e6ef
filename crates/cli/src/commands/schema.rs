//! `ndxp schema`: `check`, `validate` and `diff` need no hub; `register`, `get` and `list` talk to one.

mod check;
mod diff;
#[cfg(feature = "client")]
mod online;
mod records;
mod report;
mod rules;
mod validate;

use anyhow::Result;
use clap::Subcommand;

use crate::{exit::ExitStatus, printer::Printer};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check schemas as the hub does when they are registered
    Check(check::Args),
    /// Validate records against a schema, with the hub's verdict
    Validate(validate::Args),
    /// Compare two schemas: which records are lost, with a record that proves it
    Diff(diff::Args),
    /// Register a dataset's next schema (its owner)
    #[cfg(feature = "client")]
    Register(online::Register),
    /// Show a registered schema
    #[cfg(feature = "client")]
    Get(online::Get),
    /// List a dataset's schemas
    #[cfg(feature = "client")]
    List(online::List),
}

/// Runs a command; those that talk to a hub make their own runtime.
pub(crate) fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    match args.command {
        Command::Check(args) => check::run(&args, printer),
        Command::Validate(args) => validate::run(&args, printer),
        Command::Diff(args) => diff::run(&args, printer),
        #[cfg(feature = "client")]
        Command::Register(args) => super::runtime()?.block_on(online::register(args, printer)),
        #[cfg(feature = "client")]
        Command::Get(args) => super::runtime()?.block_on(online::get(args, printer)),
        #[cfg(feature = "client")]
        Command::List(args) => super::runtime()?.block_on(online::list(args, printer)),
    }
}
