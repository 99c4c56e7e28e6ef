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
        let call = self.begin(&request, "Publish")?;
        let (core, inner, request) = (self.0.clone(), call.clone(), request.into_inner());
        let work = async move { core.publish(&inner, request).await };
        self.0.answer(call, work).await
    }
}
