//! The identity of a verdict.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version that the workspace pins; a test compares it with the lock file.
pub(crate) const JSONSCHEMA_VERSION: &str = "0.61.2";

/// Which engine and which rules gave a verdict: two verdicts compare only where these are equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictIdentity {
    /// The crate's version and the validator's behind it, for example `ndxp-schema 0.1.0, jsonschema 0.61.2`.
    pub engine_version: String,
    /// `sha256:<hex>` of the profile's RFC 8785 form: limits, formats, the national data.
    pub profile_sha256: String,
    /// `sha256:<hex>` of each code list at hand, by its dataset.
    #[serde(default)]
    pub code_list_sha256s: BTreeMap<String, String>,
}

impl VerdictIdentity {
    /// Returns SHA-256 over the parts, a line each: the short form in receipts, audit entries and `WhoAmI`.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut text = format!("{}\n{}", self.engine_version, self.profile_sha256);
        for (dataset, hash) in &self.code_list_sha256s {
            text.push_str(&format!("\n{dataset}@{hash}"));
        }
        Sha256::digest(text).into()
    }

    /// Names the first part that differs from another identity, with both values.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        let parts = [
            ("engine", &self.engine_version, &other.engine_version),
            ("profile", &self.profile_sha256, &other.profile_sha256),
        ];
        let different = parts.into_iter().find(|(_, ours, theirs)| ours != theirs);
        different
            .map(|(part, ours, theirs)| Difference {
                part: part.to_owned(),
                ours: ours.clone(),
                theirs: theirs.clone(),
            })
            .or_else(|| self.lists_differ(other))
    }

    fn lists_differ(&self, other: &Self) -> Option<Difference> {
        let value = |identity: &Self, dataset: &str| {
            let hash = identity.code_list_sha256s.get(dataset);
            hash.cloned().unwrap_or_else(|| "none".to_owned())
        };
        let all = self.code_list_sha256s.keys().chain(other.code_list_sha256s.keys());
        all.map(|dataset| Difference {
            part: format!("code list {dataset}"),
            ours: value(self, dataset),
            theirs: value(other, dataset),
        })
        .find(|found| found.ours != found.theirs)
    }
}

/// A part in which two identities differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `engine`, `profile` or `code list DATASET`.
    pub part: String,
    /// The value on this side.
    pub ours: String,
    /// The value on the other side.
    pub theirs: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} here, {} there", self.part, self.ours, self.theirs)
    }
}
