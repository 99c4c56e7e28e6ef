//! `AgreementService`: each step of an agreement is an officer's.

use ndxp_model::{AgreementId, AgreementRef, Role};
use ndxp_proto::{
    agreement::{self as pb, agreement_service_server::AgreementService},
    convert,
};
use ndxp_registry::{AgreementEntry, AgreementStatus, Command, Revision};
use tonic::{Request, Response, Status};

use super::{Services, cut};
use crate::{call::Call, core::Core, refuse};

#[tonic::async_trait]
impl AgreementService for Services {
    async fn propose_agreement(
        &self,
        request: Request<pb::ProposeAgreementRequest>,
    ) -> Result<Response<pb::ProposeAgreementResponse>, Status> {
        self.serve(request, "ProposeAgreement", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let terms = convert::terms(request.terms, "terms")?;
            let name = terms.id.clone();
            let receipt = core.change(&call, id, Command::ProposeAgreement(terms)).await?;
            let agreement = agreement_of(&core, &name);
            Ok(pb::ProposeAgreementResponse { agreement, receipt: Some(receipt) })
        })
        .await
    }

    async fn approve_agreement(
        &self,
        request: Request<pb::ApproveAgreementRequest>,
    ) -> Result<Response<pb::ApproveAgreementResponse>, Status> {
        self.serve(request, "ApproveAgreement", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let revision = convert::revision_name(&request.name, "name")?;
            let name = revision.id.clone();
            let command = Command::ApproveAgreement { revision, terms_hash: request.terms_hash };
            let receipt = core.change(&call, id, command).await?;
            let agreement = agreement_of(&core, &name);
            Ok(pb::ApproveAgreementResponse { agreement, receipt: Some(receipt) })
        })
        .await
    }

    async fn suspend_agreement(
        &self,
        request: Request<pb::SuspendAgreementRequest>,
    ) -> Result<Response<pb::SuspendAgreementResponse>, Status> {
        self.serve(request, "SuspendAgreement", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let name = convert::agreement_name(&request.name, "name")?;
            let receipt = core.change(&call, id, Command::SuspendAgreement(name.clone())).await?;
            let agreement = agreement_of(&core, &name);
            Ok(pb::SuspendAgreementResponse { agreement, receipt: Some(receipt) })
        })
        .await
    }

    async fn resume_agreement(
        &self,
        request: Request<pb::ResumeAgreementRequest>,
    ) -> Result<Response<pb::ResumeAgreementResponse>, Status> {
        self.serve(request, "ResumeAgreement", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let name = convert::agreement_name(&request.name, "name")?;
            let receipt = core.change(&call, id, Command::ResumeAgreement(name.clone())).await?;
            let agreement = agreement_of(&core, &name);
            Ok(pb::ResumeAgreementResponse { agreement, receipt: Some(receipt) })
        })
        .await
    }

    async fn terminate_agreement(
        &self,
        request: Request<pb::TerminateAgreementRequest>,
    ) -> Result<Response<pb::TerminateAgreementResponse>, Status> {
        self.serve(request, "TerminateAgreement", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let name = convert::agreement_name(&request.name, "name")?;
            let receipt = core.change(&call, id, Command::TerminateAgreement(name.clone())).await?;
            let agreement = agreement_of(&core, &name);
            Ok(pb::TerminateAgreementResponse { agreement, receipt: Some(receipt) })
        })
        .await
    }

    async fn get_agreement(
        &self,
        request: Request<pb::GetAgreementRequest>,
    ) -> Result<Response<pb::GetAgreementResponse>, Status> {
        self.serve(request, "GetAgreement", |core, call, request| async move {
            let id = convert::agreement_name(&request.name, "name")?;
            let found = core.registry.read(|state| {
                let all = state.has_role(&call.principal, Role::Authority);
                let entry = state.agreements.get(&id)?;
                (all || entry.is_party(&call.principal.agency)).then(|| message(&id, entry))
            });
            let agreement = found.ok_or_else(|| refuse::not_found(&request.name))?;
            Ok(pb::GetAgreementResponse { agreement: Some(agreement) })
        })
        .await
    }

    async fn list_agreements(
        &self,
        request: Request<pb::ListAgreementsRequest>,
    ) -> Result<Response<pb::ListAgreementsResponse>, Status> {
        self.serve(request, "ListAgreements", |core, call, request| async move {
            let page = convert::page(request.page_size, &request.page_token)?;
            let (agreements, next_page_token) = core.registry.read(|state| {
                let all = state.has_role(&call.principal, Role::Authority);
                let mine = |entry: &AgreementEntry| all || concerns(entry, &call);
                let seen = state.agreements.iter().filter(|(_, entry)| mine(entry));
                cut(&page, seen.map(|(id, entry)| (id.to_string(), message(id, entry))))
            });
            Ok(pb::ListAgreementsResponse { agreements, next_page_token })
        })
        .await
    }
}

fn concerns(entry: &AgreementEntry, call: &Call) -> bool {
    entry.is_party(&call.principal.agency)
}

fn agreement_of(core: &Core, id: &AgreementId) -> Option<pb::Agreement> {
    core.registry.read(|state| state.agreements.get(id).map(|entry| message(id, entry)))
}

fn message(id: &AgreementId, entry: &AgreementEntry) -> pb::Agreement {
    let state = match (&entry.status, entry.in_force) {
        (AgreementStatus::Terminated, _) => pb::AgreementState::Terminated,
        (AgreementStatus::Suspended(_), _) => pb::AgreementState::Suspended,
        (AgreementStatus::Open, Some(_)) => pb::AgreementState::Active,
        (AgreementStatus::Open, None) => pb::AgreementState::Proposed,
    };
    let shown = |number: Option<u32>| {
        number.and_then(|number| {
            entry.revision(number).map(|revision| revision_message(id, number, revision))
        })
    };
    pb::Agreement {
        name: convert::agreement_resource(id),
        state: state.into(),
        in_force: shown(entry.in_force),
        proposed: shown(entry.proposed),
    }
}

fn revision_message(id: &AgreementId, number: u32, revision: &Revision) -> pb::Revision {
    let reference = AgreementRef { id: id.clone(), revision: number };
    let approvals = revision.approvals.iter().map(|approval| pb::Approval {
        officer: approval.officer.to_string(),
        approved_at: convert::timestamp(approval.at),
    });
    pb::Revision {
        name: convert::revision_resource(&reference),
        revision: number,
        terms: Some((&revision.terms).into()),
        terms_hash: revision.terms_hash.clone(),
        proposed_by: revision.proposed_by.as_ref().map(ToString::to_string).unwrap_or_default(),
        approvals: approvals.collect(),
    }
}
