//! `ndxp agency`.

use anyhow::Result;
use clap::Subcommand;
use ndxp_client::{Client, proto::convert};
use ndxp_model::{Agency, AgencyId, AgencyKind, AgencyStatus, Title};

use crate::{
    connection::Connect,
    exit::ExitStatus,
    input,
    printer::Printer,
    view::{self, AgencyView, Changed},
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
    /// Register an agency (role authority)
    Create {
        /// Its id, given once: 1 to 63 of a-z, 0-9 and '-'
        agency: AgencyId,
        /// Its name in Vietnamese
        #[arg(long, value_name = "NAME")]
        vi: String,
        /// Its name in English
        #[arg(long, value_name = "NAME")]
        en: String,
        /// ministry, government-agency, province, enterprise or other
        #[arg(long, value_name = "KIND", value_parser = input::word::<AgencyKind>)]
        kind: AgencyKind,
    },
    /// List all agencies
    List,
    /// Show one agency
    Get {
        /// Its id
        agency: AgencyId,
    },
    /// Stop all that an agency does, within a second (role authority)
    Suspend {
        /// Its id
        agency: AgencyId,
    },
    /// Lift a suspension (role authority)
    Resume {
        /// Its id
        agency: AgencyId,
    },
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let client = args.connect.client()?;
    match args.command {
        Command::Create { agency: id, vi, en, kind } => {
            create(&client, Agency { id, name: Title { vi, en }, kind }, printer).await?;
        }
        Command::List => list(&client, printer).await?,
        Command::Get { agency } => {
            let found = client.get_agency(&convert::agency_resource(&agency)).await?;
            let view = view::agency(found)?;
            printer.data(&view, view::table(&[row(&view)]))?;
        }
        Command::Suspend { agency } => {
            let answer = client.suspend_agency(&convert::agency_resource(&agency)).await?;
            changed("suspended", answer.agency.unwrap_or_default(), answer.receipt, printer)?;
        }
        Command::Resume { agency } => {
            let answer = client.resume_agency(&convert::agency_resource(&agency)).await?;
            changed("resumed", answer.agency.unwrap_or_default(), answer.receipt, printer)?;
        }
    }
    Ok(ExitStatus::Done)
}

async fn create(client: &Client, agency: Agency, printer: &mut Printer) -> Result<()> {
    let message = convert::agency_message(&agency, AgencyStatus::Active);
    let answer = client.create_agency(message).await?;
    changed("registered", answer.agency.unwrap_or_default(), answer.receipt, printer)
}

async fn list(client: &Client, printer: &mut Printer) -> Result<()> {
    let all = view::all(client.list_agencies().await?, view::agency)?;
    let rows: Vec<_> = all.iter().map(row).collect();
    Ok(printer.data(&all, view::table(&rows))?)
}

fn changed(
    verb: &str,
    agency: ndxp_client::proto::registry::Agency,
    receipt: Option<ndxp_client::proto::common::Receipt>,
    printer: &mut Printer,
) -> Result<()> {
    let changed = Changed::new(view::agency(agency)?, receipt);
    let text = format!("{verb} agency {}{}", changed.resource.agency.id, changed.evidence());
    Ok(printer.data(&changed, text)?)
}

fn row(view: &AgencyView) -> Vec<String> {
    let suspended = if view.suspended { "suspended" } else { "" };
    let kind = view::word(&view.agency.kind);
    vec![view.agency.id.to_string(), kind, view.agency.name.vi.clone(), suspended.to_owned()]
}
