//! Agencies, systems, officers.

use ndxp_proto::{
    error::Failure,
    registry::{
        Agency, CreateAgencyRequest, CreateAgencyResponse, CreateOfficerRequest,
        CreateOfficerResponse, CreateSystemRequest, CreateSystemResponse, GetAgencyRequest,
        ListAgenciesRequest, ListOfficersRequest, ListSystemsRequest, Officer, ResumeAgencyRequest,
        ResumeAgencyResponse, SuspendAgencyRequest, SuspendAgencyResponse, System, WhoAmIRequest,
        WhoAmIResponse, agency_service_client::AgencyServiceClient,
    },
};

use super::{PAGE_SIZE, all_pages, unary};
use crate::{Client, request_id};

impl Client {
    /// Asks who the hub takes the caller for, and its limits.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn who_am_i(&self) -> Result<WhoAmIResponse, Failure> {
        unary!(self, AgencyServiceClient::who_am_i, WhoAmIRequest {})
    }

    /// Registers an agency. Needs role authority.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn create_agency(&self, agency: Agency) -> Result<CreateAgencyResponse, Failure> {
        let message = CreateAgencyRequest { request_id: request_id(), agency: Some(agency) };
        unary!(self, AgencyServiceClient::create_agency, message)
    }

    /// Returns one agency: `agencies/{agency}`.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn get_agency(&self, name: &str) -> Result<Agency, Failure> {
        let message = GetAgencyRequest { name: name.to_owned() };
        let answer = unary!(self, AgencyServiceClient::get_agency, message)?;
        Ok(answer.agency.unwrap_or_default())
    }

    /// Returns all agencies in order of their ids.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn list_agencies(&self) -> Result<Vec<Agency>, Failure> {
        all_pages(|page_token| async move {
            let message = ListAgenciesRequest { page_size: PAGE_SIZE, page_token };
            let page = unary!(self, AgencyServiceClient::list_agencies, message)?;
            Ok((page.agencies, page.next_page_token))
        })
        .await
    }

    /// Suspends an agency. Needs role authority.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn suspend_agency(&self, name: &str) -> Result<SuspendAgencyResponse, Failure> {
        let message = SuspendAgencyRequest { request_id: request_id(), name: name.to_owned() };
        unary!(self, AgencyServiceClient::suspend_agency, message)
    }

    /// Lifts an agency's suspension. Needs role authority.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn resume_agency(&self, name: &str) -> Result<ResumeAgencyResponse, Failure> {
        let message = ResumeAgencyRequest { request_id: request_id(), name: name.to_owned() };
        unary!(self, AgencyServiceClient::resume_agency, message)
    }

    /// Registers a system of the agency `parent`.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn create_system(
        &self,
        parent: &str,
        system: System,
    ) -> Result<CreateSystemResponse, Failure> {
        let parent = parent.to_owned();
        let message =
            CreateSystemRequest { request_id: request_id(), parent, system: Some(system) };
        unary!(self, AgencyServiceClient::create_system, message)
    }

    /// Returns all systems of the agency `parent` in order of their ids.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn list_systems(&self, parent: &str) -> Result<Vec<System>, Failure> {
        all_pages(|page_token| async move {
            let parent = parent.to_owned();
            let message = ListSystemsRequest { parent, page_size: PAGE_SIZE, page_token };
            let page = unary!(self, AgencyServiceClient::list_systems, message)?;
            Ok((page.systems, page.next_page_token))
        })
        .await
    }

    /// Registers an officer of the agency `parent`.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn create_officer(
        &self,
        parent: &str,
        officer: Officer,
    ) -> Result<CreateOfficerResponse, Failure> {
        let parent = parent.to_owned();
        let message =
            CreateOfficerRequest { request_id: request_id(), parent, officer: Some(officer) };
        unary!(self, AgencyServiceClient::create_officer, message)
    }

    /// Returns all officers of the agency `parent` in order of their ids.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn list_officers(&self, parent: &str) -> Result<Vec<Officer>, Failure> {
        all_pages(|page_token| async move {
            let parent = parent.to_owned();
            let message = ListOfficersRequest { parent, page_size: PAGE_SIZE, page_token };
            let page = unary!(self, AgencyServiceClient::list_officers, message)?;
            Ok((page.officers, page.next_page_token))
        })
        .await
    }
}
