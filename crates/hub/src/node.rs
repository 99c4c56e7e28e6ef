//! A running node: wires the parts, serves, and stops in order.

mod parts;
mod serve;

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use ndxp_identity::{Clock, Connections, ServerTls, TlsConfigError, TlsMaterial};
use thiserror::Error;
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

pub use parts::{Parts, TlsFiles};

use crate::{
    boot::{self, BootError},
    core::Core,
    duplicates::Duplicates,
    ledger::Ledger,
    limits::Limits,
    metrics::Metrics,
    receipts::{Receipts, audit},
    registry::{FollowError, Registry},
    schemas::Schemas,
    subscribe::{SlotError, Slots, Streams},
};
use serve::{follow_registry, housekeeping, serve_grpc, serve_http, watch_log};

/// How long streams and calls may take to end at a shutdown.
const DRAIN: Duration = Duration::from_secs(10);

/// Why a node does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The registry cannot be folded.
    #[error(transparent)]
    Registry(#[from] FollowError),
    /// The delivery state cannot be folded.
    #[error(transparent)]
    Delivery(#[from] SlotError),
    /// The log holds no hub yet.
    #[error("the log holds no hub yet: run ndxp init first")]
    NoGenesis,
    /// A TLS file is wrong.
    #[error("the TLS files are wrong")]
    Tls(#[from] TlsConfigError),
    /// The boot's entry could not be written.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// A socket is gone.
    #[error("a listening socket is gone")]
    Socket(#[from] std::io::Error),
}

/// A node that serves.
pub struct Node {
    grpc: SocketAddr,
    http: SocketAddr,
    drain: CancellationToken,
    core: Arc<Core>,
    tasks: JoinSet<()>,
    stopped: mpsc::Receiver<String>,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("grpc", &self.grpc).finish_non_exhaustive()
    }
}

impl Node {
    /// Folds the log, writes the boot's audit entry, and begins to serve.
    ///
    /// # Errors
    /// [`StartError`]; nothing is served then.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let (grpc, http) = (parts.grpc.local_addr()?, parts.http.local_addr()?);
        let core = Arc::new(core(&parts).await?);
        boot::boot(&core.log, &core.ledger, &core.registry).await?;
        *core.audited.lock().await = core.registry.read(|state| state.count);
        let (report, stopped) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        serve_grpc(&mut tasks, &core, parts.grpc, tls(&core, &parts.tls, &parts.clock)?, &report);
        serve_http(&mut tasks, &core, parts.http, parts.log_size);
        watch_log(&mut tasks, &core, parts.log_failed, &report);
        follow_registry(&mut tasks, &core, report);
        housekeeping(&mut tasks, &core);
        info!(%grpc, %http, node = core.node, "serving");
        let drain = core.drain.clone();
        Ok(Self { grpc, http, drain, core, tasks, stopped })
    }

    /// Returns where gRPC is served.
    #[must_use]
    pub fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// Returns where health and metrics are served.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// Returns what the node has folded from the log, as bytes: equal logs give equal bytes. Waits
    /// for open streams to end.
    pub async fn folded(&self) -> Vec<u8> {
        let mut bytes = self.core.registry.read(ndxp_registry::State::to_bytes);
        for (_, progress) in self.core.slots.to_bytes().await {
            bytes.extend(progress);
        }
        bytes
    }

    /// Waits until the node can no longer serve, and returns why. Cancel-safe.
    pub async fn failed(&mut self) -> String {
        match self.stopped.recv().await {
            Some(reason) => reason,
            None => std::future::pending().await,
        }
    }

    /// Drains: streams end with `NODE_DRAINING`, calls finish, counts of denials are written.
    pub async fn shutdown(mut self) {
        self.drain.cancel();
        let _ = timeout(DRAIN, async { while self.tasks.join_next().await.is_some() {} }).await;
        if let Err(cause) = self.core.ledger.flush_denials(true).await {
            error!(%cause, "counts of repeated denials are lost");
        }
        self.tasks.shutdown().await;
    }
}

impl Drop for Node {
    /// Lets go of all connections: they run in tasks of their own, and would serve on.
    fn drop(&mut self) {
        self.drain.cancel();
        self.core.connections.cut(|_| true);
    }
}

async fn core(parts: &Parts) -> Result<Core, StartError> {
    let metrics = Arc::new(Metrics::new());
    let registry = Registry::open(Arc::clone(&parts.log)).await?;
    if registry.read(|state| state.trust_domain.is_none()) {
        return Err(StartError::NoGenesis);
    }
    // The boot's number is the audit log's length: a later boot has a higher one, without a counter
    // to keep, and also where it is only a moment later or the clock went back.
    let boot = *parts.log.follow(&audit()).map_err(BootError::from)?.borrow();
    let gateway = format!("{}-{boot}", parts.node).parse().map_err(BootError::from)?;
    let ledger =
        Ledger::new(Arc::clone(&parts.log), parts.clock.clone(), gateway, Arc::clone(&metrics));
    Ok(Core {
        node: parts.node.clone(),
        clock: parts.clock.clone(),
        log: Arc::clone(&parts.log),
        registry,
        audited: Mutex::new(0),
        ledger,
        receipts: Receipts::default(),
        schemas: Schemas::new(),
        duplicates: Duplicates::default(),
        slots: Slots::open(&parts.log).await?,
        streams: Streams::default(),
        keys: parts.keys.clone(),
        limits: Limits::default(),
        metrics,
        connections: Connections::new(),
        drain: CancellationToken::new(),
    })
}

fn tls(core: &Core, files: &TlsFiles, clock: &Clock) -> Result<Arc<ServerTls>, StartError> {
    let domain = core.registry.read(|state| state.trust_domain.clone());
    let material = TlsMaterial {
        chain_pem: &files.chain,
        key_pem: &files.key,
        client_ca_pem: &files.client_ca,
        crl_pem: files.crl.as_deref(),
        crl_grace: ndxp_identity::CRL_GRACE,
    };
    Ok(ServerTls::new(&material, domain.ok_or(StartError::NoGenesis)?, clock.clone())?)
}
