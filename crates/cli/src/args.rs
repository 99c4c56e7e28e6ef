//! The command line.

use clap::{Parser, Subcommand};

use crate::{commands, printer::Format};

/// A national data-exchange hub, and everything that talks to it.
#[derive(Debug, Parser)]
#[command(name = "ndxp", version)]
pub(crate) struct Args {
    /// Print data as JSON of a stable shape
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Human }
    }
}

/// What to do. The arguments of a command stand in its own file under `commands`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin a hub in a directory
    #[cfg(feature = "hub")]
    Init(commands::init::Args),
    /// Run a hub until SIGTERM or Ctrl-C
    #[cfg(feature = "hub")]
    Serve(commands::serve::Args),
    /// Run a hub of one's own with the demonstration nation in it
    #[cfg(feature = "hub")]
    Dev(commands::dev::Args),
    /// Show the hub at work on the country's administrative units, with figures
    #[cfg(feature = "hub")]
    Demo(commands::demo::Args),
    /// Measure what publishing, receiving and validating cost, with every control on
    #[cfg(any(feature = "hub", feature = "schema"))]
    Bench(commands::bench::Args),
    /// Run a hub of several nodes on Kafka's brokers, all on this machine
    #[cfg(feature = "kafka")]
    Cluster(commands::cluster::Args),
    /// Issue and revoke certificates of a development authority
    #[cfg(feature = "hub")]
    Pki(commands::pki::Args),
    /// Check a configuration, or show what holds
    #[cfg(feature = "hub")]
    Config(commands::config::Args),
    /// Say who the hub takes you for, and the limits that you will meet
    #[cfg(feature = "client")]
    Whoami(commands::whoami::Args),
    /// Register, list and suspend agencies
    #[cfg(feature = "client")]
    Agency(commands::agency::Args),
    /// Register and list an agency's systems
    #[cfg(feature = "client")]
    System(commands::system::Args),
    /// Register and list an agency's officers
    #[cfg(feature = "client")]
    Officer(commands::officer::Args),
    /// Register, list and activate datasets
    #[cfg(feature = "client")]
    Dataset(commands::dataset::Args),
    /// Check schemas, validate records, register schemas
    #[cfg(any(feature = "client", feature = "schema"))]
    Schema(commands::schema::Args),
    /// Propose, approve, suspend and end agreements
    #[cfg(feature = "client")]
    Agreement(commands::agreement::Args),
    /// Create, change, move and list subscriptions
    #[cfg(feature = "client")]
    Subscription(commands::subscription::Args),
    /// List, redrive and purge what a subscription could not take
    #[cfg(feature = "client")]
    DeadLetter(commands::dead_letter::Args),
    /// Publish records, one JSON object a line
    #[cfg(feature = "client")]
    Publish(commands::publish::Args),
    /// Receive records, one JSON object a line
    #[cfg(feature = "client")]
    Subscribe(commands::subscribe::Args),
    /// Make the hub hold what a directory describes
    #[cfg(feature = "client")]
    Apply(commands::apply::Args),
}
