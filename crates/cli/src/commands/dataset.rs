//! `ndxp dataset`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;
use ndxp_client::{
    Client,
    proto::{common, convert, registry as pb},
};
use ndxp_model::{AgencyId, Dataset, DatasetName, DatasetState};

use crate::{
    connection::Connect,
    exit::ExitStatus,
    input,
    printer::Printer,
    view::{self, Changed, DatasetView},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: Connect,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Register a dataset in state draft, from its description (its owner)
    Create {
        /// A file such as seeds/nation/datasets/tax/e-invoices/dataset.json, or '-' for stdin
        file: PathBuf,
    },
    /// List the datasets that you may know of
    List {
        /// Of this agency only
        agency: Option<AgencyId>,
    },
    /// Show one dataset
    Get {
        /// The dataset
        #[arg(value_name = "AGENCY/DATASET")]
        dataset: DatasetName,
    },
    /// Let records in; needs a schema (its owner)
    Activate {
        /// The dataset
        #[arg(value_name = "AGENCY/DATASET")]
        dataset: DatasetName,
    },
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    // A file that cannot be read is said before a connection is asked for.
    match args.command {
        Command::Create { file } => {
            let dataset: Dataset = input::read_json(&file)?;
            let message = convert::dataset_message(&dataset, DatasetState::Draft, None);
            let answer = args.connect.client()?.create_dataset(message).await?;
            changed("registered", answer.dataset, answer.receipt, printer)?;
        }
        Command::List { agency } => list(&args.connect.client()?, agency, printer).await?,
        Command::Get { dataset } => {
            let found = args.connect.client()?.get_dataset(&dataset.resource()).await?;
            let view = view::dataset(found)?;
            printer.data(&view, view::table(&[row(&view)]))?;
        }
        Command::Activate { dataset } => {
            let answer = args.connect.client()?.activate_dataset(&dataset.resource()).await?;
            changed("activated", answer.dataset, answer.receipt, printer)?;
        }
    }
    Ok(ExitStatus::Done)
}

async fn list(client: &Client, agency: Option<AgencyId>, printer: &mut Printer) -> Result<()> {
    let parent = agency.map(|agency| convert::agency_resource(&agency)).unwrap_or_default();
    let all = view::all(client.list_datasets(&parent).await?, view::dataset)?;
    let rows: Vec<_> = all.iter().map(row).collect();
    Ok(printer.data(&all, view::table(&rows))?)
}

fn changed(
    verb: &str,
    dataset: Option<pb::Dataset>,
    receipt: Option<common::Receipt>,
    printer: &mut Printer,
) -> Result<()> {
    let changed = Changed::new(view::dataset(dataset.unwrap_or_default())?, receipt);
    let text = format!("{verb} dataset {}{}", changed.resource.dataset.name, changed.evidence());
    Ok(printer.data(&changed, text)?)
}

fn row(view: &DatasetView) -> Vec<String> {
    let dataset = &view.dataset;
    vec![
        dataset.name.to_string(),
        view::word(&dataset.category),
        view::word(&dataset.classification),
        view.state.to_owned(),
        format!("schema {}", view.schema_version),
        dataset.title.vi.clone(),
    ]
}
