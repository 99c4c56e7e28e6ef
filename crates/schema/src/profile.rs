//! What a verdict depends on besides schema and record: limits, formats, dialect rules. One default for hub and desk.

mod vn;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::json;

/// A format of a national profile: a name, the whole text's pattern, and what to tell people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NationalFormat {
    /// The name in `format`, for example `vn-cccd`.
    pub name: &'static str,
    /// A regular expression of the linear engine; it has to match the whole text.
    pub pattern: &'static str,
    /// The longest text in characters.
    pub max_chars: usize,
    /// What is expected, for example `12 digits`.
    pub hint: &'static str,
}

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
            json: json::Limits { max_bytes: 256 << 10, max_depth: 32 },
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
            json: json::Limits { max_bytes: usize::MAX, max_depth: 126 },
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
    /// The national profile's name.
    pub name: &'static str,
    /// The national formats, besides those of JSON Schema.
    pub national: &'static [NationalFormat],
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
            name: "vn",
            national: vn::FORMATS,
            formats: FormatMode::Assert,
            refs: Refs::SameDocument,
            schema: SchemaLimits::default(),
            record: json::Limits::default(),
        }
    }
}

/// Which engine and which rules gave a verdict: two verdicts compare only where these are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictIdentity {
    /// The crate's version and the validator's behind it, for example `ndxp-schema 0.1.0, jsonschema 0.61.2`.
    pub engine_version: String,
    /// `sha256:<hex>` of the profile's RFC 8785 form.
    pub profile_sha256: String,
}

/// The version that the workspace pins; a test compares it with the lock file.
pub(crate) const JSONSCHEMA_VERSION: &str = "0.61.2";

impl Profile {
    /// Returns the identity of the verdicts given under this profile.
    #[must_use]
    pub fn verdict_identity(&self) -> VerdictIdentity {
        VerdictIdentity {
            engine_version: format!(
                "ndxp-schema {}, jsonschema {JSONSCHEMA_VERSION}",
                env!("CARGO_PKG_VERSION")
            ),
            profile_sha256: sha256(&self.to_json()),
        }
    }

    /// Returns the national format of that name.
    #[must_use]
    pub fn national_format(&self, name: &str) -> Option<&'static NationalFormat> {
        self.national.iter().find(|format| format.name == name)
    }

    fn to_json(&self) -> Value {
        let formats: Vec<Value> = self
            .national
            .iter()
            .map(|f| json!({ "name": f.name, "pattern": f.pattern, "max_chars": f.max_chars, "hint": f.hint }))
            .collect();
        // Limits as text: one may be beyond 2^53.
        let record = [self.record.max_bytes, self.record.max_depth].map(|n| n.to_string());
        json!({
            "name": self.name,
            "formats": formats,
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
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
