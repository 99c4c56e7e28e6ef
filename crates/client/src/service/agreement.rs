//! Agreements.

use ndxp_proto::{
    agreement::{
        Agreement, ApproveAgreementRequest, ApproveAgreementResponse, GetAgreementRequest,
        ListAgreementsRequest, ProposeAgreementRequest, ProposeAgreementResponse,
        ResumeAgreementRequest, ResumeAgreementResponse, SuspendAgreementRequest,
        SuspendAgreementResponse, TerminateAgreementRequest, TerminateAgreementResponse, Terms,
        agreement_service_client::AgreementServiceClient,
    },
    error::Failure,
};

use super::{PAGE_SIZE, all_pages, unary};
use crate::{Client, request_id};

impl Client {
    /// Proposes an agreement, or the next revision of one.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn propose_agreement(
        &self,
        terms: Terms,
    ) -> Result<ProposeAgreementResponse, Failure> {
        let message = ProposeAgreementRequest { request_id: request_id(), terms: Some(terms) };
        unary!(self, AgreementServiceClient::propose_agreement, message)
    }

    /// Approves the revision `agreements/{id}@{revision}` with the hash of the terms as seen.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn approve_agreement(
        &self,
        name: &str,
        terms_hash: &str,
    ) -> Result<ApproveAgreementResponse, Failure> {
        let (name, terms_hash) = (name.to_owned(), terms_hash.to_owned());
        let message = ApproveAgreementRequest { request_id: request_id(), name, terms_hash };
        unary!(self, AgreementServiceClient::approve_agreement, message)
    }

    /// Stops all exchange under `agreements/{id}` within a second.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn suspend_agreement(&self, name: &str) -> Result<SuspendAgreementResponse, Failure> {
        let message = SuspendAgreementRequest { request_id: request_id(), name: name.to_owned() };
        unary!(self, AgreementServiceClient::suspend_agreement, message)
    }

    /// Lifts the suspension of `agreements/{id}`.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn resume_agreement(&self, name: &str) -> Result<ResumeAgreementResponse, Failure> {
        let message = ResumeAgreementRequest { request_id: request_id(), name: name.to_owned() };
        unary!(self, AgreementServiceClient::resume_agreement, message)
    }

    /// Ends `agreements/{id}` for good.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn terminate_agreement(
        &self,
        name: &str,
    ) -> Result<TerminateAgreementResponse, Failure> {
        let message = TerminateAgreementRequest { request_id: request_id(), name: name.to_owned() };
        unary!(self, AgreementServiceClient::terminate_agreement, message)
    }

    /// Returns one agreement: `agreements/{id}`.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn get_agreement(&self, name: &str) -> Result<Agreement, Failure> {
        let message = GetAgreementRequest { name: name.to_owned() };
        let answer = unary!(self, AgreementServiceClient::get_agreement, message)?;
        Ok(answer.agreement.unwrap_or_default())
    }

    /// Returns all the caller's agreements in order of their ids; for the authority, all.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn list_agreements(&self) -> Result<Vec<Agreement>, Failure> {
        all_pages(|page_token| async move {
            let message = ListAgreementsRequest { page_size: PAGE_SIZE, page_token };
            let page = unary!(self, AgreementServiceClient::list_agreements, message)?;
            Ok((page.agreements, page.next_page_token))
        })
        .await
    }
}
