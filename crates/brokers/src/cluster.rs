//! Several brokers that are one cluster.

use std::{net::TcpListener, path::PathBuf};

use tempfile::TempDir;

use crate::{
    Broker, Installation, StartError, Tool, Way,
    broker::{Place, Ports},
    proxy::Proxy,
};

/// How a cluster is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many brokers.
    pub brokers: u32,
    /// Heap of each, in MiB.
    pub heap_mib: u32,
    /// Whether they are set up to be measured, as brokers in use are; else to start quickly.
    pub is_measured: bool,
    /// Lines added to every broker's `server.properties`.
    pub properties: Vec<String>,
    /// Further listeners, with TLS and SCRAM, or with TLS of both sides.
    pub secure: Option<Secure>,
    /// Whether the brokers refuse whatever nobody was allowed. Who comes in clear may do everything.
    pub authorizes: bool,
    /// Whether the brokers tell what they count, for [`Cluster::bytes_out`].
    pub counters: bool,
    /// Whether they are out of reach of the terminal's Ctrl-C, for a program that ends them itself,
    /// after what stands on them.
    pub apart: bool,
    /// A further listener behind a way that can be cut: see [`Cluster::proxied_bootstrap`].
    pub proxied: bool,
}

/// What the secure listeners ask for and show.
#[derive(Debug, Clone)]
pub struct Secure {
    /// The brokers' private key (PKCS #8) and certificate chain for `localhost`, in PEM.
    pub keystore: String,
    /// The only user.
    pub user: String,
    /// Its password, by SCRAM-SHA-256 and SCRAM-SHA-512.
    pub password: String,
    /// The authority of clients' certificates, in PEM, for a listener that demands one.
    pub client_ca: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            brokers: 1,
            heap_mib: 512,
            is_measured: false,
            properties: Vec::new(),
            secure: None,
            authorizes: false,
            counters: false,
            apart: false,
            proxied: false,
        }
    }
}

/// A running cluster. Its processes end and its directory goes when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    brokers: Vec<Broker>,
    proxies: Vec<Proxy>,
    installation: Installation,
    // Goes last: the processes write into it.
    _dir: TempDir,
}

impl Cluster {
    /// Starts a cluster and waits until every broker serves.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(installation: &Installation, options: &Options) -> Result<Self, StartError> {
        let dir = tempfile::Builder::new().prefix("ndxp-brokers-").tempdir()?;
        let mut ports = free_ports(options.brokers)?;
        let mut proxies = Vec::new();
        for own in ports.iter_mut().filter(|_| options.proxied) {
            let proxy = Proxy::start(own.secure)?;
            own.proxy = Some(proxy.port());
            proxies.push(proxy);
        }
        let mut brokers = Vec::new();
        for (id, own) in (1..).zip(&ports) {
            let place = Place { dir: dir.path().join(id.to_string()), id, own: *own };
            brokers.push(Broker::prepare(installation, options, place, &ports)?);
        }
        // All first, then wait: a controller serves once most of them are there.
        for broker in &mut brokers {
            broker.launch()?;
        }
        for broker in &mut brokers {
            broker.wait_until_it_serves()?;
        }
        Ok(Self { brokers, proxies, installation: installation.clone(), _dir: dir })
    }

    /// Returns the addresses that a client starts from.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        let addresses: Vec<_> = self.brokers.iter().map(Broker::address).collect();
        addresses.join(",")
    }

    /// Returns the addresses of the secure listeners.
    #[must_use]
    pub fn secure_bootstrap(&self) -> String {
        let addresses: Vec<_> = self.brokers.iter().map(Broker::secure_address).collect();
        addresses.join(",")
    }

    /// Returns the addresses of the listeners that demand a client's certificate.
    #[must_use]
    pub fn mutual_bootstrap(&self) -> String {
        let addresses: Vec<_> = self.brokers.iter().map(Broker::mutual_address).collect();
        addresses.join(",")
    }

    /// Returns the addresses behind the ways that can be cut.
    #[must_use]
    pub fn proxied_bootstrap(&self) -> String {
        let address = |proxy: &Proxy| format!("127.0.0.1:{}", proxy.port());
        self.proxies.iter().map(address).collect::<Vec<_>>().join(",")
    }

    /// Sets the ways to all brokers, for those who came by [`Cluster::proxied_bootstrap`].
    pub fn set_way(&self, way: Way) {
        self.proxies.iter().for_each(|proxy| proxy.set(way));
    }

    /// Sets the way to one broker, counted from 0, for the same.
    ///
    /// # Panics
    /// If there is none of this number.
    pub fn set_way_to(&self, number: usize, way: Way) {
        self.proxies[number].set(way);
    }

    /// Returns one broker, counted from 0.
    ///
    /// # Panics
    /// If there is none of this number.
    pub fn broker(&mut self, number: usize) -> &mut Broker {
        &mut self.brokers[number]
    }

    /// Returns the numbers of the brokers' processes, of those that run.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        self.brokers.iter().filter_map(Broker::process).collect()
    }

    /// Returns the bytes of a topic that the brokers have sent to readers since they were started,
    /// as they count them (`BytesOutPerSec`; not what brokers fetch from each other).
    ///
    /// # Errors
    /// If Kafka's tool cannot be run or fails.
    pub fn bytes_out(&self, topic: &str) -> std::io::Result<u64> {
        self.brokers.iter().map(|broker| self.tool().bytes_out(broker.counters(), topic)).sum()
    }

    /// Returns where each broker writes what it has to say.
    #[must_use]
    pub fn logs(&self) -> Vec<PathBuf> {
        self.brokers.iter().map(Broker::log).collect()
    }

    /// Returns Kafka's own command-line tools, pointed at this cluster.
    #[must_use]
    pub fn tool(&self) -> Tool {
        Tool::new(self.installation.clone(), self.bootstrap())
    }
}

/// Takes ports that are free at present, all held at once so that they differ.
fn free_ports(brokers: u32) -> std::io::Result<Vec<Ports>> {
    let held: Vec<_> =
        (0..brokers * 5).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<Result<_, _>>()?;
    let ports: Vec<_> =
        held.iter().map(|l| l.local_addr().map(|a| a.port())).collect::<Result<_, _>>()?;
    let of = |five: &[u16]| Ports {
        client: five[0],
        controller: five[1],
        secure: five[2],
        mutual: five[3],
        counters: five[4],
        proxy: None,
    };
    Ok(ports.chunks(5).map(of).collect())
}
