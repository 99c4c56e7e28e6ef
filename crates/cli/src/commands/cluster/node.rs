//! One node as a process of its own.

use std::{
    env,
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

/// A node that is not ready by then says why in its log.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// A running `ndxp serve`. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Node {
    child: Child,
    id: u32,
    at: Addresses,
}

/// What a node writes once it serves.
#[derive(Debug, Deserialize)]
struct Addresses {
    grpc: SocketAddr,
    http: SocketAddr,
}

impl Node {
    /// Starts it from its directory and waits until it serves.
    pub(super) async fn start(home: &Path) -> Result<Self> {
        let mut command = Command::new(env::current_exe().context("where this program is")?);
        let ours = env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NDXP_"));
        for (name, _) in ours {
            command.env_remove(name);
        }
        let (ready, log) = (home.join("ready"), home.join("hub.log"));
        let _ = fs::remove_file(&ready);
        let said = File::options().create(true).append(true).open(&log)?;
        command.arg("serve").arg("--config").arg(home.join("ndxp.toml"));
        command.arg("--ready-file").arg(&ready);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        // Ctrl-C is for whoever ends the nodes before the brokers.
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn().context("cannot start a node")?;
        let id = child.id().context("a node ended at once")?;
        let until = Instant::now() + PATIENCE;
        loop {
            if let Ok(text) = fs::read_to_string(&ready) {
                let at = serde_json::from_str(&text)?;
                return Ok(Self { child, id, at });
            }
            if child.try_wait()?.is_some() || Instant::now() > until {
                bail!(
                    "the node in {} did not get ready; {} says why",
                    home.display(),
                    log.display()
                );
            }
            sleep(LOOK).await;
        }
    }

    /// Returns where agencies reach it.
    pub(super) fn address(&self) -> String {
        format!("https://localhost:{}", self.at.grpc.port())
    }

    /// Returns where operators reach it.
    pub(super) fn http(&self) -> String {
        format!("http://{}/readyz", self.at.http)
    }

    /// Returns the number of its process.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Asks it to end, as a service manager does, and waits. One that was killed meanwhile has ended.
    pub(super) async fn stop(&mut self) -> Result<()> {
        let Some(id) = self.child.id() else { return Ok(()) };
        let id = Pid::from_raw(i32::try_from(id)?).context("a node's process has a number")?;
        let _ = kill_process(id, Signal::TERM);
        let status = self.child.wait().await?;
        let was_killed = std::os::unix::process::ExitStatusExt::signal(&status).is_some();
        anyhow::ensure!(status.success() || was_killed, "a node ended with {status}");
        Ok(())
    }
}
