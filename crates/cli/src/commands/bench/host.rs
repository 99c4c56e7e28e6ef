//! Where the hub of a load test runs: in this process, or in one of its own, whose costs are then
//! told apart from its callers'.

use std::{
    env, fs,
    io::{self, Write},
    net::SocketAddr,
    process::Stdio,
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStderr, Command},
    sync::oneshot,
};

use crate::{
    backing::Backing,
    config::{Config, Sources, resolve},
    node::{self, HubDirectory, Running},
};

/// A hub that serves.
#[derive(Debug)]
pub(super) enum Host {
    Here(Running),
    Process(Process),
}

/// A hub in a process of its own. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    grpc: SocketAddr,
    http: SocketAddr,
}

/// Where a hub is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    Here,
    Process,
}

/// Returns the configuration of a hub in a directory, on free ports.
pub(super) fn config(data: &HubDirectory, backing: &Backing) -> Result<Config> {
    let flag = |key, value: &str| (key, value.to_owned(), "(load test)");
    let flags = vec![
        flag("data", &data.path().display().to_string()),
        flag("grpc.listen", "127.0.0.1:0"),
        flag("http.listen", "127.0.0.1:0"),
    ];
    let set = backing.settings().to_vec();
    Ok(resolve(&Sources { flags, set, ..Sources::default() })?.config)
}

impl Host {
    /// Starts a hub on a directory that was begun.
    pub(super) async fn start(at: Where, data: &HubDirectory, backing: &Backing) -> Result<Self> {
        let config = config(data, backing)?;
        Ok(match at {
            Where::Here => {
                let listeners = node::bind(&config)?;
                Self::Here(node::start(&config, listeners).await?)
            }
            Where::Process => Self::Process(Process::start(data, backing.settings()).await?),
        })
    }

    pub(super) fn grpc_port(&self) -> u16 {
        match self {
            Self::Here(running) => running.node.grpc().port(),
            Self::Process(process) => process.grpc.port(),
        }
    }

    pub(super) fn http(&self) -> SocketAddr {
        match self {
            Self::Here(running) => running.node.http(),
            Self::Process(process) => process.http,
        }
    }

    /// Returns the process, if it is one of its own.
    pub(super) fn process(&self) -> Result<&Process> {
        match self {
            Self::Here(_) => bail!("the hub has no process of its own"),
            Self::Process(process) => Ok(process),
        }
    }

    pub(super) async fn stop(self) -> Result<()> {
        match self {
            Self::Here(running) => running.shutdown().await,
            Self::Process(mut process) => process.stop().await?,
        }
        Ok(())
    }
}

impl Process {
    async fn start(data: &HubDirectory, settings: &[(String, String)]) -> Result<Self> {
        let mut command = Command::new(env::current_exe().context("where this program is")?);
        let ours = env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NDXP_"));
        for (name, _) in ours {
            command.env_remove(name);
        }
        command.arg("serve").arg("--data").arg(data.path());
        command.args(["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        for (key, value) in settings {
            command.args(["--set", &format!("{key}={value}")]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().context("cannot start the hub")?;
        let (said, ready) = oneshot::channel();
        let words = child.stderr.take().context("the hub has no stderr")?;
        tokio::spawn(listen(words, said));
        let (grpc, http) = ready.await.context("the hub did not get ready")?;
        Ok(Self { child, grpc, http })
    }

    /// Returns the seconds of processor time that it has used.
    pub(super) fn cpu(&self) -> Result<f64> {
        node::cpu(&fs::read_to_string(self.file("stat")?)?).context("the process' times")
    }

    /// Returns the bytes of memory that it holds.
    pub(super) fn resident(&self) -> Result<u64> {
        let text = fs::read_to_string(self.file("statm")?)?;
        let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
        Ok(pages.context("the process' memory")? * rustix::param::page_size() as u64)
    }

    fn file(&self, name: &str) -> Result<String> {
        Ok(format!("/proc/{}/{name}", self.child.id().context("the hub is gone")?))
    }

    async fn stop(&mut self) -> Result<()> {
        let id = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        kill_process(id.context("the hub is gone")?, Signal::TERM)?;
        let status = self.child.wait().await?;
        anyhow::ensure!(status.success(), "the hub ended with {status}");
        Ok(())
    }
}

/// Reports the addresses once the hub serves, and reads on so that it can go on speaking. What it
/// says of errors is passed on: a load test that fails needs the hub's side of it.
async fn listen(words: ChildStderr, ready: oneshot::Sender<(SocketAddr, SocketAddr)>) {
    let mut ready = Some(ready);
    let mut lines = BufReader::new(words).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("ERROR") {
            writeln!(io::stderr(), "the hub: {line}").unwrap_or_default();
        }
        if let Some(addresses) = addresses(&line)
            && let Some(ready) = ready.take()
        {
            ready.send(addresses).unwrap_or_default();
        }
    }
}

fn addresses(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let rest = line.strip_prefix("ready: gRPC on ")?;
    let (grpc, rest) = rest.split_once(", health and metrics on http://")?;
    Some((grpc.parse().ok()?, rest.parse().ok()?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_what_the_hub_says() {
        let line = "ready: gRPC on 127.0.0.1:7443, health and metrics on http://127.0.0.1:9464";
        assert_eq!(addresses(line).unwrap().1.port(), 9464);
    }
}
