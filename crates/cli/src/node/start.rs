//! Bind, open, run; and all of it backwards.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, Result};
use ndxp_hub::{
    CursorKey, DRAIN, Keys, Neighbours, Node, NodeTls, Parts, TlsFiles, TlsReadError, TlsSource,
};
use ndxp_schema::National;
use tokio::net::TcpSocket;

use super::{Engine, HubDirectory};
use crate::config::{Config, Crl, TlsPaths};

/// The sockets of a node, bound before anything else: whoever may not have them learns it first.
#[derive(Debug)]
pub(crate) struct Listeners {
    grpc: TcpSocket,
    http: TcpSocket,
    nodes: Option<TcpSocket>,
}

impl Listeners {
    /// Returns the port of gRPC.
    pub(crate) fn grpc_port(&self) -> std::io::Result<u16> {
        Ok(self.grpc.local_addr()?.port())
    }
}

/// Binds all sockets; nobody can connect before the node serves.
pub(crate) fn bind(config: &Config) -> Result<Listeners> {
    let bind = |address: std::net::SocketAddr| {
        ndxp_hub::bind(address).with_context(|| format!("cannot listen on {address}"))
    };
    let nodes = config.nodes.as_ref().map(|nodes| bind(nodes.listen)).transpose()?;
    Ok(Listeners { grpc: bind(config.grpc)?, http: bind(config.http)?, nodes })
}

/// A node that serves, on its engine.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) node: Node,
    engine: Engine,
}

/// Opens the log and starts the node.
pub(crate) async fn start(config: &Config, listeners: Listeners) -> Result<Running> {
    let data = HubDirectory::new(&config.data);
    let national = crate::commands::schema::national(&config.profile).context("schema.profile")?;
    let engine = Engine::open(&data, &config.log).await?;
    match node(config, &data, national, listeners, &engine).await {
        Ok(node) => Ok(Running { node, engine }),
        Err(error) => {
            engine.close().await;
            Err(error)
        }
    }
}

async fn node(
    config: &Config,
    data: &HubDirectory,
    national: Arc<National>,
    listeners: Listeners,
    engine: &Engine,
) -> Result<Node> {
    let keys = data.keys();
    let parts = Parts {
        node: config.node.clone(),
        log: engine.log(),
        log_failed: engine.failed(),
        log_size: engine.size(),
        projections: Some(data.projections()),
        keys: Keys::load(&keys)
            .with_context(|| format!("cannot read the key in {}", keys.display()))?,
        cursors: CursorKey::load_or_create(&keys, &super::random()?)
            .with_context(|| format!("cannot read the key of cursors in {}", keys.display()))?,
        tls: source(config.tls.clone()),
        national,
        drain: DRAIN,
        clock: Arc::new(super::now),
        monotonic: ndxp_hub::boot_time(),
        neighbours: neighbours(config, listeners.nodes)?,
        grpc: listeners.grpc,
        http: listeners.http,
    };
    Ok(Node::start(parts).await?)
}

fn neighbours(config: &Config, socket: Option<TcpSocket>) -> Result<Option<Neighbours>> {
    let (Some(nodes), Some(socket)) = (&config.nodes, socket) else { return Ok(None) };
    let tls = NodeTls { chain: read(&nodes.chain)?, key: read(&nodes.key)?, ca: read(&nodes.ca)? };
    let address = match nodes.advertise.as_str() {
        "" => socket.local_addr()?.to_string(),
        named => named.to_owned(),
    };
    Ok(Some(Neighbours { socket, address, tls }))
}

fn source(paths: TlsPaths) -> TlsSource {
    TlsSource::new(move || {
        Ok(TlsFiles {
            chain: read(&paths.chain)?,
            key: read(&paths.key)?,
            client_ca: read(&paths.client_ca)?,
            crl: match &paths.crl {
                Crl::Beside(path) if !path.exists() => None,
                Crl::Beside(path) | Crl::Named(path) => Some(read(path)?),
            },
        })
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsReadError> {
    fs::read(path).map_err(|source| TlsReadError { path: path.to_owned(), source })
}

impl Running {
    /// Returns the log, for those that measure what it gives without a hub around it.
    pub(crate) fn log(&self) -> Arc<dyn ndxp_log::Log> {
        self.engine.log()
    }

    /// Ends streams and calls, then closes the log: everything that was acknowledged is in it.
    pub(crate) async fn shutdown(self) {
        self.node.shutdown().await;
        self.engine.close().await;
    }
}
