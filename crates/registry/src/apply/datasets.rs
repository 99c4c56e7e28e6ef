//! Datasets and schemas, folded.

use std::sync::Arc;

use ndxp_model::{Dataset, DatasetName, DatasetState, Timestamp};

use crate::{DatasetEntry, SchemaEntry, State};

impl State {
    pub(super) fn add_dataset(&mut self, dataset: &Dataset) {
        let entry = DatasetEntry {
            dataset: Arc::new(dataset.clone()),
            state: DatasetState::Draft,
            schemas: Vec::new(),
        };
        self.datasets.insert(dataset.name.clone(), entry);
    }

    pub(super) fn add_schema(
        &mut self,
        registered_at: Timestamp,
        name: &DatasetName,
        hash: &str,
        document: &str,
    ) {
        let position = self.count;
        if let Some(entry) = self.datasets.get_mut(name) {
            let (hash, document) = (hash.to_owned(), document.into());
            entry.schemas.push(SchemaEntry { hash, document, registered_at, position });
        }
    }

    pub(super) fn activate_dataset(&mut self, name: &DatasetName) {
        if let Some(entry) = self.datasets.get_mut(name) {
            entry.state = DatasetState::Active;
        }
    }
}
