//! `DatasetService`: what agencies share.

use ndxp_model::DatasetName;
use ndxp_proto::{
    convert,
    registry::{self as pb, dataset_service_server::DatasetService},
};
use ndxp_registry::{Command, DatasetEntry};
use tonic::{Request, Response, Status};

use super::{Services, cut};
use crate::{
    core::Core,
    refuse::{self, Failed},
};

#[tonic::async_trait]
impl DatasetService for Services {
    async fn create_dataset(
        &self,
        request: Request<pb::CreateDatasetRequest>,
    ) -> Result<Response<pb::CreateDatasetResponse>, Status> {
        self.serve(request, "CreateDataset", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let dataset = convert::dataset(request.dataset, "dataset")?;
            let name = dataset.name.clone();
            let receipt = core.change(&call, id, Command::CreateDataset(dataset)).await?;
            Ok(pb::CreateDatasetResponse {
                dataset: dataset_of(&core, &name),
                receipt: Some(receipt),
            })
        })
        .await
    }

    async fn activate_dataset(
        &self,
        request: Request<pb::ActivateDatasetRequest>,
    ) -> Result<Response<pb::ActivateDatasetResponse>, Status> {
        self.serve(request, "ActivateDataset", |core, call, request| async move {
            let id = convert::request_id(&request.request_id)?;
            let name = convert::dataset_name(&request.name, "name")?;
            create_topic(&core, &call, &name).await?;
            let receipt = core.change(&call, id, Command::ActivateDataset(name.clone())).await?;
            Ok(pb::ActivateDatasetResponse {
                dataset: dataset_of(&core, &name),
                receipt: Some(receipt),
            })
        })
        .await
    }

    async fn get_dataset(
        &self,
        request: Request<pb::GetDatasetRequest>,
    ) -> Result<Response<pb::GetDatasetResponse>, Status> {
        self.serve(request, "GetDataset", |core, call, request| async move {
            let name = convert::dataset_name(&request.name, "name")?;
            let agency = &call.principal.agency;
            let found = core.registry.read(|state| state.visible(agency, &name).map(message));
            let dataset = found.ok_or_else(|| refuse::not_found(&request.name))?;
            Ok(pb::GetDatasetResponse { dataset: Some(dataset) })
        })
        .await
    }

    async fn list_datasets(
        &self,
        request: Request<pb::ListDatasetsRequest>,
    ) -> Result<Response<pb::ListDatasetsResponse>, Status> {
        self.serve(request, "ListDatasets", |core, call, request| async move {
            let page = convert::page(request.page_size, &request.page_token)?;
            let parent = Some(request.parent.as_str()).filter(|parent| !parent.is_empty());
            let parent = parent.map(|name| convert::agency_name(name, "parent")).transpose()?;
            let agency = &call.principal.agency;
            let (datasets, next_page_token) = core.registry.read(|state| {
                let mine = |name: &DatasetName| parent.as_ref().is_none_or(|p| name.agency == *p);
                let names = state.datasets.keys().filter(|name| mine(name));
                let seen = names.filter_map(|name| Some((name, state.visible(agency, name)?)));
                cut(&page, seen.map(|(name, entry)| (sortable(name), message(entry))))
            });
            Ok(pb::ListDatasetsResponse { datasets, next_page_token })
        })
        .await
    }
}

/// A name whose text sorts as the registry does: `/` would come behind `-`.
pub(super) fn sortable(name: &DatasetName) -> String {
    format!("{} {}", name.agency, name.dataset)
}

/// The topic comes first: an active dataset whose topic is missing would refuse its publishers.
async fn create_topic(
    core: &Core,
    call: &crate::call::Call,
    name: &DatasetName,
) -> Result<(), Failed> {
    let agency = &call.principal.agency;
    let own = core.registry.read(|state| {
        let entry = state.visible(agency, name).filter(|_| name.agency == *agency)?;
        (!entry.schemas.is_empty()).then(|| (entry.dataset.partitions, entry.dataset.keep()))
    });
    // Whatever is missing, the command refuses it with its reason.
    let Some((partitions, keep)) = own else { return Ok(()) };
    core.log.create(name, partitions, keep).await.map_err(|cause| refuse::append(&cause).into())
}

fn message(entry: &DatasetEntry) -> pb::Dataset {
    let version = entry.schema(None).map(|(version, _)| version);
    pb::Dataset {
        compatibility: pb::Compatibility::from(entry.compatibility).into(),
        ..convert::dataset_message(&entry.dataset, entry.state, version)
    }
}

fn dataset_of(core: &Core, name: &DatasetName) -> Option<pb::Dataset> {
    core.registry.read(|state| state.datasets.get(name).map(message))
}
