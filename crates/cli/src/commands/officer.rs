//! `ndxp officer`.

use anyhow::Result;
use clap::Subcommand;
use ndxp_client::proto::convert;
use ndxp_model::{AgencyId, Officer, OfficerId, Role};

use crate::{
    connection::Connect,
    exit::ExitStatus,
    input,
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
    /// Register an officer (role authority, or steward of the agency)
    Create {
        /// The agency that the officer acts for
        agency: AgencyId,
        /// The officer's id within the agency, for example steward-1
        officer: OfficerId,
        /// What the officer may do: authority, steward, approver or operator; may be repeated
        #[arg(long = "role", required = true, value_name = "ROLE", value_parser = input::word::<Role>)]
        roles: Vec<Role>,
    },
    /// List an agency's officers
    List {
        /// The agency
        agency: AgencyId,
    },
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let client = args.connect.client()?;
    match args.command {
        Command::Create { agency, officer: id, roles } => {
            let officer = Officer { id, roles: roles.into_iter().collect() };
            let parent = convert::agency_resource(&agency);
            let answer = client.create_officer(&parent, (&officer).into()).await?;
            let officer = view::officer(answer.officer.unwrap_or_default())?;
            let changed = Changed::new(officer, answer.receipt);
            let id = &changed.resource.id;
            let text = format!("registered officer {agency}/officer/{id}{}", changed.evidence());
            printer.data(&changed, text)?;
        }
        Command::List { agency } => {
            let found = client.list_officers(&convert::agency_resource(&agency)).await?;
            let all = view::all(found, view::officer)?;
            let rows: Vec<_> = all.iter().map(|officer| row(&agency, officer)).collect();
            printer.data(&all, view::table(&rows))?;
        }
    }
    Ok(ExitStatus::Done)
}

fn row(agency: &AgencyId, officer: &Officer) -> Vec<String> {
    let roles: Vec<_> = officer.roles.iter().map(view::word).collect();
    vec![format!("{agency}/officer/{}", officer.id), roles.join(", ")]
}
