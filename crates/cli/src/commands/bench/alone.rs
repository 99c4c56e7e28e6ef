//! `ndxp bench` of a program without a hub: the schema tool's figures.

mod machine;
mod schema;

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
    /// Decide on records and validate files, beside the bare engine; needs no hub
    Schema(schema::Options),
}

pub(crate) fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    match args.command {
        Command::Schema(options) => schema::run(&options, printer),
    }
}
