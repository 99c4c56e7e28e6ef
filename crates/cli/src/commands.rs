//! The commands: one file each, `args → resolve → command(options, printer) → exit status`.

#[cfg(feature = "client")]
pub(crate) mod agency;
#[cfg(feature = "client")]
pub(crate) mod agreement;
#[cfg(feature = "client")]
pub(crate) mod apply;
#[cfg(feature = "hub")]
pub(crate) mod bench;
// Without a hub there is only the schema tool to measure.
#[cfg(all(feature = "schema", not(feature = "hub")))]
#[path = "commands/bench/alone.rs"]
pub(crate) mod bench;
#[cfg(feature = "kafka")]
pub(crate) mod cluster;
#[cfg(feature = "hub")]
pub(crate) mod config;
#[cfg(feature = "client")]
pub(crate) mod dataset;
#[cfg(feature = "client")]
pub(crate) mod dead_letter;
#[cfg(feature = "hub")]
pub(crate) mod demo;
#[cfg(feature = "hub")]
pub(crate) mod dev;
#[cfg(feature = "hub")]
pub(crate) mod init;
#[cfg(feature = "client")]
pub(crate) mod officer;
#[cfg(feature = "hub")]
pub(crate) mod pki;
#[cfg(feature = "client")]
pub(crate) mod publish;
#[cfg(any(feature = "client", feature = "schema"))]
pub(crate) mod schema;
#[cfg(feature = "hub")]
pub(crate) mod serve;
#[cfg(feature = "client")]
pub(crate) mod subscribe;
#[cfg(feature = "client")]
pub(crate) mod subscription;
#[cfg(feature = "client")]
pub(crate) mod system;
#[cfg(feature = "client")]
pub(crate) mod whoami;

use anyhow::Result;

use crate::{args::Command, exit::ExitStatus, printer::Printer};

/// Runs a command to its end.
pub(crate) fn run(command: Command, printer: &mut Printer) -> Result<ExitStatus> {
    match command {
        #[cfg(any(feature = "client", feature = "schema"))]
        Command::Schema(args) => schema::run(args, printer),
        #[cfg(all(feature = "schema", not(feature = "hub")))]
        Command::Bench(args) => bench::run(args, printer),
        #[cfg(feature = "hub")]
        Command::Pki(args) => pki::run(args, printer),
        #[cfg(feature = "hub")]
        Command::Config(args) => config::run(args, printer),
        #[cfg(feature = "hub")]
        hub @ (Command::Serve(_) | Command::Dev(_) | Command::Bench(_)) => {
            // A hub works: a thread on every core.
            tokio::runtime::Runtime::new()?.block_on(run_online(hub, printer))
        }
        #[cfg(feature = "client")]
        online => runtime()?.block_on(run_online(online, printer)),
    }
}

#[cfg(feature = "client")]
async fn run_online(command: Command, printer: &mut Printer) -> Result<ExitStatus> {
    match command {
        Command::Whoami(args) => whoami::run(args, printer).await,
        Command::Agency(args) => agency::run(args, printer).await,
        Command::System(args) => system::run(args, printer).await,
        Command::Officer(args) => officer::run(args, printer).await,
        Command::Dataset(args) => dataset::run(args, printer).await,
        Command::Schema(args) => schema::run(args, printer),
        #[cfg(all(feature = "schema", not(feature = "hub")))]
        Command::Bench(args) => bench::run(args, printer),
        #[cfg(feature = "hub")]
        Command::Init(args) => init::run(args, printer).await,
        #[cfg(feature = "hub")]
        Command::Serve(args) => serve::run(args, printer).await,
        #[cfg(feature = "hub")]
        Command::Demo(args) => demo::run(args, printer).await,
        #[cfg(feature = "hub")]
        Command::Bench(args) => bench::run(args, printer).await,
        #[cfg(feature = "hub")]
        Command::Dev(args) => dev::run(args, printer).await,
        #[cfg(feature = "hub")]
        Command::Pki(args) => pki::run(args, printer),
        #[cfg(feature = "kafka")]
        Command::Cluster(args) => cluster::run(args, printer).await,
        #[cfg(feature = "hub")]
        Command::Config(args) => config::run(args, printer),
        Command::Agreement(args) => agreement::run(args, printer).await,
        Command::Subscription(args) => subscription::run(args, printer).await,
        Command::DeadLetter(args) => dead_letter::run(args, printer).await,
        Command::Publish(args) => publish::run(args, printer).await,
        Command::Subscribe(args) => subscribe::run(args, printer).await,
        Command::Apply(args) => apply::run(args, printer).await,
    }
}

/// The runtime of commands that talk to a hub: the work is waiting, so two threads do.
#[cfg(feature = "client")]
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
