//! `ndxp config`.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use crate::{
    config::{self, Resolved, Sources},
    exit::ExitStatus,
    printer::Printer,
    view,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read a configuration as the hub does, and say what is wrong with it
    Check(Source),
    /// Show every key with the value that holds, and where it comes from
    Show(Source),
}

#[derive(Debug, clap::Args)]
struct Source {
    /// The configuration; without it, environment and defaults alone
    #[arg(env = "NDXP_CONFIG", value_name = "FILE", hide_env_values = true)]
    file: Option<PathBuf>,
}

pub(crate) fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    match args.command {
        Command::Check(source) => match config::load(source.file.as_deref(), Sources::default()) {
            Ok(_) => printer.data(&json!({ "ok": true }), "the configuration is fine")?,
            // Not a finding about the configuration: there is none.
            Err(error @ config::ConfigError::Read { .. }) => return Err(error.into()),
            Err(error) => {
                let text = error.to_string();
                printer.data(&json!({ "ok": false, "error": text }), &text)?;
                return Ok(ExitStatus::Refused);
            }
        },
        Command::Show(source) => {
            let resolved = config::load(source.file.as_deref(), Sources::default())?;
            printer.data(&values(&resolved), table(&resolved))?;
        }
    }
    Ok(ExitStatus::Done)
}

fn values(resolved: &Resolved) -> BTreeMap<&'static str, serde_json::Value> {
    let value = |(key, text, place): &(&'static config::Key, String, config::Place)| {
        (key.name, json!({ "value": text, "from": place.to_string() }))
    };
    resolved.values.iter().map(value).collect()
}

fn table(resolved: &Resolved) -> String {
    let row = |(key, text, place): &(&'static config::Key, String, config::Place)| {
        vec![key.name.to_owned(), format!("{text:?}"), place.to_string(), key.variable()]
    };
    view::table(&resolved.values.iter().map(row).collect::<Vec<_>>())
}
