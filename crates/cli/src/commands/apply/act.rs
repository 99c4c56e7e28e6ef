//! Doing one step, as the one whose right it is.

use anyhow::{Context, Result, ensure};
use ndxp_client::proto::convert;
use ndxp_model::{
    AgencyId, AgencyStatus, AgreementId, AgreementRef, DatasetName, DatasetState, PrincipalName,
    Role, Terms,
};

use super::{
    callers::Callers,
    files::Nation,
    plan::{AgreementStep, Step},
};
use crate::view::{self, RevisionView};

/// Does a step.
pub(super) async fn act(
    step: Step,
    nation: &Nation,
    callers: &Callers,
    authority: &PrincipalName,
) -> Result<()> {
    match step {
        Step::Agency(agency) => {
            let client = callers.client(authority)?;
            client.create_agency(convert::agency_message(&agency, AgencyStatus::Active)).await?;
            callers.saw(&client);
        }
        Step::System(agency, system) => {
            let client = callers.client(authority)?;
            client.create_system(&convert::agency_resource(&agency), (&system).into()).await?;
            callers.saw(&client);
        }
        Step::Officer(agency, officer) => {
            let client = callers.client(authority)?;
            client.create_officer(&convert::agency_resource(&agency), (&officer).into()).await?;
            callers.saw(&client);
        }
        Step::Dataset(name) => create_dataset(&name, nation, callers).await?,
        Step::Schema(name, _) => register_schema(&name, nation, callers).await?,
        Step::Activate(name) => {
            let client = callers.client(&officer(&name.agency, Role::Steward, nation, callers)?)?;
            client.activate_dataset(&name.resource()).await?;
            callers.saw(&client);
        }
        Step::Agreement(id, step) => agree(&id, step, nation, callers).await?,
    }
    Ok(())
}

async fn create_dataset(name: &DatasetName, nation: &Nation, callers: &Callers) -> Result<()> {
    let files = nation.datasets.get(name).context("not in the files")?;
    let client = callers.client(&officer(&name.agency, Role::Steward, nation, callers)?)?;
    let message = convert::dataset_message(&files.dataset, DatasetState::Draft, None);
    client.create_dataset(message).await?;
    callers.saw(&client);
    Ok(())
}

async fn register_schema(name: &DatasetName, nation: &Nation, callers: &Callers) -> Result<()> {
    let files = nation.datasets.get(name).context("not in the files")?;
    let schema = files.schema.as_ref().context("no schema in the files")?;
    let client = callers.client(&officer(&name.agency, Role::Steward, nation, callers)?)?;
    client.register_schema(&name.resource(), schema.document.clone()).await?;
    callers.saw(&client);
    Ok(())
}

/// The provider's steward proposes, then one approver of each side approves.
async fn agree(
    id: &AgreementId,
    step: AgreementStep,
    nation: &Nation,
    callers: &Callers,
) -> Result<()> {
    let terms = nation.agreements.get(id).context("not in the files")?;
    let steward = officer(&terms.provider, Role::Steward, nation, callers)?;
    let client = callers.client(&steward)?;
    let agreement = match step {
        AgreementStep::Propose(_) => client.propose_agreement(terms.into()).await?.agreement,
        AgreementStep::Approve => {
            Some(client.get_agreement(&convert::agreement_resource(id)).await?)
        }
    };
    callers.saw(&client);
    let agreement = view::agreement(agreement.unwrap_or_default())?;
    let waiting = agreement.proposed.context("nothing waits for approval")?;
    // What is approved is what the files say, whatever the hub answered.
    ensure!(waiting.terms == *terms, "the terms that wait are not those of the files");
    for side in [&terms.consumer, &terms.provider] {
        if !has_approved(side, &waiting) {
            approve(side, id, &waiting, terms, nation, callers).await?;
        }
    }
    Ok(())
}

fn has_approved(side: &AgencyId, revision: &RevisionView) -> bool {
    let by = format!("agency/{side}/");
    revision.approvals.iter().any(|approval| approval.officer.starts_with(&by))
}

async fn approve(
    side: &AgencyId,
    id: &AgreementId,
    revision: &RevisionView,
    terms: &Terms,
    nation: &Nation,
    callers: &Callers,
) -> Result<()> {
    let proposer = nation_steward(&terms.provider, nation, callers);
    let approvers = nation.officers_of(side, Role::Approver).into_iter();
    // Nobody approves her own proposal.
    let mut approvers =
        approvers.filter(|name| callers.has(name) && Some(name) != proposer.as_ref());
    let approver = approvers
        .next()
        .with_context(|| format!("no certificate of an approver of {side} but the proposer"))?;
    let client = callers.client(&approver)?;
    let reference = AgreementRef { id: id.clone(), revision: revision.revision };
    let name = convert::revision_resource(&reference);
    client.approve_agreement(&name, &revision.terms_hash).await?;
    callers.saw(&client);
    Ok(())
}

fn nation_steward(agency: &AgencyId, nation: &Nation, callers: &Callers) -> Option<PrincipalName> {
    officer(agency, Role::Steward, nation, callers).ok()
}

/// Returns the first officer of an agency with a role whose certificate is there.
fn officer(
    agency: &AgencyId,
    role: Role,
    nation: &Nation,
    callers: &Callers,
) -> Result<PrincipalName> {
    let officers = nation.officers_of(agency, role);
    let word = view::word(&role);
    officers
        .into_iter()
        .find(|name| callers.has(name))
        .with_context(|| format!("no certificate of an officer of {agency} with role {word}"))
}
