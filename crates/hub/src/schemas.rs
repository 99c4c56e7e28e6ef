//! Compiled validators, by schema hash and code lists. They are compiled off the async threads and shared.

mod contract;

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ndxp_model::{DatasetName, Timestamp};
use ndxp_schema::{Profile, Schema};
use tokio::task::spawn_blocking;

pub(crate) use contract::Contract;

use crate::{
    code_lists::InForce,
    core::Core,
    refuse::{self, Failed},
};

/// How many compiled schemas are kept.
const KEPT: usize = 4_096;

/// The cache.
#[derive(Debug)]
pub(crate) struct Schemas {
    kept: Mutex<Kept>,
    profile: Profile,
}

/// What was compiled for the lists in force after so many pins.
#[derive(Debug, Default)]
struct Kept {
    pins: u64,
    contracts: HashMap<String, Arc<Contract>>,
}

impl Schemas {
    pub(crate) fn new(profile: Profile) -> Self {
        Self { kept: Mutex::default(), profile }
    }

    /// Returns the rules that every schema of the hub is read by.
    pub(crate) fn profile(&self) -> &Profile {
        &self.profile
    }

    fn kept(&self, pins: u64, key: &str) -> Option<Arc<Contract>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.contracts.get(key).filter(|_| kept.pins == pins).cloned()
    }

    fn keep(&self, pins: u64, key: String, contract: &Arc<Contract>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.pins > pins {
            return;
        }
        // Rare enough that starting anew is simpler than an order of use.
        if kept.pins < pins || kept.contracts.len() >= KEPT {
            *kept = Kept { pins, contracts: HashMap::new() };
        }
        kept.contracts.insert(key, Arc::clone(contract));
    }
}

impl Core {
    /// Returns what records of a dataset that follow a schema are judged by, with the lists in force after `pins` pins
    /// or later.
    pub(crate) async fn contract(
        &self,
        dataset: &DatasetName,
        (hash, document): (&str, &Arc<str>),
        pins: u64,
        now: Timestamp,
    ) -> Result<Arc<Contract>, Failed> {
        let in_force = self.code_lists_since(pins).await?;
        let key = key(&in_force, dataset, hash);
        if let Some(kept) = self.schemas.kept(in_force.pins, &key) {
            return Ok(kept);
        }
        let (document, profile) = (Arc::clone(document), self.schemas.profile().clone());
        let parsed = spawn_blocking(move || Schema::parse(document.as_bytes(), &profile)).await;
        // It was parsed when it was registered; failing now is a defect of the hub's.
        let schema = parsed.map_err(|cause| refuse::bug(&cause))?;
        let schema = schema.map_err(|cause| refuse::bug(&cause))?;
        let named = schema.code_lists().into_iter();
        // A list's own rows are judged without any of its states.
        let named =
            named.filter(|list| list.dataset != dataset.to_string() || !in_force.is_list(dataset));
        let lists = self.with_named(in_force.judging(dataset), named.collect()).await?;
        let compiled = spawn_blocking(move || Contract::new(schema, lists, now)).await;
        let contract = compiled.map_err(|cause| refuse::bug(&cause))?;
        let contract = Arc::new(contract.map_err(|cause| refuse::bug(&cause))?);
        self.schemas.keep(in_force.pins, key.into_owned(), &contract);
        Ok(contract)
    }
}

/// A list's own records are judged by other lists than those of others.
fn key<'a>(in_force: &InForce, dataset: &DatasetName, hash: &'a str) -> Cow<'a, str> {
    if in_force.is_list(dataset) { format!("{hash} {dataset}").into() } else { hash.into() }
}
