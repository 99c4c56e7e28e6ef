//! Datasets and schemas, folded.

use std::{collections::BTreeMap, sync::Arc};

use ndxp_model::{Compatibility, Dataset, DatasetName, DatasetState, PrincipalName, Timestamp};

use crate::{CodeListPin, DatasetEntry, Override, SchemaEntry, State};

impl State {
    pub(super) fn add_dataset(&mut self, dataset: &Dataset) {
        let entry = DatasetEntry {
            dataset: Arc::new(dataset.clone()),
            state: DatasetState::Draft,
            schemas: Vec::new(),
            bound_from: None,
            compatibility: Compatibility::default(),
            overrides: BTreeMap::new(),
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

    pub(super) fn set_compatibility(&mut self, name: &DatasetName, mode: Compatibility) {
        if let Some(entry) = self.datasets.get_mut(name) {
            entry.compatibility = mode;
        }
    }

    pub(super) fn add_override(&mut self, name: &DatasetName, schema: &str, word: Override) {
        if let Some(entry) = self.datasets.get_mut(name) {
            entry.overrides.insert(schema.to_owned(), word);
        }
    }

    pub(super) fn pin_code_list(
        &mut self,
        at: Timestamp,
        name: &DatasetName,
        sha256: &str,
        officer: &PrincipalName,
    ) {
        let position = self.count;
        let pin = CodeListPin { sha256: sha256.to_owned(), officer: officer.clone(), at, position };
        self.code_lists.entry(name.clone()).or_default().push(pin);
        self.pins += 1;
    }

    pub(super) fn activate_dataset(&mut self, name: &DatasetName) {
        if let Some(entry) = self.datasets.get_mut(name) {
            entry.state = DatasetState::Active;
            entry.bound_from = entry.schema(None).map(|(version, _)| version);
        }
    }
}
