//! What a verdict depends on besides schema and record: limits, formats, dialect rules. One default for hub and desk.

mod checksum;
mod format;
mod identity;
mod names;
mod national;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use checksum::Checksum;
pub use format::{CodesOf, NationalFormat};
pub(crate) use identity::JSONSCHEMA_VERSION;
pub use identity::{Difference, VerdictIdentity};
pub use names::{NameHint, PersonalData};
pub use national::{CodeListUse, Label, National, NationalError, Words};

use crate::json;

/// Whether `format` decides or only informs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatMode {
    /// A text of another form is invalid: the hub's mode.
    Assert,
    /// Formats are ignored, as the mandatory test suite wants.
    Annotate,
}

/// Where `$ref` may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refs {
    /// The same document or a standard metaschema; no `$dynamicRef`, no `$id` inside the document.
    SameDocument,
    /// Whatever resolves without fetching anything.
    Offline,
}

/// How large a schema may be at registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaLimits {
    /// Size and nesting of the document.
    pub json: json::Limits,
    /// Schemas inside the document, itself included.
    pub max_subschemas: usize,
    /// Members of one `enum`.
    pub max_enum: usize,
    /// Schemas that apply to one value in a row, through `$ref`, `allOf` and the like: the validator's stack.
    pub max_chain: usize,
    /// Compiled size in bytes of one pattern.
    pub max_pattern_bytes: usize,
    /// Compiled size in bytes of all patterns together.
    pub max_patterns_bytes: usize,
}

impl Default for SchemaLimits {
    /// The hub's limits.
    fn default() -> Self {
        Self {
            json: json::Limits { max_bytes: 256 << 10, max_depth: 32, ..json::Limits::default() },
            max_subschemas: 2_000,
            max_enum: 1_000,
            max_chain: 32,
            max_pattern_bytes: 1 << 20,
            max_patterns_bytes: 8 << 20,
        }
    }
}

impl SchemaLimits {
    /// No limit but those that keep the process alive: for test suites at one's desk.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            json: json::Limits {
                max_bytes: usize::MAX,
                max_depth: 126,
                max_objects: usize::MAX,
                max_nested: usize::MAX,
                numbers: json::Numbers::Rounded,
            },
            max_subschemas: usize::MAX,
            max_enum: usize::MAX,
            max_chain: usize::MAX,
            max_pattern_bytes: 16 << 20,
            max_patterns_bytes: usize::MAX,
        }
    }

    fn to_text(self) -> Vec<String> {
        let Self {
            json,
            max_subschemas,
            max_enum,
            max_chain,
            max_pattern_bytes,
            max_patterns_bytes,
        } = self;
        let numbers = [json.max_bytes, json.max_depth, max_subschemas, max_enum, max_chain];
        numbers
            .iter()
            .chain(&[max_pattern_bytes, max_patterns_bytes])
            .map(ToString::to_string)
            .collect()
    }
}

/// The rules of a verdict. The default is the hub's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The national profile: formats besides those of JSON Schema, and what belongs to them.
    pub national: Arc<National>,
    /// Whether formats decide.
    pub formats: FormatMode,
    /// Where references may lead.
    pub refs: Refs,
    /// Limits of a schema.
    pub schema: SchemaLimits,
    /// Limits of a record.
    pub record: json::Limits,
}

impl Default for Profile {
    /// Returns the profile `vn` with the hub's limits, formats asserted.
    fn default() -> Self {
        Self {
            national: National::vn(),
            formats: FormatMode::Assert,
            refs: Refs::SameDocument,
            schema: SchemaLimits::default(),
            record: json::Limits::default(),
        }
    }
}

impl Profile {
    /// Returns rules for reading a schema that was checked before: no format is unknown, and none decides.
    #[must_use]
    pub fn for_reading() -> Self {
        Self { formats: FormatMode::Annotate, ..Self::default() }
    }

    /// Returns the identity of the verdicts given under this profile.
    #[must_use]
    pub fn verdict_identity(&self) -> VerdictIdentity {
        VerdictIdentity {
            engine_version: format!(
                "ndxp-schema {}, jsonschema {JSONSCHEMA_VERSION}",
                env!("CARGO_PKG_VERSION")
            ),
            profile_sha256: sha256(&self.to_json()),
            code_list_sha256s: BTreeMap::new(),
        }
    }

    /// Returns the national format of that name.
    #[must_use]
    pub fn national_format(&self, name: &str) -> Option<&NationalFormat> {
        self.national.formats().iter().find(|format| format.name == name)
    }

    fn to_json(&self) -> Value {
        // Limits as text: one may be beyond 2^53.
        let json::Limits { max_bytes, max_depth, max_objects, max_nested, .. } = self.record;
        let record = [max_bytes, max_depth, max_objects, max_nested].map(|n| n.to_string());
        json!({
            "national": self.national.to_json(),
            "assert": self.formats == FormatMode::Assert,
            "refs": match self.refs { Refs::SameDocument => "same-document", Refs::Offline => "offline" },
            "schema": self.schema.to_text(),
            "record": record,
        })
    }
}

/// Returns `sha256:<hex>` of the RFC 8785 form.
pub(crate) fn sha256(value: &Value) -> String {
    // A `Value` has string keys and finite numbers, so its canonical form always exists; without one there is no
    // identity, and an empty form would give many values the same.
    let canonical =
        serde_json_canonicalizer::to_vec(value).unwrap_or_else(|_| value.to_string().into_bytes());
    format!("sha256:{}", hex::encode(Sha256::digest(canonical)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests;
