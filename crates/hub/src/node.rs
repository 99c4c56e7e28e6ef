//! A running node: wires the parts, serves, and stops in order.

mod parts;
mod reload;
mod serve;
mod source;
mod standards;
mod standing;
mod tidy;

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use ndxp_identity::{Connections, TlsConfigError};
use ndxp_model::PrincipalName;
use ndxp_schema::Profile;
use thiserror::Error;
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::{JoinSet, spawn_blocking},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub(crate) use reload::Tls;
pub use {
    parts::{Parts, bind},
    reload::Reload,
    source::{TlsFiles, TlsReadError, TlsSource},
    standards::UnknownFormat,
};

use crate::{
    boot::{self, BootError},
    budget::Budget,
    code_lists::{CodeListsError, Lists},
    core::Core,
    duplicates::Duplicates,
    forward::Links,
    lanes::{self, Holds},
    ledger::Ledger,
    limits::Limits,
    metrics::Metrics,
    nodes::{self, Nodes},
    publish::{Judges, PublishStates, StateError},
    readers::Readers,
    receipts::{Receipts, audit},
    registry::{FollowError, Registry},
    schemas::Schemas,
    subscribe::{Outbound, SlotError, Slots, Streams},
};
use serve::{
    follow_nodes, follow_registry, housekeeping, serve_grpc, serve_http, serve_nodes, watch_log,
    watch_vital,
};
use standing::watch_standing;

/// How long streams and calls may take to end at a shutdown.
pub const DRAIN: Duration = Duration::from_secs(10);

/// After so long other nodes may have the lanes of one that drains: streams that read have ended then.
const HANDOVER: Duration = Duration::from_secs(1);
/// So many connections wait at a socket until they are taken.
pub(crate) const WAITING: u32 = 1_024;

