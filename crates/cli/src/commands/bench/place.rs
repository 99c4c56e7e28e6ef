//! A hub for the load test, in this process, on a directory that goes away with it.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use ndxp_client::{Client, Identity};
use tempfile::TempDir;

use super::record::Maker;
use crate::{
    commands::{
        apply,
        init::{self, Beginning},
    },
    config::{Sources, resolve},
    connection::{self, Caller},
    identities, nation,
    node::{self, HubDirectory, Running},
    printer::Printer,
};

const AGENCY: &str = "agencies/benchmark.json";
const FILES: [(&str, &[u8]); 3] = [
    (AGENCY, include_bytes!("fixture/agencies/benchmark.json")),
    (
        "datasets/benchmark/case-files/dataset.json",
        include_bytes!("fixture/datasets/benchmark/case-files/dataset.json"),
    ),
    (
        "datasets/benchmark/case-files/schema.json",
        include_bytes!("fixture/datasets/benchmark/case-files/schema.json"),
    ),
];
/// The dataset.
pub(super) const DATASET: &str = "agencies/benchmark/datasets/case-files";

/// The hub and where it is.
#[derive(Debug)]
pub(super) struct Place {
    dir: TempDir,
    running: Running,
    identity: Identity,
    pub(super) records: Maker,
}

impl Place {
    /// Makes a hub with one agency, one dataset and its schema, as `ndxp init`, `pki`, `serve` and
    /// `apply` would.
    pub(super) async fn prepare(below: &Path) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("ndxp-bench-").tempdir_in(below);
        let dir = dir.with_context(|| format!("cannot work in {}", below.display()))?;
        let data = HubDirectory::new(dir.path().join("hub"));
        let flag = |key, value: &str| (key, value.to_owned(), "(load test)");
        let flags = vec![
            flag("data", &data.path().display().to_string()),
            flag("grpc.listen", "127.0.0.1:0"),
            flag("http.listen", "127.0.0.1:0"),
        ];
        let config = resolve(&Sources { flags, ..Sources::default() })?.config;
        let listeners = node::bind(&config).await?;
        let address = format!("https://localhost:{}", listeners.grpc_port()?);
        begin(&data, &config.log, &address).await?;
        let running = node::start(&config, listeners).await?;
        let apply = apply::Args::to_hub_in(data.path().to_owned(), data.nation());
        apply::run(apply, &mut Printer::silent()).await?;
        let Caller(name) = "benchmark/publisher".parse().map_err(anyhow::Error::msg)?;
        let pki = data.pki();
        let home = connection::directory_of(pki.path(), &name);
        let identity = connection::identity(&home, Some(pki.path()), None)?;
        Ok(Self { dir, running, identity, records: Maker::default() })
    }

    /// Returns a client with a connection of its own.
    pub(super) fn client(&self) -> Result<Client> {
        Ok(Client::lazy(&self.identity)?)
    }

    pub(super) fn http(&self) -> SocketAddr {
        self.running.node.http()
    }

    /// Makes an empty directory on the same disk.
    pub(super) fn scratch(&self) -> Result<PathBuf> {
        let path = self.dir.path().join("baseline");
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir(&path)?;
        Ok(path)
    }

    pub(super) async fn close(self) -> Result<()> {
        self.running.shutdown().await;
        Ok(self.dir.close()?)
    }
}

async fn begin(data: &HubDirectory, log: &crate::config::LogConfig, address: &str) -> Result<()> {
    for (name, bytes) in FILES {
        let path = data.nation().join(name);
        fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
        fs::write(path, bytes)?;
    }
    let bytes = FILES.iter().find(|(name, _)| *name == AGENCY).map(|(_, bytes)| *bytes);
    let body: nation::Body = serde_json::from_slice(bytes.unwrap_or_default())?;
    let domain = "benchmark.example".parse()?;
    let officers = body.officers.iter().map(|officer| officer.id.clone()).collect();
    let (directory, now) = (data.pki(), node::now());
    let authority = identities::authority(&directory, &domain, now)?;
    identities::name_hub(&directory, address, [])?;
    for name in body.principals() {
        identities::issue(&directory, &authority, &name, identities::validity(now, 1))?;
    }
    init::begin(data, Beginning { domain, authority: body.agency(), officers }, log).await?;
    Ok(())
}
