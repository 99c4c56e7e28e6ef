//! `DeadLetterService`: what a subscription could not take.

use ndxp_proto::exchange::{self as pb, dead_letter_service_server::DeadLetterService};
use tonic::{Request, Response, Status};

use super::Services;

#[tonic::async_trait]
impl DeadLetterService for Services {
    async fn list_dead_letters(
        &self,
        _request: Request<pb::ListDeadLettersRequest>,
    ) -> Result<Response<pb::ListDeadLettersResponse>, Status> {
        Err(Status::unimplemented("NOT_SERVED"))
    }

    async fn get_dead_letter(
        &self,
        _request: Request<pb::GetDeadLetterRequest>,
    ) -> Result<Response<pb::GetDeadLetterResponse>, Status> {
        Err(Status::unimplemented("NOT_SERVED"))
    }

    async fn redrive_dead_letters(
        &self,
        _request: Request<pb::RedriveDeadLettersRequest>,
    ) -> Result<Response<pb::RedriveDeadLettersResponse>, Status> {
        Err(Status::unimplemented("NOT_SERVED"))
    }

    async fn purge_dead_letters(
        &self,
        _request: Request<pb::PurgeDeadLettersRequest>,
    ) -> Result<Response<pb::PurgeDeadLettersResponse>, Status> {
        Err(Status::unimplemented("NOT_SERVED"))
    }
}
