//! Brokers and nodes, each a process.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use ndxp_brokers::{Cluster, Installation, Options};
use ndxp_client::Identity;
use tempfile::TempDir;
use tokio::time::sleep;

pub(crate) const NODES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);

/// Three nodes on three brokers, with the demonstration nation in them.
pub(crate) struct Hub {
    pub(crate) brokers: Cluster,
    nodes: Vec<Option<Child>>,
    dir: TempDir,
}

fn ndxp() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndxp"));
    let ours = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("NDXP_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
    command
}

impl Hub {
    pub(crate) async fn start(installation: &Installation) -> Self {
        let options = Options { brokers: 3, proxied: true, ..Options::default() };
        let brokers = Cluster::start(installation, &options).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("hub");
        let mut up = ndxp();
        up.args(["cluster", "up", "--once", "--port", "0", "--kafka"]).arg(brokers.bootstrap());
        let up = up.arg("--data").arg(&data).stderr(Stdio::inherit()).output().unwrap();
        assert!(up.status.success(), "the cluster was not made");
        // The first node meets the brokers behind ways that can be cut.
        let first = data.join("n1/ndxp.toml");
        let (direct, behind) = (brokers.bootstrap(), brokers.proxied_bootstrap());
        let text = fs::read_to_string(&first).unwrap().replace(&direct, &behind);
        fs::write(first, text).unwrap();
        let mut hub = Self { brokers, nodes: (0..NODES).map(|_| None).collect(), dir };
        for node in 0..NODES {
            hub.launch(node);
        }
        for node in 0..NODES {
            hub.serves(node).await;
        }
        hub
    }

    fn home(&self, node: usize) -> PathBuf {
        self.dir.path().join("hub").join(format!("n{}", node + 1))
    }

    /// Starts a node's process.
    pub(crate) fn launch(&mut self, node: usize) {
        let home = self.home(node);
        let _ = fs::remove_file(home.join("ready"));
        let log = File::options().create(true).append(true).open(home.join("hub.log")).unwrap();
        let mut serve = ndxp();
        serve.arg("serve").arg("--config").arg(home.join("ndxp.toml"));
        serve.arg("--ready-file").arg(home.join("ready"));
        let child = serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        self.nodes[node] = Some(child);
    }

    /// Waits until a node serves.
    pub(crate) async fn serves(&self, node: usize) {
        let (ready, since) = (self.home(node).join("ready"), Instant::now());
        while !ready.exists() {
            let log = self.home(node).join("hub.log");
            let said = || fs::read_to_string(&log).unwrap_or_default();
            assert!(since.elapsed() < PATIENCE, "a node does not get ready: {}", said());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends a node at once.
    pub(crate) fn kill(&mut self, node: usize) {
        if let Some(mut child) = self.nodes[node].take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Asks a node to end and waits until it has.
    pub(crate) async fn stop(&mut self, node: usize) {
        self.signal(node, "-TERM");
        let mut child = self.nodes[node].take().unwrap();
        let ended = tokio::task::spawn_blocking(move || child.wait().unwrap());
        assert!(ended.await.unwrap().success(), "a node did not end in good order");
    }

    pub(crate) fn signal(&self, node: usize, signal: &str) {
        let id = self.nodes[node].as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Returns a system's certificate, and where all nodes are, beginning with one of them.
    pub(crate) fn identity(&self, system: &str, first: usize) -> Identity {
        let pki = self.home(0).join("pki");
        let (agency, system) = system.split_once('/').unwrap();
        let home = pki.join("agencies").join(agency).join("systems").join(system);
        let all = (0..NODES).map(|offset| self.address((first + offset) % NODES));
        Identity::load(&home, all.collect::<Vec<_>>().join(",")).unwrap()
    }

    fn address(&self, node: usize) -> String {
        let text = fs::read_to_string(self.home(node).join("ndxp.toml")).unwrap();
        let grpc = text.split("[grpc]\nlisten = \"").nth(1).unwrap().split('"').next().unwrap();
        format!("https://{}", grpc.replace("127.0.0.1", "localhost"))
    }

    pub(crate) async fn end(mut self) {
        for node in 0..NODES {
            self.stop(node).await;
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        for child in self.nodes.iter_mut().flatten() {
            // Already gone where the test has ended it.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            for node in 0..NODES {
                let said = fs::read_to_string(self.home(node).join("hub.log")).unwrap_or_default();
                let last: Vec<_> = said.lines().rev().take(12).collect();
                eprintln!("--- n{}", node + 1);
                last.iter().rev().for_each(|line| eprintln!("{line}"));
            }
        }
    }
}
