//! Datasets.

use ndxp_proto::{
    error::Failure,
    registry::{
        ActivateDatasetRequest, ActivateDatasetResponse, CreateDatasetRequest,
        CreateDatasetResponse, Dataset, GetDatasetRequest, ListDatasetsRequest,
        dataset_service_client::DatasetServiceClient,
    },
};

use super::{PAGE_SIZE, all_pages, unary};
use crate::{Client, request_id};

impl Client {
    /// Registers a dataset in state DRAFT.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn create_dataset(&self, dataset: Dataset) -> Result<CreateDatasetResponse, Failure> {
        let message = CreateDatasetRequest { request_id: request_id(), dataset: Some(dataset) };
        unary!(self, DatasetServiceClient::create_dataset, message)
    }

    /// Makes a dataset ACTIVE: `agencies/{agency}/datasets/{dataset}`.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn activate_dataset(&self, name: &str) -> Result<ActivateDatasetResponse, Failure> {
        let message = ActivateDatasetRequest { request_id: request_id(), name: name.to_owned() };
        unary!(self, DatasetServiceClient::activate_dataset, message)
    }

    /// Returns one dataset: `agencies/{agency}/datasets/{dataset}`.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn get_dataset(&self, name: &str) -> Result<Dataset, Failure> {
        let message = GetDatasetRequest { name: name.to_owned() };
        let answer = unary!(self, DatasetServiceClient::get_dataset, message)?;
        Ok(answer.dataset.unwrap_or_default())
    }

    /// Returns all datasets that the caller may know of, of one agency or of all (an empty
    /// `parent`), in order of their names.
    ///
    /// # Errors
    /// The hub's refusal, or no connection.
    pub async fn list_datasets(&self, parent: &str) -> Result<Vec<Dataset>, Failure> {
        all_pages(|page_token| async move {
            let parent = parent.to_owned();
            let message = ListDatasetsRequest { parent, page_size: PAGE_SIZE, page_token };
            let page = unary!(self, DatasetServiceClient::list_datasets, message)?;
            Ok((page.datasets, page.next_page_token))
        })
        .await
    }
}
