//! Compiled validators, by schema hash. They are compiled off the async threads and shared.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ndxp_audit::Sha256Hex;
use ndxp_proto::common;
use ndxp_schema::{Profile, Schema, Validator};

use crate::refuse::{self, Failed};

/// How many compiled validators are kept.
const KEPT: usize = 4_096;

/// A validator with the schema that it was compiled from.
#[derive(Debug)]
pub(crate) struct Contract {
    pub validator: Validator,
    /// `sha256:` and the hash of the schema's RFC 8785 form.
    pub hash: String,
}

/// The cache.
#[derive(Debug)]
pub(crate) struct Schemas {
    compiled: Mutex<HashMap<String, Arc<Contract>>>,
    profile: Profile,
    verdict: Sha256Hex,
}

impl Schemas {
    pub(crate) fn new(profile: Profile) -> Self {
        let verdict = profile.verdict_identity().digest();
        Self { compiled: Mutex::default(), profile, verdict: verdict.into() }
    }

    /// Returns the rules that every schema of the hub is read by.
    pub(crate) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Returns the identity of the node's verdicts in its short form.
    pub(crate) fn verdict(&self) -> Sha256Hex {
        self.verdict
    }

    /// Returns the parts of the identity, as they go over the wire.
    pub(crate) fn identity(&self) -> common::VerdictIdentity {
        let parts = self.profile.verdict_identity();
        let lists = parts.code_list_sha256s.into_iter();
        common::VerdictIdentity {
            engine_version: parts.engine_version,
            profile_sha256: parts.profile_sha256,
            code_lists: lists
                .map(|(dataset, sha256)| common::CodeListState { dataset, sha256 })
                .collect(),
            digest: self.verdict.to_string(),
        }
    }

    /// Returns the validator of a registered schema.
    pub(crate) async fn contract(
        &self,
        hash: &str,
        document: impl FnOnce() -> Option<Arc<str>>,
    ) -> Result<Arc<Contract>, Failed> {
        let kept = self.compiled.lock().unwrap_or_else(PoisonError::into_inner).get(hash).cloned();
        if let Some(contract) = kept {
            return Ok(contract);
        }
        let document = document().ok_or_else(|| refuse::not_found("schema"))?;
        let profile = self.profile.clone();
        let compiled = tokio::task::spawn_blocking(move || compile(&document, &profile)).await;
        let contract = Arc::new(compiled.map_err(|cause| refuse::bug(&cause))??);
        let mut kept = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        // Rare enough that starting anew is simpler than an order of use.
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(hash.to_owned(), Arc::clone(&contract));
        Ok(contract)
    }
}

/// The schema was parsed when it was registered; failing now is a defect of the hub's.
fn compile(document: &str, profile: &Profile) -> Result<Contract, Failed> {
    let schema =
        Schema::parse(document.as_bytes(), profile).map_err(|cause| refuse::bug(&cause))?;
    let validator = schema.compile().map_err(|cause| refuse::bug(&cause))?;
    Ok(Contract { validator, hash: schema.hash().to_owned() })
}
