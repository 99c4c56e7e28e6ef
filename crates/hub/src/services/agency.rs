//! `AgencyService`: who takes part.

use ndxp_model::{AgencyId, Principal};
use ndxp_proto::{
    convert,
    registry::{self as pb, agency_service_server::AgencyService},
};
use ndxp_registry::{AgencyEntry, Command};
use tonic::{Request, Response, Status};

use super::{Services, cut};
use crate::{call::Origin, core::Core, refuse};

#[tonic::async_trait]
impl AgencyService for Services {
    async fn who_am_i(
        &self,
        request: Request<pb::WhoAmIRequest>,
    ) -> Result<Response<pb::WhoAmIResponse>, Status> {
        self.serve(request, "WhoAmI", |core, call, _| async move { who_am_i(&core, &call).await })
            .await
    }

    async fn create_agency(
        &self,
        request: Request<pb::CreateAgencyRequest>,
    ) -> Result<Response<pb::CreateAgencyResponse>, Status> {
        self.serve(request, "CreateAgency", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let agency = convert::agency(request.agency, "agency")?;
            let name = agency.id.clone();
            let receipt = core.change(&call, id, Command::CreateAgency(agency)).await?;
            Ok(pb::CreateAgencyResponse { agency: agency_of(&core, &name), receipt: Some(receipt) })
        })
        .await
    }

    async fn get_agency(
        &self,
        request: Request<pb::GetAgencyRequest>,
    ) -> Result<Response<pb::GetAgencyResponse>, Status> {
        self.serve(request, "GetAgency", |core, _, request| async move {
            let id = convert::agency_name(&request.name, "name")?;
            let agency = agency_of(&core, &id).ok_or_else(|| refuse::not_found(&request.name))?;
            Ok(pb::GetAgencyResponse { agency: Some(agency) })
        })
        .await
    }

    async fn list_agencies(
        &self,
        request: Request<pb::ListAgenciesRequest>,
    ) -> Result<Response<pb::ListAgenciesResponse>, Status> {
        self.serve(request, "ListAgencies", |core, _, request| async move {
            let page = convert::page(request.page_size, &request.page_token)?;
            let (agencies, next_page_token) = core.registry.read(|state| {
                cut(
                    &page,
                    state.agencies.iter().map(|(id, entry)| (id.to_string(), message(entry))),
                )
            });
            Ok(pb::ListAgenciesResponse { agencies, next_page_token })
        })
        .await
    }

    async fn suspend_agency(
        &self,
        request: Request<pb::SuspendAgencyRequest>,
    ) -> Result<Response<pb::SuspendAgencyResponse>, Status> {
        self.serve(request, "SuspendAgency", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let name = convert::agency_name(&request.name, "name")?;
            let receipt = core.change(&call, id, Command::SuspendAgency(name.clone())).await?;
            Ok(pb::SuspendAgencyResponse {
                agency: agency_of(&core, &name),
                receipt: Some(receipt),
            })
        })
        .await
    }

    async fn resume_agency(
        &self,
        request: Request<pb::ResumeAgencyRequest>,
    ) -> Result<Response<pb::ResumeAgencyResponse>, Status> {
        self.serve(request, "ResumeAgency", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let name = convert::agency_name(&request.name, "name")?;
            let receipt = core.change(&call, id, Command::ResumeAgency(name.clone())).await?;
            Ok(pb::ResumeAgencyResponse { agency: agency_of(&core, &name), receipt: Some(receipt) })
        })
        .await
    }

    async fn create_system(
        &self,
        request: Request<pb::CreateSystemRequest>,
    ) -> Result<Response<pb::CreateSystemResponse>, Status> {
        self.serve(request, "CreateSystem", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let agency = convert::agency_name(&request.parent, "parent")?;
            let system = convert::system(request.system, "system")?;
            let reply = pb::System::from(&system);
            let receipt = core.change(&call, id, Command::CreateSystem(agency, system)).await?;
            Ok(pb::CreateSystemResponse { system: Some(reply), receipt: Some(receipt) })
        })
        .await
    }

    async fn list_systems(
        &self,
        request: Request<pb::ListSystemsRequest>,
    ) -> Result<Response<pb::ListSystemsResponse>, Status> {
        self.serve(request, "ListSystems", |core, _, request| async move {
            let agency = convert::agency_name(&request.parent, "parent")?;
            let page = convert::page(request.page_size, &request.page_token)?;
            let found = core.registry.read(|state| {
                let systems = &state.agencies.get(&agency)?.systems;
                Some(cut(
                    &page,
                    systems.iter().map(|(id, s)| (id.to_string(), pb::System::from(s))),
                ))
            });
            let (systems, next_page_token) =
                found.ok_or_else(|| refuse::not_found(&request.parent))?;
            Ok(pb::ListSystemsResponse { systems, next_page_token })
        })
        .await
    }

    async fn create_officer(
        &self,
        request: Request<pb::CreateOfficerRequest>,
    ) -> Result<Response<pb::CreateOfficerResponse>, Status> {
        self.serve(request, "CreateOfficer", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let agency = convert::agency_name(&request.parent, "parent")?;
            let officer = convert::officer(request.officer, "officer")?;
            let reply = pb::Officer::from(&officer);
            let receipt = core.change(&call, id, Command::CreateOfficer(agency, officer)).await?;
            Ok(pb::CreateOfficerResponse { officer: Some(reply), receipt: Some(receipt) })
        })
        .await
    }

    async fn list_officers(
        &self,
        request: Request<pb::ListOfficersRequest>,
    ) -> Result<Response<pb::ListOfficersResponse>, Status> {
        self.serve(request, "ListOfficers", |core, _, request| async move {
            let agency = convert::agency_name(&request.parent, "parent")?;
            let page = convert::page(request.page_size, &request.page_token)?;
            let found = core.registry.read(|state| {
                let officers = &state.agencies.get(&agency)?.officers;
                Some(cut(
                    &page,
                    officers.iter().map(|(id, o)| (id.to_string(), pb::Officer::from(o))),
                ))
            });
            let (officers, next_page_token) =
                found.ok_or_else(|| refuse::not_found(&request.parent))?;
            Ok(pb::ListOfficersResponse { officers, next_page_token })
        })
        .await
    }
}

fn message(entry: &AgencyEntry) -> pb::Agency {
    convert::agency_message(&entry.agency, entry.status)
}

fn agency_of(core: &Core, id: &AgencyId) -> Option<pb::Agency> {
    core.registry.read(|state| state.agencies.get(id).map(message))
}

async fn who_am_i(
    core: &Core,
    call: &crate::call::Call,
) -> Result<pb::WhoAmIResponse, crate::refuse::Failed> {
    let lists = core.code_lists().await?;
    let not_after = match &call.origin {
        Origin::Peer(peer) => convert::timestamp(peer.certificate.not_after),
        Origin::Node(_) => None,
    };
    let (agency, roles, position) = core.registry.read(|state| {
        let entry = state.agencies.get(&call.principal.agency);
        let roles = match &call.principal.principal {
            Principal::System(_) => None,
            Principal::Officer(id) => entry.and_then(|entry| entry.officers.get(id)),
        };
        let roles = roles.map(|officer| pb::Officer::from(officer).roles);
        (entry.map(|entry| (&entry.agency.name).into()), roles, state.count)
    });
    Ok(pb::WhoAmIResponse {
        principal: call.principal.to_string(),
        agency,
        roles: roles.unwrap_or_default(),
        certificate_not_after: not_after,
        limits: Some(core.limits.message()),
        verdict_identity: lists.digest().to_string(),
        registry_position: position,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        verdict: Some(lists.message()),
    })
}
