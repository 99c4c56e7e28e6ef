//! `AgencyService` of the mock: `WhoAmI` alone.

use ndxp_proto::{
    error::Reason,
    registry::{self as pb, agency_service_server::AgencyService},
};
use tonic::{Request, Response, Status};

use super::{
    CALLER,
    shared::{Shared, status},
};

/// Implements the service, of whose calls the mock knows one.
macro_rules! who_am_i_alone {
    ($($method:ident: $ask:ident => $answer:ident;)*) => {
        #[tonic::async_trait]
        impl AgencyService for Shared {
            async fn who_am_i(
                &self,
                _request: Request<pb::WhoAmIRequest>,
            ) -> Result<Response<pb::WhoAmIResponse>, Status> {
                let principal = CALLER.to_owned();
                let version = env!("CARGO_PKG_VERSION").to_owned();
                let answer = pb::WhoAmIResponse { principal, version, ..Default::default() };
                Ok(Response::new(answer))
            }
            $(
                async fn $method(
                    &self,
                    _request: Request<pb::$ask>,
                ) -> Result<Response<pb::$answer>, Status> {
                    Err(status(Reason::NotServed))
                }
            )*
        }
    };
}

who_am_i_alone! {
    create_agency: CreateAgencyRequest => CreateAgencyResponse;
    get_agency: GetAgencyRequest => GetAgencyResponse;
    list_agencies: ListAgenciesRequest => ListAgenciesResponse;
    suspend_agency: SuspendAgencyRequest => SuspendAgencyResponse;
    resume_agency: ResumeAgencyRequest => ResumeAgencyResponse;
    create_system: CreateSystemRequest => CreateSystemResponse;
    list_systems: ListSystemsRequest => ListSystemsResponse;
    create_officer: CreateOfficerRequest => CreateOfficerResponse;
    list_officers: ListOfficersRequest => ListOfficersResponse;
}
