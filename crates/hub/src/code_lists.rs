//! The code lists in force: the registry says which states they are, a topic keeps their rows.

mod pieces;
mod pin;
mod rows;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use ndxp_audit::Sha256Hex;
use ndxp_log::ReadError;
use ndxp_model::DatasetName;
use ndxp_proto::common;
use ndxp_schema::{CodeList, CodeListError, CodeListRef, CodeLists, Profile, VerdictIdentity};
use thiserror::Error;
use tokio::task::{JoinError, spawn_blocking};

use crate::{
    core::Core,
    refuse::{self, Failed},
};

pub(crate) use pieces::PIECE;

/// Why code lists cannot be had.
#[derive(Debug, Error)]
pub enum CodeListsError {
    /// The log cannot be read.
    #[error("the code lists cannot be read")]
    Read(#[from] ReadError),
    /// The log lacks a state that the registry or a schema names.
    #[error("the state {sha256} of code list {dataset} is not in the log")]
    Missing {
        /// The list.
        dataset: String,
        /// The state.
        sha256: String,
    },
    /// The national profile cannot look codes up in a state.
    #[error("code list {dataset} does not fit the national profile")]
    Unfit {
        /// The list.
        dataset: String,
        /// Why.
        source: CodeListError,
    },
    /// A task was lost.
    #[error("the work on code lists broke off")]
    Task(#[from] JoinError),
}

impl From<CodeListsError> for Failed {
    fn from(error: CodeListsError) -> Self {
        Self(match error {
            CodeListsError::Read(cause) => refuse::read(&cause),
            other => refuse::bug(&other),
        })
    }
}

/// The lists as they were in force between two pins.
#[derive(Debug)]
pub(crate) struct InForce {
    /// How many pins there were.
    pub(crate) pins: u64,
    lists: CodeLists,
    states: BTreeMap<DatasetName, CodeList>,
    identity: VerdictIdentity,
    digest: Sha256Hex,
}

impl InForce {
    fn new(
        pins: u64,
        lists: CodeLists,
        states: BTreeMap<DatasetName, CodeList>,
        profile: &Profile,
    ) -> Self {
        let code_list_sha256s = lists.sha256s();
        let identity = VerdictIdentity { code_list_sha256s, ..profile.verdict_identity() };
        let digest = identity.digest().into();
        Self { pins, lists, states, identity, digest }
    }

    /// Returns what records of a dataset are judged by: of a list itself, the others.
    pub(crate) fn judging(&self, dataset: &DatasetName) -> CodeLists {
        if self.is_list(dataset) {
            return self.lists.without(&dataset.to_string());
        }
        self.lists.clone()
    }

    /// Tells whether a dataset is a list in force.
    pub(crate) fn is_list(&self, dataset: &DatasetName) -> bool {
        self.states.contains_key(dataset)
    }

    /// Returns the identity of the node's verdicts in its short form.
    pub(crate) fn digest(&self) -> Sha256Hex {
        self.digest
    }

    /// Returns the parts of the identity, as they go over the wire.
    pub(crate) fn message(&self) -> common::VerdictIdentity {
        let parts = self.identity.clone();
        let lists = parts.code_list_sha256s.into_iter();
        common::VerdictIdentity {
            engine_version: parts.engine_version,
            profile_sha256: parts.profile_sha256,
            code_lists: lists
                .map(|(dataset, sha256)| common::CodeListState { dataset, sha256 })
                .collect(),
            digest: self.digest.to_string(),
        }
    }

    /// Returns the rows of each list.
    pub(crate) fn states(&self) -> impl Iterator<Item = &CodeList> {
        self.states.values()
    }
}

/// What this node has in memory.
#[derive(Debug)]
pub(crate) struct Lists {
    in_force: Mutex<Arc<InForce>>,
    /// Whoever holds it loads.
    loading: tokio::sync::Mutex<()>,
}

impl Lists {
    /// Begins without lists.
    pub(crate) fn new(profile: &Profile) -> Self {
        let none = InForce::new(0, CodeLists::new(&profile.national), BTreeMap::new(), profile);
        Self { in_force: Mutex::new(Arc::new(none)), loading: tokio::sync::Mutex::default() }
    }

    fn known(&self) -> Arc<InForce> {
        Arc::clone(&self.in_force.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Core {
    /// Returns the lists in force now.
    pub(crate) async fn code_lists(&self) -> Result<Arc<InForce>, CodeListsError> {
        let pins = self.registry.read(|state| state.pins);
        self.code_lists_since(pins).await
    }

    /// Returns the lists as they were in force after so many pins, or later.
    pub(crate) async fn code_lists_since(&self, pins: u64) -> Result<Arc<InForce>, CodeListsError> {
        let known = self.lists.known();
        if known.pins >= pins {
            return Ok(known);
        }
        let _alone = self.lists.loading.lock().await;
        let known = self.lists.known();
        if known.pins >= pins {
            return Ok(known);
        }
        let found = Arc::new(self.load(&known).await?);
        let mut in_force = self.lists.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        *in_force = Arc::clone(&found);
        Ok(found)
    }

    /// Takes what changed since `known` from the log.
    async fn load(&self, known: &InForce) -> Result<InForce, CodeListsError> {
        let (pins, wanted) = self.registry.read(|state| {
            let newest = state.code_lists.iter();
            let newest = newest.filter_map(|(name, pins)| Some((name.clone(), pins.last()?)));
            let newest = newest.map(|(name, pin)| (name, pin.sha256.clone()));
            (state.pins, newest.collect::<Vec<_>>())
        });
        let here = |name: &DatasetName, sha256: &str| {
            known.states.get(name).is_some_and(|state| state.sha256() == sha256)
        };
        let new = wanted.into_iter().filter(|(name, sha256)| !here(name, sha256));
        let new = new.map(|(name, sha256)| (name.to_string(), sha256)).collect();
        let new = pieces::read(&self.log, new).await?;
        let profile = self.schemas.profile().clone();
        let (mut lists, mut states) = (known.lists.clone(), known.states.clone());
        let put = move || {
            for state in new {
                // The state before it is forgotten: what schemas name is read when they are compiled.
                lists = lists.without(state.dataset());
                lists
                    .put_in_force(state.clone(), &profile.national)
                    .map_err(|source| unfit(&state, source))?;
                let Ok(name) = state.dataset().parse() else { continue };
                states.insert(name, state);
            }
            Ok(InForce::new(pins, lists, states, &profile))
        };
        spawn_blocking(put).await?
    }

    /// Adds the states that a schema names to the lists that it is judged by.
    pub(crate) async fn with_named(
        &self,
        mut lists: CodeLists,
        named: Vec<CodeListRef>,
    ) -> Result<CodeLists, CodeListsError> {
        let named = named.into_iter().filter_map(|list| Some((list.dataset, list.sha256?)));
        let wanted: BTreeSet<(String, String)> =
            named.filter(|(dataset, sha256)| !lists.has_state(dataset, sha256)).collect();
        if wanted.is_empty() {
            return Ok(lists);
        }
        let states = pieces::read(&self.log, wanted).await?;
        let national = Arc::clone(&self.schemas.profile().national);
        let add = move || {
            for state in states {
                lists.add(state.clone(), &national).map_err(|source| unfit(&state, source))?;
            }
            Ok(lists)
        };
        spawn_blocking(add).await?
    }

    /// Returns the rows of states that are not in force.
    pub(crate) async fn states(
        &self,
        named: BTreeSet<(String, String)>,
    ) -> Result<Vec<CodeList>, CodeListsError> {
        pieces::read(&self.log, named).await
    }
}

fn unfit(state: &CodeList, source: CodeListError) -> CodeListsError {
    CodeListsError::Unfit { dataset: state.dataset().to_owned(), source }
}
