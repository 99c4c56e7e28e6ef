//! Rules of an agency's own: JSON Schemas that a schema, as a document, has to be valid under.
//!
//! ```json
//! {
//!   "$id": "TAX001",
//!   "title": "amounts of money are integers of dong",
//!   "x-lint-applies": "property",
//!   "x-lint-severity": "warning",
//!   "if": {"properties": {"title": {"pattern": "đồng"}}, "required": ["title"]},
//!   "then": {"properties": {"type": {"const": "integer"}}, "required": ["type"]}
//! }
//! ```

use serde_json::Value;
use thiserror::Error;

use super::{Found, On, Severity, document::Document};
use crate::{Budget, CompileError, Schema, SchemaProblems, Validator, profile::Profile};

/// A rule, compiled.
#[derive(Debug)]
pub struct AgencyRule {
    id: String,
    title: String,
    severity: Severity,
    scope: Scope,
    validator: Validator,
}

/// Which schemas of a document a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Document,
    EverySchema,
    Property,
}

/// Why a rule cannot be used.
#[derive(Debug, Error)]
pub enum AgencyRuleError {
    /// It is no schema.
    #[error("{0}")]
    Schema(#[from] SchemaProblems),
    /// It does not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A member that rules need is missing or wrong.
    #[error("{member} is {expected}")]
    Member {
        /// The member.
        member: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
}

/// Findings of one rule in one schema.
const MAX_FINDINGS: usize = 20;

impl AgencyRule {
    /// Reads and compiles a rule.
    ///
    /// # Errors
    /// [`AgencyRuleError`]: not a schema, or without an id of its own.
    pub fn parse(bytes: &[u8], profile: &Profile) -> Result<Self, AgencyRuleError> {
        let schema = Schema::parse(bytes, profile)?;
        let document = schema.document();
        let text = |member: &str| document.get(member).and_then(Value::as_str).unwrap_or_default();
        let wrong = |member, expected| AgencyRuleError::Member { member, expected };
        let id = text("$id");
        if !is_id(id) {
            return Err(wrong(
                "$id",
                "the rule's id: two to eight capitals, not NDX, and three digits",
            ));
        }
        if text("title").is_empty() {
            return Err(wrong("title", "what the rule wants, in a few words"));
        }
        let scope = match text("x-lint-applies") {
            "" | "document" => Scope::Document,
            "schema" => Scope::EverySchema,
            "property" => Scope::Property,
            _ => return Err(wrong("x-lint-applies", "document, schema or property")),
        };
        let severity = match text("x-lint-severity") {
            "" | "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => return Err(wrong("x-lint-severity", "error or warning")),
        };
        let (id, title) = (id.to_owned(), text("title").to_owned());
        let validator = schema.compile()?;
        Ok(Self { id, title, severity, scope, validator })
    }

    /// Returns the rule's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn apply(&self, document: &Document<'_>, found: &mut Vec<Found>) {
        let places = document.places.iter().filter(|place| match self.scope {
            Scope::Document => place.via.is_empty(),
            Scope::EverySchema => true,
            Scope::Property => place.via == "properties",
        });
        for place in places {
            let budget = Budget { errors: MAX_FINDINGS, ..Budget::default() };
            let violations = self.validator.explain(place.schema, budget).violations;
            found.extend(violations.into_iter().map(|violation| Found {
                rule: self.id.clone(),
                severity: self.severity,
                pointer: format!("{}{}", place.pointer, violation.instance_path),
                on: On::Value,
                message: format!("{}: {}", self.title, violation.message),
                hint: None,
                edit: None,
            }));
        }
    }
}

fn is_id(id: &str) -> bool {
    let letters = id.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = id.bytes().skip(letters).filter(u8::is_ascii_digit).count();
    (2..=8).contains(&letters) && digits == 3 && id.len() == letters + 3 && !id.starts_with("NDX")
}
