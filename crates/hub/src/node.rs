//! A running node: wires the parts, serves, and stops in order.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use ndxp_identity::{
    Acceptor, Clock, Connections, FailedHandshake, Limits as AcceptLimits, ServerTls,
    TlsConfigError, TlsMaterial,
};
use ndxp_log::Log;
use ndxp_proto::{
    DESCRIPTORS,
    agreement::agreement_service_server::AgreementServiceServer,
    exchange::{
        publish_service_server::PublishServiceServer,
        subscribe_service_server::SubscribeServiceServer,
    },
    registry::{
        agency_service_server::AgencyServiceServer, dataset_service_server::DatasetServiceServer,
    },
    schema::schema_service_server::SchemaServiceServer,
};
use thiserror::Error;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tracing::{error, info};

use crate::{
    boot::{self, BootError},
    core::Core,
    duplicates::Duplicates,
    gate::Gate,
    http::{self, Internal, LogSize},
    keys::Keys,
    ledger::Ledger,
    limits::Limits,
    metrics::{CauseLabels, Metrics},
    receipts::{Receipts, audit},
    registry::{FollowError, Registry},
    schemas::Schemas,
    services::Services,
    subscribe::{SlotError, Slots, Streams},
};

/// How long streams and calls may take to end at a shutdown.
const DRAIN: Duration = Duration::from_secs(10);

/// What a node is made of. Listeners are bound by the caller, so that a test may choose port 0.
pub struct Parts {
    /// The node's name, for example `n1`.
    pub node: String,
    /// The log.
    pub log: Arc<dyn Log>,
    /// Set once the log can no longer be used.
    pub log_failed: watch::Receiver<Option<String>>,
    /// Tells the log's size.
    pub log_size: LogSize,
    /// The hub's own key.
    pub keys: Keys,
    /// The server's certificate and whom it trusts.
    pub tls: TlsFiles,
    /// The time.
    pub clock: Clock,
    /// Where gRPC is served, over mutual TLS.
    pub grpc: TcpListener,
    /// Where health and metrics are served, in clear: internal.
    pub http: TcpListener,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("node", &self.node).finish_non_exhaustive()
    }
}

/// The contents of the TLS files, PEM.
#[derive(Clone)]
pub struct TlsFiles {
    /// The server's certificate and the chain below the root.
    pub chain: Vec<u8>,
    /// The server's key.
    pub key: Vec<u8>,
    /// The authorities that sign clients.
    pub client_ca: Vec<u8>,
    /// The revocation list, if there is one.
    pub crl: Option<Vec<u8>>,
}

impl fmt::Debug for TlsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsFiles(hidden)")
    }
}

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

fn acceptor(core: &Arc<Core>, tls: Arc<ServerTls>) -> Acceptor {
    let metrics = Arc::clone(&core.metrics);
    Acceptor {
        // The sender lives as long as the process: nothing is sent until files are reloaded.
        tls: watch::Sender::new(tls).subscribe(),
        clock: core.clock.clone(),
        limits: AcceptLimits::default(),
        connections: core.connections.clone(),
        on_failure: Arc::new(move |failed: FailedHandshake| {
            let labels = CauseLabels { cause: failed.cause.label() };
            metrics.handshake_failures.get_or_create(&labels).inc();
        }),
    }
}

fn serve_grpc(
    tasks: &mut JoinSet<()>,
    core: &Arc<Core>,
    listener: TcpListener,
    tls: Arc<ServerTls>,
    report: &mpsc::Sender<String>,
) {
    let services = Services(Arc::clone(core));
    let most = core.limits.message_bytes;
    let incoming = acceptor(core, tls).incoming(listener);
    let (drain, gate, report) = (core.drain.clone(), Gate(Arc::clone(core)), report.clone());
    tasks.spawn(async move {
        let (health, health_service) = tonic_health::server::health_reporter();
        health.set_serving::<PublishServiceServer<Services>>().await;
        health.set_serving::<SubscribeServiceServer<Services>>().await;
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1();
        let served = async {
            Server::builder()
                .layer(gate)
                .initial_stream_window_size(256 << 10)
                .initial_connection_window_size(1 << 20)
                .http2_keepalive_interval(Some(Duration::from_secs(25)))
                .add_service(health_service)
                .add_service(reflection?)
                .add_service(
                    AgencyServiceServer::new(services.clone()).max_decoding_message_size(most),
                )
                .add_service(
                    DatasetServiceServer::new(services.clone()).max_decoding_message_size(most),
                )
                .add_service(
                    SchemaServiceServer::new(services.clone()).max_decoding_message_size(most),
                )
                .add_service(
                    AgreementServiceServer::new(services.clone()).max_decoding_message_size(most),
                )
                .add_service(
                    PublishServiceServer::new(services.clone()).max_decoding_message_size(most),
                )
                .add_service(SubscribeServiceServer::new(services).max_decoding_message_size(most))
                .serve_with_incoming_shutdown(incoming, drain.cancelled_owned())
                .await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        };
        if let Err(cause) = served.await {
            let _ = report.send(format!("gRPC can no longer be served: {cause}")).await;
        }
    });
}

fn serve_http(tasks: &mut JoinSet<()>, core: &Arc<Core>, listener: TcpListener, log_size: LogSize) {
    let internal = Internal { core: Arc::clone(core), log_size };
    let drain = core.drain.clone();
    tasks.spawn(async move {
        let served = axum::serve(listener, http::router(internal));
        if let Err(cause) = served.with_graceful_shutdown(drain.cancelled_owned()).await {
            error!(%cause, "health and metrics are no longer served");
        }
    });
}

fn watch_log(
    tasks: &mut JoinSet<()>,
    core: &Core,
    mut failed: watch::Receiver<Option<String>>,
    report: &mpsc::Sender<String>,
) {
    let (drain, report) = (core.drain.clone(), report.clone());
    tasks.spawn(async move {
        let reason = tokio::select! {
            () = drain.cancelled() => return,
            // An engine that has gone without a word has not failed.
            Ok(reason) = failed.wait_for(Option::is_some) => reason.clone(),
            else => return,
        };
        let _ = report.send(format!("the log failed: {}", reason.unwrap_or_default())).await;
    });
}

fn follow_registry(tasks: &mut JoinSet<()>, core: &Arc<Core>, report: mpsc::Sender<String>) {
    let core = Arc::clone(core);
    tasks.spawn(async move {
        tokio::select! {
            () = core.drain.cancelled() => {}
            cause = core.registry.follow() => {
                let cause = chain(&cause);
                let _ = report.send(format!("the registry cannot be followed: {cause}")).await;
            }
        }
    });
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Once a second: counts of denials, and connections whose certificate has ended.
fn housekeeping(tasks: &mut JoinSet<()>, core: &Arc<Core>) {
    let core = Arc::clone(core);
    tasks.spawn(async move {
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = core.drain.cancelled() => return,
                _ = tick.tick() => {}
            }
            core.connections.cut_expired(core.now());
            if let Err(cause) = core.ledger.flush_denials(false).await {
                error!(%cause, "counts of repeated denials are lost");
            }
        }
    });
}
