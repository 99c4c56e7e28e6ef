//! A hub for the load test on a directory that goes away with it.

use std::{fs, net::SocketAddr, path::PathBuf};

use anyhow::{Context, Result};
use ndxp_client::Client;
use ndxp_model::PrincipalName;
use tempfile::TempDir;

use super::{
    Disk,
    crew::{self, Crew},
    host::{self, Host, Where},
    record::Maker,
};
use crate::{
    backing::{Backing, Wanted},
    commands::{
        apply,
        init::{self, Beginning},
    },
    connection::{self, Caller},
    identities, nation,
    node::{self, HubDirectory},
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
/// Partitions of the dataset, as its file says.
pub(super) const PARTITIONS: u32 = 8;
/// The dataset.
pub(super) const DATASET: &str = "agencies/benchmark/datasets/case-files";

/// The hub and where it is.
#[derive(Debug)]
pub(super) struct Place {
    dir: TempDir,
    data: HubDirectory,
    pub(super) host: Host,
    pub(super) backing: Backing,
    pub(super) records: Maker,
}

impl Place {
    /// Makes a hub with one publishing agency, its dataset with its schema, and consumers, as
    /// `ndxp init`, `pki`, `serve` and `apply` would.
    pub(super) async fn prepare(disk: &Disk, at: Where, crew: Crew) -> Result<Self> {
        let backing = Backing::start(disk.engine, disk.brokers, Wanted::Measured).await?;
        let below = &disk.dir;
        let dir = tempfile::Builder::new().prefix("ndxp-bench-").tempdir_in(below);
        let dir = dir.with_context(|| format!("cannot work in {}", below.display()))?;
        let data = HubDirectory::new(dir.path().join("hub"));
        begin(&data, &backing, crew).await?;
        let host = Host::start(at, &data, &backing).await?;
        let address = format!("https://localhost:{}", host.grpc_port());
        identities::name_hub(&data.pki(), &address, [])?;
        let apply = apply::Args::to_hub_in(data.path().to_owned(), data.nation());
        apply::run(apply, &mut Printer::silent()).await?;
        Ok(Self { dir, data, host, backing, records: Maker::default() })
    }

    /// Returns a client of the publisher, with a connection of its own.
    pub(super) fn client(&self) -> Result<Client> {
        self.client_of("benchmark/publisher")
    }

    /// Returns a client of a consumer, with a connection of its own.
    pub(super) fn consumer(&self, number: usize) -> Result<Client> {
        self.client_of(&format!("{}/receiver", crew::id(number)))
    }

    fn client_of(&self, name: &str) -> Result<Client> {
        let Caller(name) = name.parse().map_err(anyhow::Error::msg)?;
        let pki = self.data.pki();
        let home = connection::directory_of(pki.path(), &name);
        Ok(Client::lazy(&connection::identity(&home, Some(pki.path()), None)?)?)
    }

    pub(super) fn http(&self) -> SocketAddr {
        self.host.http()
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
        self.host.stop().await?;
        self.backing.stop().await?;
        Ok(self.dir.close()?)
    }
}

/// Writes the files, issues the certificates, and writes the first entries of the log.
async fn begin(data: &HubDirectory, backing: &Backing, crew: Crew) -> Result<()> {
    for (name, bytes) in FILES {
        write(data, name, bytes)?;
    }
    let bytes = FILES.iter().find(|(name, _)| *name == AGENCY).map(|(_, bytes)| *bytes);
    let body: nation::Body = serde_json::from_slice(bytes.unwrap_or_default())?;
    let domain = "benchmark.example".parse()?;
    let officers = body.officers.iter().map(|officer| officer.id.clone()).collect();
    let (directory, now) = (data.pki(), node::now());
    let authority = identities::authority(&directory, &domain, now)?;
    let mut principals: Vec<PrincipalName> = body.principals().collect();
    for (name, agency) in crew.agencies() {
        write(data, &name, agency.to_string().as_bytes())?;
        principals.extend(serde_json::from_value::<nation::Body>(agency)?.principals());
    }
    for (name, agreement) in crew.agreements() {
        write(data, &name, agreement.to_string().as_bytes())?;
    }
    for name in principals {
        identities::issue(&directory, &authority, &name, identities::validity(now, 1))?;
    }
    let log = host::config(data, backing)?.log;
    init::begin(data, Beginning { domain, authority: body.agency(), officers }, &log).await?;
    Ok(())
}

fn write(data: &HubDirectory, name: &str, bytes: &[u8]) -> Result<()> {
    let path = data.nation().join(name);
    fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
    Ok(fs::write(path, bytes)?)
}
