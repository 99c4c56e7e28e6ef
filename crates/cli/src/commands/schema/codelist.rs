//! `ndxp schema codelist`: which rows codes are looked up in.

use anyhow::{Context as _, Result};
use clap::Subcommand;
use ndxp_model::DatasetName;
use serde::Serialize;

use crate::{
    connection::Connect,
    exit::ExitStatus,
    printer::Printer,
    view::{self, Changed},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put a list's rows in force as they stand now (its owner's approver)
    Pin(Pin),
    /// Show which state of each list is in force
    List(List),
}

#[derive(Debug, clap::Args)]
struct Pin {
    #[command(flatten)]
    connect: Connect,
    /// The list: an active dataset of category REFERENCE, public or internal
    #[arg(value_name = "AGENCY/DATASET")]
    dataset: DatasetName,
    /// The rows that you saw, by their hash: another one is refused, and the refusal names theirs
    #[arg(value_name = "sha256:HEX")]
    sha256: String,
}

#[derive(Debug, clap::Args)]
struct List {
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, Serialize)]
struct InForce {
    dataset: String,
    sha256: String,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    match args.command {
        Command::Pin(args) => pin(args, printer).await,
        Command::List(args) => list(&args, printer).await,
    }
}

async fn pin(args: Pin, printer: &mut Printer) -> Result<ExitStatus> {
    let client = args.connect.client()?;
    let answer = client.pin_code_list(&args.dataset.resource(), &args.sha256).await?;
    let changed = Changed::new(args.sha256, answer.receipt);
    let evidence = changed.evidence();
    let text = format!("codes are looked up in {} of {}{evidence}", changed.resource, args.dataset);
    printer.data(&changed, text)?;
    Ok(ExitStatus::Done)
}

async fn list(args: &List, printer: &mut Printer) -> Result<ExitStatus> {
    let verdict = args.connect.client()?.who_am_i().await?.verdict;
    let verdict = verdict.context("the hub says nothing of its rules")?;
    let lists = verdict.code_lists.into_iter();
    let all: Vec<InForce> =
        lists.map(|list| InForce { dataset: list.dataset, sha256: list.sha256 }).collect();
    let rows: Vec<_> =
        all.iter().map(|one| vec![one.dataset.clone(), one.sha256.clone()]).collect();
    printer.data(&all, view::table(&rows))?;
    Ok(ExitStatus::Done)
}