/// Why a node does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The registry cannot be folded.
    #[error(transparent)]
    Registry(#[from] FollowError),
    /// The delivery state cannot be folded.
    #[error(transparent)]
    Delivery(#[from] SlotError),
    /// The states of publishers cannot be folded.
    #[error(transparent)]
    Publishers(#[from] StateError),
    /// The code lists in force cannot be had.
    #[error(transparent)]
    CodeLists(#[from] CodeListsError),
    /// The log holds no hub yet.
    #[error("the log holds no hub yet: run ndxp init first")]
    NoGenesis,
    /// The national profile is not that of the schemas in force.
    #[error(transparent)]
    Profile(#[from] UnknownFormat),
    /// A TLS file cannot be read.
    #[error(transparent)]
    TlsRead(#[from] TlsReadError),
    /// A TLS file is wrong.
    #[error("the TLS files are wrong")]
    Tls(#[from] TlsConfigError),
    /// The boot's entry could not be written.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// What the nodes know each other by is wrong.
    #[error("the nodes' TLS files are wrong")]
    Nodes(#[from] tonic::transport::Error),
    /// A socket cannot be listened on.
    #[error("cannot listen: does another process use the address?")]
    Socket(#[from] std::io::Error),
}

/// A node that serves.
pub struct Node {
    grpc: SocketAddr,
    http: SocketAddr,
    drain: CancellationToken,
    core: Arc<Core>,
    /// How long a drain may take.
    patience: Duration,
    /// What ends when the node drains.
    tasks: JoinSet<()>,
    /// What goes on until it has: cuts, health and metrics.
    to_the_end: JoinSet<()>,
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
        core.code_lists().await?;
        boot::boot(&core.log, &core.ledger, &core.registry).await?;
        if core.nodes.is_none() {
            nodes::raise(&core).await;
        }
        let (report, stopped) = mpsc::channel(1);
        let (mut tasks, mut to_the_end) = (JoinSet::new(), JoinSet::new());
        serve_grpc(&mut tasks, &core, parts.grpc.listen(WAITING)?, &report);
        if let Some(neighbours) = parts.neighbours.filter(|_| core.nodes.is_some()) {
            serve_nodes(&mut tasks, &core, neighbours, &report)?;
        }
        to_the_end.spawn(nodes::announce(Arc::clone(&core)));
        follow_nodes(&mut tasks, &core);
        serve_http(&mut to_the_end, &core, parts.http.listen(WAITING)?, parts.log_size);
        watch_standing(&mut to_the_end, &core);
        watch_log(&mut tasks, &core, parts.log_failed, &report);
        tasks.spawn(lanes::keep(Arc::clone(&core)));
        follow_registry(&mut tasks, &core, report);
        watch_vital(&mut tasks, &core);
        housekeeping(&mut tasks, &core);
        tidy::tidy(&mut tasks, &core);
        info!(%grpc, %http, node = core.node, "serving");
        let (drain, patience) = (core.drain.clone(), parts.drain);
        Ok(Self { grpc, http, drain, core, patience, tasks, to_the_end, stopped })
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

    /// Returns how many live connections a principal has.
    #[must_use]
    pub fn connections_of(&self, name: &PrincipalName) -> usize {
        self.core.connections.count_of(name)
    }

    /// Looks at the TLS files now, and not only within a second: puts them in force if they have
    /// changed and can be used. Live connections that they condemn end within the next second.
    pub async fn reload(&self) -> Reload {
        let tls = Arc::clone(&self.core.tls);
        let looked = spawn_blocking(move || tls.look()).await;
        looked.unwrap_or_else(|panicked| Reload::Kept(panicked.to_string()))
    }

    /// Drains: the node is no longer ready, streams end with `NODE_DRAINING`, new calls are refused
    /// with it, calls under way finish, counts of denials are written. What has not ended in time,
    /// mostly a peer that does not read, loses its connection; the lanes do not wait for it.
    pub async fn shutdown(mut self) {
        self.drain.cancel();
        let in_time = self.ended(HANDOVER.min(self.patience)).await;
        nodes::leave(&self.core).await;
        if !in_time && !self.ended(self.patience).await {
            let cut = self.core.connections.cut(|_| true);
            warn!(cut, "connections did not drain in time and are cut");
        }
        if let Err(cause) = self.core.ledger.flush_denials(true).await {
            error!(%cause, "counts of repeated denials are lost");
        }
        self.tasks.shutdown().await;
        self.to_the_end.shutdown().await;
    }

    /// Says whether all that ends with a drain has ended within this time.
    async fn ended(&mut self, within: Duration) -> bool {
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        timeout(within, ended).await.is_ok()
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
    let registry = Registry::open(Arc::clone(&parts.log), Arc::clone(&parts.monotonic)).await?;
    let domain = registry.read(|state| state.trust_domain.clone()).ok_or(StartError::NoGenesis)?;
    let incarnation = registry.read(|state| state.incarnation.clone());
    let connections = Connections::new();
    let tls = Tls::open(
        parts.tls.clone(),
        domain.clone(),
        parts.clock.clone(),
        connections.clone(),
        Arc::clone(&metrics),
    )?;
    // The boot's number is the audit log's length: a later boot has a higher one, without a counter
    // to keep, and also where it is only a moment later or the clock went back.
    let boot = *parts.log.follow(&audit()).map_err(BootError::from)?.borrow();
    let gateway = format!("{}-{boot}", parts.node).parse().map_err(BootError::from)?;
    let ledger =
        Ledger::new(Arc::clone(&parts.log), parts.clock.clone(), gateway, Arc::clone(&metrics));
    let national = Arc::clone(&parts.national);
    let profile = standards::confirmed(&registry, Profile { national, ..Profile::default() })?;
    let by = format!("{}-{boot}", parts.node);
    let (name, neighbours) = (parts.node.clone(), parts.neighbours.as_ref());
    let nodes = || Nodes::new(name, by.clone(), neighbours, domain.as_str());
    let nodes = parts.log.is_shared().then(nodes);
    let lanes = Arc::new(Holds::new(&parts.log, by));
    let slots = Slots::open(&parts.log, Arc::clone(&lanes)).await?;
    let there = |name: &_| registry.read(|state| state.subscriptions.contains_key(name));
    slots.forget_all_but(&parts.log, there, (parts.clock)()).await?;
    Ok(Core {
        node: parts.node.clone(),
        clock: parts.clock.clone(),
        monotonic: Arc::clone(&parts.monotonic),
        log: Arc::clone(&parts.log),
        registry,
        unaudited: Mutex::default(),
        ledger,
        receipts: Receipts::default(),
        lists: Lists::new(&profile),
        schemas: Schemas::new(profile),
        duplicates: Duplicates::new(parts.projections.clone(), &incarnation),
        readers: Readers::new(Arc::clone(&parts.log), Arc::clone(&metrics)),
        publish_states: PublishStates::open(&parts.log).await?,
        judges: Judges::default(),
        inbound: Budget::default(),
        outbound: Outbound::default(),
        lanes,
        slots,
        streams: Streams::default(),
        keys: parts.keys.clone(),
        cursors: parts.cursors.clone(),
        limits: Limits::default(),
        metrics,
        connections,
        nodes,
        links: Links::default(),
        tls: Arc::new(tls),
        clock_steps: watch::Sender::new(0),
        drain: CancellationToken::new(),
    })
}
