//! `ndxp schema`: `check`, `validate` and `diff` need no hub; `register`, `get` and `list` talk to one.

mod bundle;
mod check;
#[cfg(feature = "client")]
mod codelist;
mod diff;
mod explain;
mod export;
mod fmt;
mod generate;
mod hash;
mod hub;
mod import;
mod infer;
mod lint;
mod lock;
#[cfg(feature = "client")]
mod online;
#[cfg(feature = "client")]
mod pull;
mod records;
mod report;
mod rules;
mod source;
mod test_;
mod validate;

use anyhow::Result;
use clap::Subcommand;

use crate::{exit::ExitStatus, printer::Printer};

#[cfg(feature = "hub")]
pub(crate) use rules::national;
pub(crate) use validate::measured;

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
    /// Find what a schema says that its author hardly meant, and mend what is certain
    Lint(lint::Args),
    /// Say what applies at a place of a record, with an example and the classification
    Explain(explain::Args),
    /// Draft a schema from records
    Infer(infer::Args),
    /// Make records of a schema, valid ones or ones with a fault each
    Generate(generate::Args),
    /// Lay schemas out in the one order of keywords, without changing their hash
    Fmt(fmt::Args),
    /// Print a schema's identity: the hash of its canonical form
    Hash(hash::Args),
    /// Make one schema of several that refer to each other by hash
    Bundle(bundle::Args),
    /// Write a schema as a data contract (ODCS) or as a page
    Export(export::Args),
    /// Make a schema of a data contract (ODCS)
    Import(import::Args),
    /// Run the cases kept beside a schema: records that it accepts or refuses
    Test(test_::Args),
    /// Register a dataset's next schema (its owner)
    #[cfg(feature = "client")]
    Register(online::Register),
    /// Choose what a dataset's next schema owes to those before it (its owner's steward)
    #[cfg(feature = "client")]
    Compatibility(online::Mode),
    /// Answer for a schema that could not be compared (its owner's approver)
    #[cfg(feature = "client")]
    Override(online::Override),
    /// Put the rows of a code list in force, or show which are
    #[cfg(feature = "client")]
    Codelist(codelist::Args),
    /// Fetch the hub's rules and schemas, so that verdicts here are the hub's
    #[cfg(feature = "client")]
    Pull(pull::Args),
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
        Command::Lint(args) => lint::run(&args, printer),
        Command::Explain(args) => explain::run(&args, printer),
        Command::Infer(args) => infer::run(&args, printer),
        Command::Generate(args) => generate::run(&args, printer),
        Command::Export(args) => export::run(&args, printer),
        Command::Import(args) => import::run(&args, printer),
        Command::Fmt(args) => fmt::run(&args, printer),
        Command::Hash(args) => hash::run(&args, printer),
        Command::Bundle(args) => bundle::run(&args, printer),
        Command::Test(args) => test_::run(&args, printer),
        #[cfg(feature = "client")]
        Command::Register(args) => super::runtime()?.block_on(online::register(args, printer)),
        #[cfg(feature = "client")]
        Command::Compatibility(args) => {
            super::runtime()?.block_on(online::compatibility(args, printer))
        }
        #[cfg(feature = "client")]
        Command::Override(args) => {
            super::runtime()?.block_on(online::override_comparison(args, printer))
        }
        #[cfg(feature = "client")]
        Command::Codelist(args) => super::runtime()?.block_on(codelist::run(args, printer)),
        #[cfg(feature = "client")]
        Command::Pull(args) => super::runtime()?.block_on(pull::run(args, printer)),
        #[cfg(feature = "client")]
        Command::Get(args) => super::runtime()?.block_on(online::get(args, printer)),
        #[cfg(feature = "client")]
        Command::List(args) => super::runtime()?.block_on(online::list(args, printer)),
    }
}
