//! `ndxp agreement`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;
use ndxp_client::{
    Client,
    proto::{agreement as pb, common, convert},
};
use ndxp_model::{AgreementId, AgreementRef, Terms};

use crate::{
    connection::Connect,
    exit::ExitStatus,
    input,
    printer::Printer,
    view::{self, AgreementView, Changed},
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
    /// Propose an agreement, or the next revision of one (steward of a party)
    Propose {
        /// The terms: a file such as seeds/nation/agreements/agr-0001.json, or '-' for stdin
        file: PathBuf,
    },
    /// Approve what is proposed, for your side (approver of a party)
    Approve {
        /// The agreement, agr-0001, or one revision of it, agr-0001@2
        agreement: String,
        /// Refuse unless these are the terms: the hash that you checked
        #[arg(long, value_name = "SHA256")]
        terms_hash: Option<String>,
    },
    /// Stop all exchange under an agreement, within a second
    Suspend {
        /// The agreement
        agreement: AgreementId,
    },
    /// Lift a suspension that your agency imposed
    Resume {
        /// The agreement
        agreement: AgreementId,
    },
    /// End an agreement for good
    Terminate {
        /// The agreement
        agreement: AgreementId,
    },
    /// Show one agreement with its terms
    Get {
        /// The agreement
        agreement: AgreementId,
    },
    /// List your agency's agreements; for the authority, all
    List,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    if let Command::Propose { file } = &args.command {
        let terms: Terms = input::read_json(file)?;
        let answer = args.connect.client()?.propose_agreement((&terms).into()).await?;
        changed("proposed", answer.agreement, answer.receipt, printer)?;
        return Ok(ExitStatus::Done);
    }
    let client = args.connect.client()?;
    let resource = convert::agreement_resource;
    match args.command {
        Command::Propose { .. } => {}
        Command::Approve { agreement, terms_hash } => {
            approve(&client, &agreement, terms_hash, printer).await?;
        }
        Command::Suspend { agreement } => {
            let answer = client.suspend_agreement(&resource(&agreement)).await?;
            changed("suspended", answer.agreement, answer.receipt, printer)?;
        }
        Command::Resume { agreement } => {
            let answer = client.resume_agreement(&resource(&agreement)).await?;
            changed("resumed", answer.agreement, answer.receipt, printer)?;
        }
        Command::Terminate { agreement } => {
            let answer = client.terminate_agreement(&resource(&agreement)).await?;
            changed("ended", answer.agreement, answer.receipt, printer)?;
        }
        Command::Get { agreement } => {
            let view = view::agreement(client.get_agreement(&resource(&agreement)).await?)?;
            printer.data(&view, serde_json::to_string_pretty(&view)?)?;
        }
        Command::List => {
            let all = view::all(client.list_agreements().await?, view::agreement)?;
            let rows: Vec<_> = all.iter().map(row).collect();
            printer.data(&all, view::table(&rows))?;
        }
    }
    Ok(ExitStatus::Done)
}

/// Approves the revision that was asked for, or the one that waits.
async fn approve(
    client: &Client,
    text: &str,
    terms_hash: Option<String>,
    printer: &mut Printer,
) -> Result<()> {
    let asked: Option<AgreementRef> = text.contains('@').then(|| text.parse()).transpose()?;
    let id: AgreementId =
        asked.as_ref().map_or_else(|| text.parse(), |asked| Ok(asked.id.clone()))?;
    let found = client.get_agreement(&convert::agreement_resource(&id)).await?;
    let found = view::agreement(found)?;
    let waiting = found.proposed.with_context(|| format!("nothing of {id} waits for approval"))?;
    let revision = asked.map_or(waiting.revision, |asked| asked.revision);
    printer.say(&format!("revision {} of {id}:", waiting.revision));
    printer.say(&serde_json::to_string_pretty(&waiting.terms)?);
    let name = convert::revision_resource(&AgreementRef { id, revision });
    let hash = terms_hash.unwrap_or(waiting.terms_hash);
    let answer = client.approve_agreement(&name, &hash).await?;
    changed("approved", answer.agreement, answer.receipt, printer)
}

fn changed(
    verb: &str,
    agreement: Option<pb::Agreement>,
    receipt: Option<common::Receipt>,
    printer: &mut Printer,
) -> Result<()> {
    let changed = Changed::new(view::agreement(agreement.unwrap_or_default())?, receipt);
    let view = &changed.resource;
    let text = format!("{verb} {}, now {}{}", view.id, state(view), changed.evidence());
    Ok(printer.data(&changed, text)?)
}

fn state(view: &AgreementView) -> String {
    let revision = view.in_force.as_ref().map(|r| format!(" at revision {}", r.revision));
    let waiting = view
        .proposed
        .as_ref()
        .map(|r| format!(", revision {} has {} of 2 approvals", r.revision, r.approvals.len()));
    format!("{}{}{}", view.state, revision.unwrap_or_default(), waiting.unwrap_or_default())
}

fn row(view: &AgreementView) -> Vec<String> {
    let (dataset, consumer) = match view.current() {
        Some(revision) => (revision.terms.dataset.to_string(), revision.terms.consumer.to_string()),
        None => Default::default(),
    };
    vec![view.id.clone(), dataset, format!("to {consumer}"), state(view)]
}
