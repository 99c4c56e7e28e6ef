//! `ndxp schema register`, `get`, `list`.

use std::path::PathBuf;

use anyhow::Result;
use ndxp_client::proto::convert;
use ndxp_model::{DatasetName, SchemaVersion};

use crate::{
    connection::Connect,
    exit::ExitStatus,
    input,
    printer::Printer,
    view::{self, Changed, SchemaView},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Register {
    #[command(flatten)]
    connect: Connect,
    /// The dataset
    #[arg(value_name = "AGENCY/DATASET")]
    dataset: DatasetName,
    /// A JSON Schema of draft 2020-12 or draft-07; '-' for stdin
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    #[command(flatten)]
    connect: Connect,
    /// The dataset
    #[arg(value_name = "AGENCY/DATASET")]
    dataset: DatasetName,
    /// The version [default: the newest]
    version: Option<SchemaVersion>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    connect: Connect,
    /// The dataset
    #[arg(value_name = "AGENCY/DATASET")]
    dataset: DatasetName,
}

pub(crate) async fn register(args: Register, printer: &mut Printer) -> Result<ExitStatus> {
    let document = input::read(&args.file)?;
    let client = args.connect.client()?;
    let answer = client.register_schema(&args.dataset.resource(), document).await?;
    let changed = Changed::new(view::schema(answer.schema.unwrap_or_default())?, answer.receipt);
    let SchemaView { dataset, version, hash, .. } = &changed.resource;
    let text = format!("{dataset} has schema {version}, {hash}{}", changed.evidence());
    printer.data(&changed, text)?;
    Ok(ExitStatus::Done)
}

/// Prints the document as it was registered, byte for byte.
pub(crate) async fn get(args: Get, printer: &mut Printer) -> Result<ExitStatus> {
    let client = args.connect.client()?;
    let version = match args.version {
        Some(version) => version,
        None => SchemaVersion(client.get_dataset(&args.dataset.resource()).await?.schema_version),
    };
    let name = convert::schema_resource(&args.dataset, version);
    printer.bytes(&client.get_schema(&name).await?.document)?;
    Ok(ExitStatus::Done)
}

pub(crate) async fn list(args: List, printer: &mut Printer) -> Result<ExitStatus> {
    let found = args.connect.client()?.list_schemas(&args.dataset.resource()).await?;
    let all = view::all(found, view::schema)?;
    let row = |view: &SchemaView| {
        let when = view.registered_at.map(|instant| instant.to_string());
        vec![view.version.to_string(), view.hash.clone(), when.unwrap_or_default()]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    printer.data(&all, view::table(&rows))?;
    Ok(ExitStatus::Done)
}
