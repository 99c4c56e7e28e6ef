//! `ndxp pki`: certificates of a development authority, and of the hub's nodes, in the folder `pki` of
//! a hub's directory.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use ndxp_model::{Principal, PrincipalName, TrustDomain};
use ndxp_pki::{Authority, Directory};
use serde_json::json;

use crate::{
    connection::Caller, exit::ExitStatus, identities, node, node::HubDirectory, printer::Printer,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The hub's directory; certificates lie in its folder pki
    #[arg(long, global = true, env = "NDXP_DATA", value_name = "DIR", hide_env_values = true)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a development authority with an empty revocation list
    Init {
        /// The name space of its certificates: the hub's trust domain
        #[arg(long, value_name = "DOMAIN")]
        trust_domain: TrustDomain,
        /// Where the hub is, for the identities that will be issued
        #[arg(long, value_name = "URL", default_value = "https://localhost:7443")]
        hub: String,
    },
    /// Issue the hub's own certificate
    Server {
        /// A DNS name or an address that it is reached under
        #[arg(long = "name", value_name = "NAME", default_values = identities::SERVER_NAMES)]
        names: Vec<String>,
        #[command(flatten)]
        days: Days,
    },
    /// Issue what a node shows to the hub's other nodes; at first, make their authority
    Node {
        /// The hub's trust domain; that of the development authority, if there is one
        #[arg(long, value_name = "DOMAIN")]
        trust_domain: Option<TrustDomain>,
        /// Where to, for another node: the folder pki/nodes of its directory. Not said: for this one
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        #[command(flatten)]
        days: Days,
    },
    /// Issue a system's certificate
    System {
        /// The system
        #[arg(value_name = "AGENCY/SYSTEM")]
        system: Caller,
        #[command(flatten)]
        days: Days,
    },
    /// Issue an officer's certificate
    Officer {
        /// The officer
        #[arg(value_name = "AGENCY/officer/OFFICER")]
        officer: Caller,
        #[command(flatten)]
        days: Days,
    },
    /// Revoke the certificate that a system or an officer holds now
    Revoke {
        /// Its holder: AGENCY/SYSTEM or AGENCY/officer/OFFICER
        #[arg(value_name = "NAME")]
        holder: Caller,
    },
    /// Sign the revocation list again: it ends after 30 days
    Crl,
}

#[derive(Debug, clap::Args)]
struct Days {
    /// How many days it holds
    #[arg(long, default_value_t = identities::DAYS)]
    days: u32,
}

pub(crate) fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let data = args.data.context("--data says which hub's directory is meant")?;
    let directory = HubDirectory::new(data).pki();
    match args.command {
        Command::Init { trust_domain, hub } => init(&directory, &trust_domain, &hub, printer)?,
        Command::Server { names, days } => server(&directory, &names, days.days, printer)?,
        Command::Node { trust_domain, out, days } => {
            issue_node(&directory, trust_domain, out, days.days, printer)?;
        }
        Command::System { system: Caller(name), days } => {
            if !matches!(name.principal, Principal::System(_)) {
                bail!("that is an officer: ndxp pki officer");
            }
            issue(&directory, &name, days.days, printer)?;
        }
        Command::Officer { officer: Caller(name), days } => {
            if !matches!(name.principal, Principal::Officer(_)) {
                bail!("that is a system: ndxp pki system");
            }
            issue(&directory, &name, days.days, printer)?;
        }
        Command::Revoke { holder: Caller(name) } => revoke(&directory, &name, printer)?,
        Command::Crl => {
            directory.revoke(&load(&directory)?, &[], node::now())?;
            let path = directory.crl();
            printer.data(&json!({ "crl": path }), format!("signed {}", path.display()))?;
        }
    }
    Ok(ExitStatus::Done)
}

fn load(directory: &Directory) -> Result<Authority> {
    directory.load_authority().context("no development authority: ndxp pki init makes one")
}

fn init(
    directory: &Directory,
    domain: &TrustDomain,
    hub: &str,
    printer: &mut Printer,
) -> Result<()> {
    let now = node::now();
    directory.save_authority(&Authority::create(domain.clone(), now)?, now)?;
    identities::name_hub(directory, hub, [])?;
    let ca = directory.ca();
    printer.data(&json!({ "ca": ca }), format!("made {}", ca.display()))?;
    Ok(())
}

fn server(directory: &Directory, names: &[String], days: u32, printer: &mut Printer) -> Result<()> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let validity = identities::validity(node::now(), days);
    let issued = load(directory)?.issue_server(&names, validity)?;
    let paths = directory.save_server(&issued)?;
    let value = json!({ "cert": paths.cert, "key": paths.key, "serial": issued.serial.as_str() });
    printer.data(&value, format!("issued {}", paths.cert.display()))?;
    Ok(())
}

fn issue_node(
    directory: &Directory,
    domain: Option<TrustDomain>,
    out: Option<PathBuf>,
    days: u32,
    printer: &mut Printer,
) -> Result<()> {
    let domain = match domain {
        Some(domain) => domain,
        None => known_domain(directory)?,
    };
    let (now, home) = (node::now(), out.unwrap_or_else(|| directory.node()));
    let validity = identities::validity(now, days);
    let paths = identities::issue_node(directory, &domain, &home, validity, now)?;
    let value = json!({ "cert": paths.cert, "key": paths.key, "ca": home.join("ca.pem") });
    printer.data(&value, format!("issued {}", paths.cert.display()))?;
    Ok(())
}

/// The domain of the nodes' authority, or of the development one.
fn known_domain(directory: &Directory) -> Result<TrustDomain> {
    let known = [directory.nodes_authority(), directory.clone()];
    let known = known.iter().find(|directory| directory.ca().exists());
    let known = known.context("--trust-domain says whose nodes are meant")?;
    Ok(known.load_authority()?.domain().clone())
}

fn issue(
    directory: &Directory,
    name: &PrincipalName,
    days: u32,
    printer: &mut Printer,
) -> Result<()> {
    let validity = identities::validity(node::now(), days);
    identities::issue(directory, &load(directory)?, name, validity)?;
    let paths = directory.principal(name);
    let home = paths.cert.parent().unwrap_or(directory.path());
    let value = json!({ "identity": home, "principal": name, "serial": directory.serial_of(name)?.as_str() });
    printer.data(&value, format!("issued {name}: {}", home.display()))?;
    Ok(())
}

fn revoke(directory: &Directory, name: &PrincipalName, printer: &mut Printer) -> Result<()> {
    let serial = directory.serial_of(name)?;
    directory.revoke(&load(directory)?, std::slice::from_ref(&serial), node::now())?;
    let value = json!({ "principal": name, "serial": serial.as_str(), "crl": directory.crl() });
    let text = format!("revoked {name}, serial {serial}: a hub reads the list when it starts");
    printer.data(&value, text)?;
    Ok(())
}
