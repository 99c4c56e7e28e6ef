//! Sharing agreements: the only source of rights.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{AgencyId, AgreementId, DatasetName, InvalidId, Pointer, PurposeCode, Timestamp};

/// What an agreement may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Operation {
    /// The consumer receives the dataset's records, replays included.
    Subscribe,
    /// The consumer publishes into the provider's dataset.
    Publish,
}

impl Operation {
    /// Returns the word used in leaves, errors and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "SUBSCRIBE",
            Self::Publish => "PUBLISH",
        }
    }
}

/// A purpose with its legal basis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeGrant {
    /// The purpose, a code of the national list.
    pub code: PurposeCode,
    /// The law that it rests on, a code.
    pub basis: PurposeCode,
}

/// A field that the consumer receives as it is. A field that is not listed is not released.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldGrant {
    /// Where the field is.
    pub path: Pointer,
}

/// Only records whose field equals the text are released. It sees the whole record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowFilter {
    /// A field that the dataset declares filterable.
    pub field: Pointer,
    /// The text it must equal. A record without the field, or with another type, is not released.
    pub equals: String,
}

/// When the agreement holds: `not_before <= now < not_after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// The first instant at which it holds.
    pub not_before: Timestamp,
    /// The first instant at which it no longer holds.
    pub not_after: Timestamp,
}

/// The typed document that both sides approve. One revision of an agreement is one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The agreement's id.
    pub id: AgreementId,
    /// Whose dataset it is.
    pub provider: AgencyId,
    /// Who receives, or publishes into it.
    pub consumer: AgencyId,
    /// What it is about.
    pub dataset: DatasetName,
    /// What the consumer may do; never empty.
    pub operations: BTreeSet<Operation>,
    /// What for; never empty.
    pub purposes: BTreeSet<PurposeGrant>,
    /// Which fields; never empty if SUBSCRIBE is allowed.
    #[serde(default)]
    pub fields: BTreeSet<FieldGrant>,
    /// Which records; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowFilter>,
    /// When.
    pub valid: Validity,
}

/// What is wrong with a document, whatever the registry holds.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TermsProblem {
    /// The dataset belongs to another agency than the provider.
    #[error("dataset belongs to another agency than the provider")]
    ForeignDataset,
    /// Provider and consumer are one agency.
    #[error("provider and consumer are the same agency")]
    SameParty,
    /// No operation is named.
    #[error("operations is empty")]
    NoOperation,
    /// No purpose is named.
    #[error("purposes is empty")]
    NoPurpose,
    /// SUBSCRIBE is named, but no field.
    #[error("fields is empty, so SUBSCRIBE would release nothing")]
    NoField,
    /// The validity is empty or longer than five years.
    #[error("valid must end after it begins, at most five years later")]
    Validity,
}

impl TermsProblem {
    /// Returns the member of the document that is wrong.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::ForeignDataset => "dataset",
            Self::SameParty => "consumer",
            Self::NoOperation => "operations",
            Self::NoPurpose => "purposes",
            Self::NoField => "fields",
            Self::Validity => "valid",
        }
    }
}

/// Five years of 366 days: the longest validity.
const FIVE_YEARS_MS: i64 = 5 * 366 * 86_400_000;

impl Terms {
    /// Returns everything that is wrong with the document in itself.
    #[must_use]
    pub fn problems(&self) -> Vec<TermsProblem> {
        let length = self.valid.not_after.millis() - self.valid.not_before.millis();
        let subscribes = self.operations.contains(&Operation::Subscribe);
        let found = [
            (self.dataset.agency != self.provider, TermsProblem::ForeignDataset),
            (self.provider == self.consumer, TermsProblem::SameParty),
            (self.operations.is_empty(), TermsProblem::NoOperation),
            (self.purposes.is_empty(), TermsProblem::NoPurpose),
            (subscribes && self.fields.is_empty(), TermsProblem::NoField),
            (!(1..=FIVE_YEARS_MS).contains(&length), TermsProblem::Validity),
        ];
        found.into_iter().filter_map(|(wrong, problem)| wrong.then_some(problem)).collect()
    }
}

/// One revision of an agreement, written `agr-0042@7`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgreementRef {
    /// The agreement.
    pub id: AgreementId,
    /// The revision, from 1, without holes.
    pub revision: u32,
}

impl FromStr for AgreementRef {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let wrong = InvalidId { kind: "agreement revision" };
        let (id, revision) = text.split_once('@').ok_or(wrong.clone())?;
        let number = crate::id::number(revision).ok_or(wrong)?;
        Ok(Self { id: id.parse()?, revision: number })
    }
}
impl TryFrom<String> for AgreementRef {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}
impl From<AgreementRef> for String {
    fn from(reference: AgreementRef) -> String {
        reference.to_string()
    }
}
impl fmt::Display for AgreementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.revision)
    }
}
