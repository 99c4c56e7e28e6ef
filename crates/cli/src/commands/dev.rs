//! `ndxp dev`: a hub of one's own with the demonstration nation in it, until Ctrl-C.

use std::{net::SocketAddr, path::PathBuf, time::Instant};

use anyhow::{Context, Result};
use ndxp_model::{PrincipalName, TrustDomain};

use super::{
    apply,
    init::{self, Beginning},
    serve::{ConfigArgs, Stop},
};
use crate::{
    config::LogConfig, exit::ExitStatus, identities, nation, node, node::HubDirectory,
    printer::Printer,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Its directory: made if it is not there, taken up if it is
    #[arg(
        long,
        env = "NDXP_DATA",
        value_name = "DIR",
        default_value = "ndxp-dev",
        hide_env_values = true
    )]
    data: PathBuf,
    /// Where gRPC is served; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7443")]
    listen: SocketAddr,
    /// Where health and metrics are served; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7480")]
    http: SocketAddr,
    /// End as soon as the nation is loaded
    #[arg(long)]
    once: bool,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let data = HubDirectory::new(&args.data);
    let flags = vec![
        ("data", args.data.display().to_string(), "--data"),
        ("grpc.listen", args.listen.to_string(), "--listen"),
        ("http.listen", args.http.to_string(), "--http"),
        ("telemetry.level", "warn".to_owned(), "(a hub of one's own)"),
    ];
    let config = args.config.load(flags)?.config;
    node::start_telemetry(&config.telemetry);
    let mut stop = Stop::listen()?;
    let listeners = node::bind(&config)?;
    let address = format!("https://localhost:{}", listeners.grpc_port()?);
    let since = Instant::now();
    let issued = prepare(&data, &config.log, &address).await?;
    printer.say(&format!("{issued} certificates issued in {:.1} s", since.elapsed().as_secs_f64()));
    let mut running = node::start(&config, listeners).await?;
    let status = match load(&data, printer).await {
        Ok(ExitStatus::Done) if !args.once => {
            let http = running.node.http();
            printer.line(welcome(&data, &address, &format!("http://{http}")))?;
            printer.flush()?;
            Ok(stop.wait(&mut running).await)
        }
        ended => ended,
    };
    running.shutdown().await;
    status
}

/// Makes whatever a hub with the nation needs and is not there yet: genesis, authority,
/// certificates, the nation's files. Returns how many certificates were issued.
pub(crate) async fn prepare(data: &HubDirectory, log: &LogConfig, address: &str) -> Result<usize> {
    let bodies = nation::bodies()?;
    let authority = bodies.iter().find(|body| body.id.as_str() == nation::AUTHORITY);
    let authority = authority.context("the nation has no authority")?;
    let domain: TrustDomain = nation::TRUST_DOMAIN.parse()?;
    let officers = authority.officers.iter().map(|officer| officer.id.clone()).collect();
    let beginning = Beginning { domain: domain.clone(), authority: authority.agency(), officers };
    init::begin(data, beginning, log).await?;
    nation::unpack(&data.nation())?;
    let names: Vec<_> = bodies.iter().flat_map(nation::Body::principals).collect();
    let (data, address) = (data.clone(), address.to_owned());
    tokio::task::spawn_blocking(move || certificates(&data, &domain, &address, &names)).await?
}

fn certificates(
    data: &HubDirectory,
    domain: &TrustDomain,
    address: &str,
    names: &[PrincipalName],
) -> Result<usize> {
    let (directory, now) = (data.pki(), node::now());
    let authority = identities::authority(&directory, domain, now)?;
    identities::name_hub(&directory, address, names)?;
    let missing = names.iter().filter(|name| !directory.principal(name).cert.exists());
    let mut issued = 0;
    for name in missing {
        let validity = identities::validity(now, identities::DAYS);
        identities::issue(&directory, &authority, name, validity)?;
        issued += 1;
    }
    Ok(issued)
}

/// Says where the hub is to everybody who has a certificate.
pub(crate) fn name_hub(data: &HubDirectory, address: &str) -> Result<()> {
    let bodies = nation::bodies()?;
    let names: Vec<_> = bodies.iter().flat_map(nation::Body::principals).collect();
    identities::name_hub(&data.pki(), address, &names)
}

/// Brings the nation into the hub that runs on this directory, through the API.
pub(crate) async fn load(data: &HubDirectory, printer: &mut Printer) -> Result<ExitStatus> {
    let apply = apply::Args::to_hub_in(data.path().to_owned(), data.nation());
    apply::run(apply, printer).await.context("cannot load the nation")
}

fn welcome(data: &HubDirectory, address: &str, http: &str) -> String {
    let pki = data.pki();
    let agencies = pki.path().join("agencies");
    let (agencies, records) = (agencies.display(), data.nation().join("records"));
    let units = records.join("administrative-units.ndjson");
    format!(
        "
The hub is ready: {address}; health and metrics: {http}/readyz, {http}/metrics.
Certificates of all systems and officers: {agencies}/<agency>/systems/<system>/
What the hub holds, to read, change and apply again: {nation}

Publish, in another terminal:
  export NDXP_IDENTITY={agencies}/home-affairs/systems/administrative-units
  ndxp whoami
  ndxp publish home-affairs/administrative-units {units}

Receive, in a third:
  export NDXP_IDENTITY={agencies}/statistics/systems/statistics
  ndxp subscribe units --dataset home-affairs/administrative-units --purpose reference-data

Ctrl-C ends the hub; ndxp dev on the same directory goes on where it was.",
        nation = data.nation().display(),
        units = units.display(),
    )
}
