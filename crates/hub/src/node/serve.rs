//! The tasks of a node: what it serves, and what it keeps an eye on.

use std::{sync::Arc, time::Duration};

use ndxp_identity::{Acceptor, FailedHandshake, Limits as AcceptLimits};
use ndxp_proto::{
    DESCRIPTORS,
    agreement::agreement_service_server::AgreementServiceServer,
    exchange::{
        dead_letter_service_server::DeadLetterServiceServer,
        publish_service_server::PublishServiceServer,
        subscribe_service_server::SubscribeServiceServer,
    },
    registry::{
        agency_service_server::AgencyServiceServer, dataset_service_server::DatasetServiceServer,
    },
    schema::schema_service_server::SchemaServiceServer,
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig, server::TcpIncoming};
use tracing::error;

use super::{StartError, WAITING};
use crate::{
    core::Core,
    forward::{Forward, Owner},
    gate::Gate,
    http::{self, Internal, LogSize},
    metrics::CauseLabels,
    nodes::{self, Neighbours, NodeTls},
    refuse::chain,
    services::Services,
    vital,
};

fn acceptor(core: &Arc<Core>) -> Acceptor {
    let metrics = Arc::clone(&core.metrics);
    Acceptor {
        tls: core.tls.follow(),
        clock: core.clock.clone(),
        limits: AcceptLimits::default(),
        connections: core.connections.clone(),
        on_failure: Arc::new(move |failed: FailedHandshake| {
            let labels = CauseLabels { cause: failed.cause.label() };
            metrics.handshake_failures.get_or_create(&labels).inc();
        }),
    }
}

pub(super) fn serve_grpc(
    tasks: &mut JoinSet<()>,
    core: &Arc<Core>,
    listener: TcpListener,
    report: &mpsc::Sender<String>,
) {
    let services = Services(Arc::clone(core));
    let most = core.limits.message_bytes;
    let incoming = acceptor(core).incoming(listener);
    let (drain, gate, report) = (core.drain.clone(), Gate(Arc::clone(core)), report.clone());
    let forward = Forward(Arc::clone(core));
    tasks.spawn(async move {
        let (health, health_service) = tonic_health::server::health_reporter();
        health.set_serving::<PublishServiceServer<Services>>().await;
        health.set_serving::<SubscribeServiceServer<Services>>().await;
        health.set_serving::<DeadLetterServiceServer<Services>>().await;
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1();
        let served = async {
            Server::builder()
                .layer(gate)
                .layer(forward)
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
                .add_service(
                    DeadLetterServiceServer::new(services.clone()).max_decoding_message_size(most),
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

/// Serves what other nodes forward: calls about the subscriptions of this node's lanes.
pub(super) fn serve_nodes(
    tasks: &mut JoinSet<()>,
    core: &Arc<Core>,
    neighbours: Neighbours,
    report: &mpsc::Sender<String>,
) -> Result<(), StartError> {
    let NodeTls { chain, key, ca } = neighbours.tls;
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(chain, key))
        .client_ca_root(Certificate::from_pem(ca));
    let (services, most) = (Services(Arc::clone(core)), core.limits.message_bytes);
    let router = Server::builder()
        .tls_config(tls)?
        .layer(Owner(Arc::clone(core)))
        // One connection carries all streams of another node: each has a small window, and the
        // connection room for all of them, so that none holds up another.
        .max_concurrent_streams(u32::MAX)
        .initial_stream_window_size(64 << 10)
        .initial_connection_window_size(1 << 30)
        .add_service(DeadLetterServiceServer::new(services.clone()).max_decoding_message_size(most))
        .add_service(SubscribeServiceServer::new(services).max_decoding_message_size(most));
    let (drain, report) = (core.drain.clone(), report.clone());
    let incoming = TcpIncoming::from(neighbours.socket.listen(WAITING)?).with_nodelay(Some(true));
    tasks.spawn(async move {
        let served = router.serve_with_incoming_shutdown(incoming, drain.cancelled_owned());
        if let Err(cause) = served.await {
            let _ = report.send(format!("other nodes can no longer be served: {cause}")).await;
        }
    });
    Ok(())
}

/// Hears the nodes' words, this one's included, and raises the registry's format with them.
pub(super) fn follow_nodes(tasks: &mut JoinSet<()>, core: &Arc<Core>) {
    if core.nodes.is_none() {
        return;
    }
    tasks.spawn(nodes::keep_raising(Arc::clone(core)));
    let core = Arc::clone(core);
    tasks.spawn(async move {
        let Some(nodes) = &core.nodes else { return };
        tokio::select! {
            () = core.drain.cancelled() => {}
            () = nodes.follow(&core.log) => {}
        }
    });
}

pub(super) fn serve_http(
    tasks: &mut JoinSet<()>,
    core: &Arc<Core>,
    listener: TcpListener,
    log_size: LogSize,
) {
    let internal = Internal { core: Arc::clone(core), log_size };
    tasks.spawn(async move {
        if let Err(cause) = axum::serve(listener, http::router(internal)).await {
            error!(%cause, "health and metrics are no longer served");
        }
    });
}

pub(super) fn watch_log(
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

pub(super) fn follow_registry(
    tasks: &mut JoinSet<()>,
    core: &Arc<Core>,
    report: mpsc::Sender<String>,
) {
    let core = Arc::clone(core);
    tasks.spawn(async move {
        tokio::select! {
            () = core.drain.cancelled() => {}
            () = core.registry.watch_sight() => {}
            cause = core.registry.follow() => {
                let cause = chain(&cause);
                let _ = report.send(format!("the registry cannot be followed: {cause}")).await;
            }
        }
    });
}

/// Knows whether the log takes appends before a publisher finds out.
pub(super) fn watch_vital(tasks: &mut JoinSet<()>, core: &Arc<Core>) {
    tasks.spawn(vital::watch(Arc::clone(core)));
}

/// Once a second: counts of denials.
pub(super) fn housekeeping(tasks: &mut JoinSet<()>, core: &Arc<Core>) {
    let core = Arc::clone(core);
    tasks.spawn(async move {
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = core.drain.cancelled() => return,
                _ = tick.tick() => {}
            }
            core.readers.sweep();
            if let Err(cause) = core.ledger.flush_denials(false).await {
                error!(%cause, "counts of repeated denials are lost");
            }
        }
    });
}
