//! `PublishService`: takes records.

use ndxp_proto::exchange::{
    PublishRequest, PublishResponse, publish_service_server::PublishService,
};
use tonic::{Request, Response, Status};

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
}
