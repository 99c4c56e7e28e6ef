//! `ndxp system`.

use anyhow::Result;
use clap::Subcommand;
use ndxp_client::proto::convert;
use ndxp_model::{AgencyId, Principal, System, Title};

use crate::{
    connection::{Caller, Connect},
    exit::ExitStatus,
    printer::Printer,
    view::{self, Changed},
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
    /// Register a system (role authority, or steward of the agency)
    Create {
        /// The system: AGENCY/SYSTEM
        #[arg(value_name = "AGENCY/SYSTEM")]
        system: Caller,
        /// Its name in Vietnamese
        #[arg(long, value_name = "NAME")]
        vi: String,
        /// Its name in English
        #[arg(long, value_name = "NAME")]
        en: String,
    },
    /// List an agency's systems
    List {
        /// The agency
        agency: AgencyId,
    },
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let client = args.connect.client()?;
    match args.command {
        Command::Create { system: Caller(name), vi, en } => {
            let Principal::System(id) = name.principal else {
                anyhow::bail!("an officer is no system: ndxp officer create")
            };
            let system = System { id, name: Title { vi, en } };
            let parent = convert::agency_resource(&name.agency);
            let answer = client.create_system(&parent, (&system).into()).await?;
            let system = view::system(answer.system.unwrap_or_default())?;
            let changed = Changed::new(system, answer.receipt);
            let (agency, id) = (&name.agency, &changed.resource.id);
            let text = format!("registered system {agency}/{id}{}", changed.evidence());
            printer.data(&changed, text)?;
        }
        Command::List { agency } => {
            let found = client.list_systems(&convert::agency_resource(&agency)).await?;
            let all = view::all(found, view::system)?;
            let row =
                |system: &System| vec![format!("{agency}/{}", system.id), system.name.vi.clone()];
            let rows: Vec<_> = all.iter().map(row).collect();
            printer.data(&all, view::table(&rows))?;
        }
    }
    Ok(ExitStatus::Done)
}
