//! `PublishService`: takes records.

use ndxp_proto::exchange::{
    GetPublishStateRequest, GetPublishStateResponse, PublishRequest, PublishResponse,
    PublishStreamRequest, PublishStreamResponse, publish_service_server::PublishService,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::Services;

#[tonic::async_trait]
impl PublishService for Services {
    async fn publish(
        &self,
        request: Request<PublishRequest>,
    ) -> Result<Response<PublishResponse>, Status> {
        self.serve(request, "Publish", |core, call, request| async move {
            core.publish(&call, request).await
        })
        .await
    }

    type PublishStreamStream = ReceiverStream<Result<PublishStreamResponse, Status>>;

    async fn publish_stream(
        &self,
        _request: Request<Streaming<PublishStreamRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        Err(Status::unimplemented("NOT_SERVED"))
    }

    async fn get_publish_state(
        &self,
        _request: Request<GetPublishStateRequest>,
    ) -> Result<Response<GetPublishStateResponse>, Status> {
        Err(Status::unimplemented("NOT_SERVED"))
    }
}
