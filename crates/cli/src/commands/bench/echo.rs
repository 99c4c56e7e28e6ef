//! A gRPC server in clear that answers every call at once: what calls cost without a hub.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use ndxp_proto::exchange::{
    GetPublishStateRequest, GetPublishStateResponse, PublishRequest, PublishResponse,
    PublishStreamRequest, PublishStreamResponse,
    publish_service_client::PublishServiceClient,
    publish_service_server::{PublishService, PublishServiceServer},
};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status, Streaming,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};

use super::{measure::Load, place::DATASET, record::Maker};

struct Echo;

#[tonic::async_trait]
impl PublishService for Echo {
    type PublishStreamStream = Streaming<PublishStreamResponse>;

    async fn publish(
        &self,
        request: Request<PublishRequest>,
    ) -> Result<Response<PublishResponse>, Status> {
        let accepted = u32::try_from(request.get_ref().records.len()).unwrap_or(u32::MAX);
        Ok(Response::new(PublishResponse { accepted, ..PublishResponse::default() }))
    }

    async fn publish_stream(
        &self,
        _: Request<Streaming<PublishStreamRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        Err(Status::unimplemented("only single calls are measured"))
    }

    async fn get_publish_state(
        &self,
        _: Request<GetPublishStateRequest>,
    ) -> Result<Response<GetPublishStateResponse>, Status> {
        Err(Status::unimplemented("only single calls are measured"))
    }
}

/// Calls it as a load does, each caller with a connection of its own; returns records a second.
pub(super) async fn measure(load: Load, span: Duration) -> Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no port is free")?;
    let address = listener.local_addr()?;
    let service = Server::builder().add_service(PublishServiceServer::new(Echo));
    let serving = tokio::spawn(service.serve_with_incoming(TcpIncoming::from(listener)));
    let callers = try_join_all((0..load.callers).map(|_| connect(address))).await?;
    let rate = async {
        run(&callers, load, span / 5).await?;
        run(&callers, load, span).await
    };
    let rate = rate.await;
    serving.abort();
    rate
}

async fn connect(address: SocketAddr) -> Result<PublishServiceClient<Channel>> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    Ok(PublishServiceClient::new(endpoint.connect().await?))
}

async fn run(callers: &[PublishServiceClient<Channel>], load: Load, span: Duration) -> Result<f64> {
    let (maker, begin) = (Maker::default(), Instant::now());
    let calls = callers.iter().map(|client| {
        let (mut client, maker) = (client.clone(), &maker);
        async move {
            let mut records = 0;
            while begin.elapsed() < span {
                let request = PublishRequest {
                    dataset: DATASET.to_owned(),
                    records: maker.batch(load.batch),
                    ..PublishRequest::default()
                };
                records += client.publish(request).await?.into_inner().accepted;
            }
            anyhow::Ok(records)
        }
    });
    let records: u32 = try_join_all(calls).await?.into_iter().sum();
    Ok(f64::from(records) / begin.elapsed().as_secs_f64())
}
