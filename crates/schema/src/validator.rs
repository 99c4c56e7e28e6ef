//! The verdict: a compiled schema that decides, and on request explains.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::Value;
use thiserror::Error;

use crate::{
    codes::{CodesAt, Span},
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
    codes: Option<CodesAt>,
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").field("dialect", &self.schema.dialect).finish_non_exhaustive()
    }
}

impl Validator {
    pub(crate) fn compile(
        schema: Arc<Inner>,
        codes: Option<CodesAt>,
    ) -> Result<Self, CompileError> {
        // Without a list that decides, the engine has nothing more to ask.
        let asked = codes.as_ref().filter(|codes| !codes.is_empty());
        let compiled = schema
            .leaves
            .build_with(&schema.root, asked, &schema.profile)
            .map_err(|error| CompileError { message: error.to_string() })?;
        Ok(Self { compiled, schema, codes })
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
        explain::explain(&self.schema, self.codes.as_ref(), record, budget)
    }

    /// Returns the identity of this validator's verdicts.
    #[must_use]
    pub fn identity(&self) -> VerdictIdentity {
        let code_list_sha256s =
            self.codes.as_ref().map(|codes| codes.sha256s.clone()).unwrap_or_default();
        VerdictIdentity { code_list_sha256s, ..self.schema.profile.verdict_identity() }
    }

    /// Returns codes in force by the name of the rule that asks for them: a format, or the keyword with its value.
    pub(crate) fn some_codes(&self, most: usize) -> BTreeMap<String, Vec<String>> {
        self.codes.as_ref().map(|codes| codes.some(most)).unwrap_or_default()
    }

    /// Returns the days for which this validator decides: all of them, unless it asks code lists.
    #[must_use]
    pub fn span(&self) -> Span {
        self.codes.as_ref().map(|codes| codes.span).unwrap_or_default()
    }
}
