//! `PublishService`: takes records.

use std::sync::Arc;

use ndxp_proto::exchange::{
    GetPublishStateRequest, GetPublishStateResponse, PublishRequest, PublishResponse,
    PublishStreamRequest, publish_service_server::PublishService,
};
use tonic::{Request, Response, Status, Streaming};

use super::Services;
use crate::publish::{self, Frames};

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

    type PublishStreamStream = Frames;

    async fn publish_stream(
        &self,
        request: Request<Streaming<PublishStreamRequest>>,
    ) -> Result<Response<Frames>, Status> {
        let call = self.begin(&request, "PublishStream")?;
        let frames = publish::publish_stream(&self.0, Arc::clone(&call), request.into_inner());
        let mut response = Response::new(frames);
        self.0.stamp(&call.request_id, response.metadata_mut());
        Ok(response)
    }

    async fn get_publish_state(
        &self,
        request: Request<GetPublishStateRequest>,
    ) -> Result<Response<GetPublishStateResponse>, Status> {
        self.serve(request, "GetPublishState", |core, call, request| async move {
            core.publish_state(&call, &request.dataset).await
        })
        .await
    }
}
