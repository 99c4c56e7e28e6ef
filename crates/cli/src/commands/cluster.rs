//! `ndxp cluster up`: several nodes of one hub on Kafka's brokers, all on this machine, for a person
//! to try. Each node and each broker is a process, so that any of them can be killed.

mod files;
mod node;

use std::{path::PathBuf, time::Instant};

use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use ndxp_brokers::{Cluster, Installation, Options};

use super::{dev, serve::Stop};
use crate::{exit::ExitStatus, node::HubDirectory, printer::Printer};
use files::Files;
use node::Node;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start brokers and nodes with the demonstration nation in them, until Ctrl-C
    Up(Up),
}

#[derive(Debug, clap::Args)]
struct Up {
    /// How many nodes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=16))]
    nodes: u16,
    /// How many brokers: a record is kept on all of them, or on three
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=9))]
    brokers: u32,
    /// Use these brokers, HOST:PORT,HOST:PORT, and start none
    #[arg(long, value_name = "ADDRESSES", conflicts_with = "brokers")]
    kafka: Option<String>,
    /// Its directory: made if it is not there. Brokers keep nothing beyond the run
    #[arg(long, value_name = "DIR", default_value = "ndxp-cluster")]
    data: PathBuf,
    /// The first node's port; the others follow, each three further. 0 takes free ones
    #[arg(long, default_value_t = 7443)]
    port: u16,
    /// End as soon as the nation is loaded
    #[arg(long)]
    once: bool,
}

/// Everything that runs.
#[derive(Debug)]
struct Running {
    nodes: Vec<Node>,
    /// None that were there before.
    brokers: Option<Cluster>,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let Command::Up(up) = args.command;
    let mut stop = Stop::listen()?;
    tokio::select! {
        ended = start(&up, printer) => {
            let running = ended?;
            if !up.once {
                printer.line(welcome(&up, &running.nodes))?;
                printer.flush()?;
                stop.asked().await;
            }
            end(running, printer).await
        }
        // Whatever has been started is a child that goes with this process.
        () = stop.asked() => Ok(ExitStatus::Done),
    }
}

async fn start(up: &Up, printer: &mut Printer) -> Result<Running> {
    let is_new = !up.data.exists() || std::fs::read_dir(&up.data)?.next().is_none();
    ensure!(is_new, "{} is not empty: the brokers it was used with are gone", up.data.display());
    let brokers = match up.kafka {
        None => Some(brokers(up.brokers, printer).await?),
        Some(_) => None,
    };
    let started = brokers.as_ref().map(Cluster::bootstrap);
    let addresses = up.kafka.clone().or(started).unwrap_or_default();
    let copies = u32::try_from(addresses.split(',').count())?;
    let files = Files::new(up.data.clone(), addresses, copies, up.port)?;
    files.begin().await?;
    let mut nodes = Vec::new();
    for number in 1..=up.nodes {
        let node = Node::start(&files.node(number)?).await?;
        printer.say(&format!("n{number}: {}, {}", node.address(), node.http()));
        nodes.push(node);
    }
    let first = nodes.first().context("a cluster has a node")?;
    let data = HubDirectory::new(up.data.join("n1"));
    dev::name_hub(&data, &first.address())?;
    let since = Instant::now();
    dev::load(&data, &mut Printer::silent()).await?;
    printer.say(&format!("the nation is loaded, {:.1} s", since.elapsed().as_secs_f64()));
    Ok(Running { nodes, brokers })
}

async fn brokers(count: u32, printer: &mut Printer) -> Result<Cluster> {
    let since = Instant::now();
    let (options, installation) =
        (Options { brokers: count, apart: true, ..Options::default() }, Installation::find()?);
    let starting = tokio::task::spawn_blocking(move || Cluster::start(&installation, &options));
    let brokers = starting.await?.context("the brokers do not start")?;
    let seconds = since.elapsed().as_secs_f64();
    printer.say(&format!("{count} brokers: {}, {seconds:.1} s", brokers.bootstrap()));
    Ok(brokers)
}

async fn end(running: Running, printer: &mut Printer) -> Result<ExitStatus> {
    let Running { nodes, brokers } = running;
    let mut status = ExitStatus::Done;
    for mut node in nodes {
        if let Err(cause) = node.stop().await {
            printer.say(&format!("{cause:#}"));
            status = ExitStatus::Failed;
        }
    }
    // After the nodes: they write their last entries.
    tokio::task::spawn_blocking(move || drop(brokers)).await?;
    Ok(status)
}

fn welcome(up: &Up, nodes: &[Node]) -> String {
    let data = up.data.join("n1");
    let agencies = data.join("pki/agencies");
    let units = data.join("nation/records/administrative-units.ndjson");
    let second = nodes.get(1).or(nodes.first()).map(Node::address).unwrap_or_default();
    let pids: Vec<_> = nodes.iter().map(|node| node.id().to_string()).collect();
    format!(
        "
{count} nodes of one hub are ready; each keeps its log on all brokers, and any of them serves any call.
Publish through the first, in another terminal:
  export NDXP_IDENTITY={agencies}/home-affairs/systems/administrative-units
  ndxp publish home-affairs/administrative-units {units}
Receive through another, in a third:
  export NDXP_IDENTITY={agencies}/statistics/systems/statistics
  ndxp subscribe units --dataset home-affairs/administrative-units --purpose reference-data --hub {second}

Processes of the nodes: {pids}. Kill one (kill -9) and see the others go on; their logs: {logs}/n<i>/hub.log.
Ctrl-C ends all of them.",
        count = nodes.len(),
        agencies = agencies.display(),
        units = units.display(),
        pids = pids.join(" "),
        logs = up.data.display(),
    )
}
