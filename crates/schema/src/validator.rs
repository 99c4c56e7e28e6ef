//! The verdict: a compiled schema that decides, and on request explains.

use std::{fmt, sync::Arc};

use serde_json::Value;
use thiserror::Error;

use crate::{
    explain::{self, Budget, Explanation},
    profile::VerdictIdentity,
    schema::Inner,
};

/// Why a schema that passed its checks does not compile.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the schema does not compile: {message}")]
pub struct CompileError {
    /// The validator's words, about the schema only.
    pub message: String,
}

/// A compiled schema. Shared by threads; validating takes `&self`.
pub struct Validator {
    compiled: jsonschema::Validator,
    schema: Arc<Inner>,
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").field("dialect", &self.schema.dialect).finish_non_exhaustive()
    }
}

impl Validator {
    pub(crate) fn compile(schema: Arc<Inner>) -> Result<Self, CompileError> {
        let compiled = schema
            .leaves
            .build(&schema.root)
            .map_err(|error| CompileError { message: error.to_string() })?;
        Ok(Self { compiled, schema })
    }

    /// Decides. The hot path: nothing is collected, and the answer is the verdict.
    #[must_use]
    pub fn decide(&self, record: &Value) -> bool {
        self.compiled.is_valid(record)
    }

    /// Says why [`Validator::decide`] said no: empty for a valid record, else at least one violation.
    ///
    /// The work is bounded by `budget`, in steps: one for each schema asked about a value.
    #[must_use]
    pub fn explain(&self, record: &Value, budget: Budget) -> Explanation {
        if self.decide(record) {
            return Explanation::default();
        }
        explain::explain(&self.schema, record, budget)
    }

    /// Returns the identity of this validator's verdicts.
    #[must_use]
    pub fn identity(&self) -> VerdictIdentity {
        self.schema.profile.verdict_identity()
    }
}
