//! The accept loop under tonic's own server and client.

use std::sync::{Arc, Mutex};

use crate::support::{Bench, system};
use ndxp_identity::{Limits, Peer};
use tonic::{
    Request, Status,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Server},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

async fn channel(bench: &Bench, issued: &ndxp_pki::Issued) -> Channel {
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(bench.authority.ca_pem()))
        .identity(Identity::from_pem(&issued.chain_pem, &issued.key_pem));
    let address = format!("https://localhost:{}", bench.address.port());
    Endpoint::from_shared(address).unwrap().tls_config(tls).unwrap().connect().await.unwrap()
}

#[tokio::test]
async fn call_sees_its_peer_and_a_cut_ends_its_live_stream() {
    let (bench, incoming) = Bench::start(None, Limits::default()).await;
    let seen: Arc<Mutex<Vec<Peer>>> = Arc::default();
    let sees = seen.clone();
    let look = move |request: Request<()>| {
        let peer = request.extensions().get::<Peer>().cloned();
        sees.lock().unwrap().push(peer.ok_or_else(|| Status::internal("no peer"))?);
        Ok(request)
    };
    let (_reporter, health) = tonic_health::server::health_reporter();
    let health = tonic::service::interceptor::InterceptedService::new(health, look);
    let server = tokio::spawn(Server::builder().add_service(health).serve_with_incoming(incoming));

    let mut portal = HealthClient::new(channel(&bench, &system(&bench.authority, "portal")).await);
    let mut vault = HealthClient::new(channel(&bench, &system(&bench.authority, "vault")).await);
    let request = HealthCheckRequest { service: String::new() };
    let mut portals = portal.watch(request.clone()).await.unwrap().into_inner();
    let mut vaults = vault.watch(request.clone()).await.unwrap().into_inner();
    portals.message().await.unwrap().unwrap();
    vaults.message().await.unwrap().unwrap();

    let peers = seen.lock().unwrap().clone();
    let names: Vec<_> = peers.iter().map(|peer| peer.certificate.name.clone().unwrap()).collect();
    assert_eq!(names[0].to_string(), "agency/tax/system/portal");
    assert_eq!(bench.connections.cut_principal(&names[0]), 1);
    assert!(portals.message().await.is_err(), "the stream ends with the connection");
    vault.check(request).await.unwrap();
    assert!(!peers[1].kill.is_killed());
    assert_eq!(bench.connections.count(), 1);
    server.abort();
}
