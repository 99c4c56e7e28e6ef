//! Compiled validators, by schema hash. They are compiled off the async threads and shared.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ndxp_audit::Sha256Hex;
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
    verdict: Sha256Hex,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let verdict = Profile::default().verdict_identity().digest();
        Self { compiled: Mutex::default(), verdict: verdict.into() }
    }

    /// Returns the identity of the node's verdicts in its short form.
    pub(crate) fn verdict(&self) -> Sha256Hex {
        self.verdict
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
        let compiled = tokio::task::spawn_blocking(move || compile(&document)).await;
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
fn compile(document: &str) -> Result<Contract, Failed> {
    let schema = Schema::parse(document.as_bytes(), &Profile::default())
        .map_err(|cause| refuse::bug(&cause))?;
    let validator = schema.compile().map_err(|cause| refuse::bug(&cause))?;
    Ok(Contract { validator, hash: schema.hash().to_owned() })
}
