//! `ndxp serve`: a hub, until it is told to stop.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info};

use crate::{
    config::{self, Sources},
    exit::ExitStatus,
    node::{self, Running},
    printer::Printer,
};

/// Flags of every command that reads the configuration.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ConfigArgs {
    /// The configuration; without it the defaults of config/ndxp.toml hold
    #[arg(long, env = "NDXP_CONFIG", value_name = "FILE", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Set one key of the configuration, above file and environment
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// The hub's directory
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Where gRPC is served; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Where health and metrics are served; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    http: Option<String>,
    /// Write the addresses to this file as soon as the hub serves
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

impl ConfigArgs {
    /// Loads the configuration, under these and further flags.
    pub(crate) fn load(
        &self,
        flags: Vec<(&'static str, String, &'static str)>,
    ) -> Result<config::Resolved> {
        let sources = Sources { flags, set: self.set.clone(), ..Sources::default() };
        Ok(config::load(self.config.as_deref(), sources)?)
    }
}

impl Args {
    fn flags(&self) -> Vec<(&'static str, String, &'static str)> {
        let flags = [
            ("data", &self.data, "--data"),
            ("grpc.listen", &self.listen, "--listen"),
            ("http.listen", &self.http, "--http"),
        ];
        flags
            .into_iter()
            .filter_map(|(key, value, flag)| Some((key, value.clone()?, flag)))
            .collect()
    }
}

/// Serves until SIGTERM or SIGINT, then drains. Ends with 2 if it can no longer serve.
pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let config = args.config.load(args.flags())?.config;
    node::start_telemetry(&config.telemetry);
    let mut stop = Stop::listen()?;
    let listeners = node::bind(&config)?;
    let mut running = node::start(&config, listeners).await?;
    announce(&args, &running, printer)?;
    let status = stop.wait(&mut running).await;
    running.shutdown().await;
    info!("stopped");
    Ok(status)
}

fn announce(args: &Args, running: &Running, printer: &mut Printer) -> Result<()> {
    let (grpc, http) = (running.node.grpc(), running.node.http());
    printer.say(&format!("ready: gRPC on {grpc}, health and metrics on http://{http}"));
    let Some(path) = &args.ready_file else { return Ok(()) };
    // Renamed into its place, so that whoever waits for it reads all of it.
    let (whole, part) = (path, path.with_extension("part"));
    let text = serde_json::json!({ "grpc": grpc, "http": http }).to_string();
    fs::write(&part, text + "\n")
        .and_then(|()| fs::rename(&part, whole))
        .with_context(|| format!("cannot write {}", whole.display()))
}

/// The signals that end a hub. They are listened to before it is ready: whoever was told that it
/// is may end it at once.
///
/// SIGHUP has a node look at its TLS files, which else happens within a second.
#[derive(Debug)]
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Stop {
    pub(crate) fn listen() -> std::io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let (interrupt, hangup) = (SignalKind::interrupt(), SignalKind::hangup());
        Ok(Self { terminate, interrupt: signal(interrupt)?, hangup: signal(hangup)? })
    }

    /// Waits for a signal, also for that of a terminal that is closed: what is waited for has
    /// children of its own, which nobody else would end.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            () = asked(&mut self.terminate, &mut self.interrupt) => {}
            _ = self.hangup.recv() => {}
        }
    }

    /// Waits for a signal that ends the node, or for its end.
    pub(crate) async fn wait(&mut self, running: &mut Running) -> ExitStatus {
        loop {
            tokio::select! {
                () = asked(&mut self.terminate, &mut self.interrupt) => return ExitStatus::Done,
                _ = self.hangup.recv() => {
                    let reload = running.node.reload().await;
                    info!(?reload, "SIGHUP: looked at the TLS files");
                }
                reason = running.node.failed() => {
                    error!(reason, "the node can no longer serve");
                    return ExitStatus::Failed;
                }
            }
        }
    }
}

async fn asked(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => info!("SIGTERM: draining"),
        _ = interrupt.recv() => info!("SIGINT: draining"),
    }
}
