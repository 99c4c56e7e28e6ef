//! The hub as a process of its own, so that `kill -9` is one.

use std::{env, fs::File, io::Write, net::SocketAddr, path::PathBuf, process::Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStderr, Command},
    sync::oneshot,
};

use crate::node::HubDirectory;

/// A running `ndxp serve`. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Hub {
    data: HubDirectory,
    settings: Vec<(String, String)>,
    child: Child,
    address: SocketAddr,
}

impl Hub {
    /// Starts it with these settings on a free port and waits until it serves.
    pub(super) async fn start(data: &HubDirectory, settings: &[(String, String)]) -> Result<Self> {
        Self::start_at(data, settings, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    async fn start_at(
        data: &HubDirectory,
        settings: &[(String, String)],
        at: SocketAddr,
    ) -> Result<Self> {
        let mut command = Command::new(env::current_exe().context("where this program is")?);
        let ours = env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NDXP_"));
        for (name, _) in ours {
            command.env_remove(name);
        }
        command.arg("serve").arg("--data").arg(data.path());
        command.args(["--listen", &at.to_string(), "--http", "127.0.0.1:0"]);
        // What a full disk does is not part of the story.
        command.args(["--set", "telemetry.format=json", "--set", "log.min_free=16MiB"]);
        for (key, value) in settings {
            command.args(["--set", &format!("{key}={value}")]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // Ctrl-C is for the demonstration, which ends the hub.
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn().context("cannot start the hub")?;
        let (said, ready) = oneshot::channel();
        let words = child.stderr.take().context("the hub has no stderr")?;
        tokio::spawn(keep(words, data.path().join("hub.log"), said));
        let Ok(address) = ready.await else {
            let log = data.path().join("hub.log");
            bail!("the hub did not get ready; {} says why", log.display());
        };
        Ok(Self { data: data.clone(), settings: settings.to_vec(), child, address })
    }

    /// Returns where it serves.
    pub(super) fn address(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Ends it at once, as `kill -9` does.
    pub(super) async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Starts it again where it was.
    pub(super) async fn restart(&mut self) -> Result<()> {
        *self = Self::start_at(&self.data, &self.settings, self.address).await?;
        Ok(())
    }

    /// Asks it to end, as a service manager does, and waits.
    pub(super) async fn stop(&mut self) -> Result<()> {
        let id = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        kill_process(id.context("the hub is gone")?, Signal::TERM)?;
        let status = self.child.wait().await?;
        anyhow::ensure!(status.success(), "the hub ended with {status}");
        Ok(())
    }
}

/// Keeps what the hub says in a file, and reports the address once it serves.
async fn keep(words: ChildStderr, path: PathBuf, ready: oneshot::Sender<SocketAddr>) {
    let mut ready = Some(ready);
    let mut file = File::options().create(true).append(true).open(path).ok();
    let mut lines = BufReader::new(words).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(file) = &mut file {
            writeln!(file, "{line}").unwrap_or_default();
        }
        let address = line.strip_prefix("ready: gRPC on ").and_then(|rest| rest.split(',').next());
        if let Some(address) = address.and_then(|text| text.parse().ok())
            && let Some(ready) = ready.take()
        {
            ready.send(address).unwrap_or_default();
        }
    }
}
