//! What each node of the cluster finds on its disk: its configuration, the hub's keys, certificates.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use ndxp_model::TrustDomain;

use crate::{
    commands::dev,
    config::{Sources, resolve},
    identities, nation,
    node::{self, HubDirectory},
};

/// The directory of a cluster.
#[derive(Debug)]
pub(super) struct Files {
    data: PathBuf,
    brokers: String,
    copies: u32,
    port: u16,
}

impl Files {
    pub(super) fn new(data: PathBuf, brokers: String, count: u32, port: u16) -> Result<Self> {
        fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
        let data = fs::canonicalize(data)?;
        Ok(Self { data, brokers, copies: count.min(3), port })
    }

    fn home(&self, number: u16) -> PathBuf {
        self.data.join(format!("n{number}"))
    }

    /// Begins the hub on the brokers, with the nation's certificates below the first node.
    pub(super) async fn begin(&self) -> Result<()> {
        let first = self.home(1);
        let text = self.configuration(1, ["127.0.0.1:0".parse()?; 3]);
        let name = first.join("ndxp.toml").display().to_string();
        let config = resolve(&Sources { file: Some((name, text)), ..Sources::default() })?.config;
        dev::prepare(&HubDirectory::new(&first), &config.log, "https://localhost").await?;
        let domain: TrustDomain = nation::TRUST_DOMAIN.parse()?;
        let now = node::now();
        let pki = HubDirectory::new(&first).pki();
        let validity = identities::validity(now, identities::DAYS);
        identities::issue_node(&pki, &domain, &pki.node(), validity, now)?;
        Ok(())
    }

    /// Makes the directory of a node and returns it.
    pub(super) fn node(&self, number: u16) -> Result<PathBuf> {
        let (first, home) = (self.home(1), self.home(number));
        if number > 1 {
            for dir in ["keys", "pki/nodes", "pki/server"] {
                copy(&first.join(dir), &home.join(dir))?;
            }
            fs::copy(first.join("pki/ca.pem"), home.join("pki/ca.pem"))?;
        }
        let ports = self.addresses(number)?;
        write(&home.join("ndxp.toml"), &self.configuration(number, ports))?;
        Ok(home)
    }

    /// Where a node serves agencies, operators and other nodes.
    fn addresses(&self, number: u16) -> Result<[SocketAddr; 3]> {
        let mut addresses = [SocketAddr::from(([127, 0, 0, 1], 0)); 3];
        for (offset, address) in (0..).zip(&mut addresses) {
            address.set_port(match self.port {
                0 => TcpListener::bind(*address)?.local_addr()?.port(),
                port => port.saturating_add((number - 1) * 3 + offset),
            });
        }
        Ok(addresses)
    }

    fn configuration(&self, number: u16, [grpc, http, nodes]: [SocketAddr; 3]) -> String {
        let (brokers, copies) = (&self.brokers, self.copies);
        let (least, data) = (copies.min(2), self.home(number));
        format!(
            "node = \"n{number}\"\ndata = \"{data}\"\n\n\
             [grpc]\nlisten = \"{grpc}\"\n\n[http]\nlisten = \"{http}\"\n\n\
             [nodes]\nlisten = \"{nodes}\"\n\n\
             [log]\nengine = \"kafka\"\n\n\
             [kafka]\nbrokers = \"{brokers}\"\nreplication = {copies}\nmin_in_sync = {least}\n\
             security = \"plaintext\"\n",
            data = data.display(),
        )
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
