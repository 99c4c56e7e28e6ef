//! What the hub holds of what the files describe.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use ndxp_client::{Client, proto::convert};
use ndxp_model::{
    Agency, AgencyId, AgreementId, Dataset, DatasetName, Officer, PrincipalName, Role, System,
};

use super::{callers::Callers, files::Nation, work};
use crate::view::{self, AgreementView};

/// What the hub holds.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) agencies: BTreeMap<AgencyId, AgencyState>,
    pub(super) datasets: BTreeMap<DatasetName, DatasetState>,
    pub(super) agreements: BTreeMap<AgreementId, AgreementView>,
}

/// A registered agency.
#[derive(Debug)]
pub(super) struct AgencyState {
    pub(super) agency: Agency,
    pub(super) systems: Vec<System>,
    pub(super) officers: Vec<Officer>,
}

/// A registered dataset.
#[derive(Debug)]
pub(super) struct DatasetState {
    pub(super) dataset: Dataset,
    pub(super) is_active: bool,
    /// The newest schema's hash.
    pub(super) schema: Option<String>,
}

/// Reads the hub: agencies and agreements as the authority, datasets as each owner's steward.
pub(super) async fn read(
    nation: &Arc<Nation>,
    callers: &Arc<Callers>,
    authority: &PrincipalName,
) -> Result<State> {
    let client = callers.client(authority)?;
    let mut state = State::default();
    let all = view::all(client.list_agencies().await?, view::agency)?;
    let known = all.into_iter().map(|view| view.agency);
    let known: Vec<Agency> = known.filter(|a| nation.agencies.contains_key(&a.id)).collect();
    let read = |agency: Agency| of_agency(client.clone(), agency);
    for agency in work::side_by_side(known, read, |_| {}).await? {
        state.agencies.insert(agency.agency.id.clone(), agency);
    }
    let owners: Vec<PrincipalName> =
        owners(nation).into_iter().filter_map(|id| steward(&id, nation, &state, callers)).collect();
    let read = |owner: PrincipalName| {
        let (nation, callers) = (Arc::clone(nation), Arc::clone(callers));
        async move { datasets(&owner, &nation, &callers).await }
    };
    state.datasets =
        work::side_by_side(owners, read, |_| {}).await?.into_iter().flatten().collect();
    if !nation.agreements.is_empty() {
        let all = view::all(client.list_agreements().await?, view::agreement)?;
        for agreement in all {
            state.agreements.insert(agreement.id.parse()?, agreement);
        }
    }
    callers.saw(&client);
    Ok(state)
}

async fn of_agency(client: Client, agency: Agency) -> Result<AgencyState> {
    let parent = convert::agency_resource(&agency.id);
    let systems = view::all(client.list_systems(&parent).await?, view::system)?;
    let officers = view::all(client.list_officers(&parent).await?, view::officer)?;
    Ok(AgencyState { agency, systems, officers })
}

fn owners(nation: &Nation) -> Vec<AgencyId> {
    let mut owners: Vec<AgencyId> =
        nation.datasets.keys().map(|name| name.agency.clone()).collect();
    owners.dedup();
    owners
}

/// Returns a steward that the hub knows: of an agency without one, the hub holds no dataset.
fn steward(
    agency: &AgencyId,
    nation: &Nation,
    state: &State,
    callers: &Callers,
) -> Option<PrincipalName> {
    let known = &state.agencies.get(agency)?.officers;
    let is_known = |name: &PrincipalName| {
        name.as_officer().is_some_and(|id| known.iter().any(|officer| officer.id == *id))
    };
    let stewards = nation.officers_of(agency, Role::Steward);
    stewards.into_iter().find(|name| is_known(name) && callers.has(name))
}

async fn datasets(
    owner: &PrincipalName,
    nation: &Nation,
    callers: &Callers,
) -> Result<Vec<(DatasetName, DatasetState)>> {
    let client = callers.client(owner)?;
    let found = client.list_datasets(&convert::agency_resource(&owner.agency)).await;
    let found = view::all(found.with_context(|| format!("acting as {owner}"))?, view::dataset)?;
    let mut datasets = Vec::new();
    for view in found.into_iter().filter(|view| nation.datasets.contains_key(&view.dataset.name)) {
        let name = view.dataset.name.clone();
        let schema = match view.schema_version {
            0 => None,
            _ => client.list_schemas(&name.resource()).await?.pop().map(|schema| schema.hash),
        };
        let is_active = view.state == "active";
        datasets.push((name, DatasetState { dataset: view.dataset, is_active, schema }));
    }
    Ok(datasets)
}
