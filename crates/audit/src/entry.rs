//! What an audit entry says, before it is bytes.
//!
//! Members that follow from others are not repeated here: `prov` is the dataset's owner, `cons` the
//! agency of `by`.

use std::{fmt, num::NonZeroU64, str::FromStr};

use ndxp_model::{
    AgreementRef, DatasetName, PrincipalName, PurposeCode, SchemaVersion, SubscriptionName,
    Timestamp,
};

use crate::{Sha256Hex, Word};

/// The id of an entry: 16 bytes, meant to be a UUIDv7 of the caller's making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub [u8; 16]);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}
impl FromStr for EntryId {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text.replace('-', ""), &mut bytes).map_err(|_| ())?;
        // Printing it again is the check of dashes and capitals.
        Some(Self(bytes)).filter(|id| id.to_string() == text).ok_or(())
    }
}

/// Which entry this is, and where and when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// `id`: folds count an id once, however often its leaf was written.
    pub id: EntryId,
    /// `t`: when, by the gateway's clock. Not before 1970.
    pub t: Timestamp,
    /// `gw`: node and boot number, for example `n1-17`.
    pub gw: Word,
    /// `seq`: contiguous count of the boot's leaves; a hole is a dropped leaf.
    pub seq: u64,
}

/// An audit entry by its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Records are about to be appended.
    Publish(Publish),
    /// Records are about to be handed out.
    Release(Release),
    /// A request was refused.
    Deny(Deny),
    /// A registry record was applied.
    Registry(Registry),
    /// Somebody changed how far a subscription has come.
    Delivery(Delivery),
    /// A node started.
    Boot(Boot),
}

impl Entry {
    /// Returns `kind`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Publish(_) => "publish",
            Self::Release(_) => "release",
            Self::Deny(_) => "deny",
            Self::Registry(_) => "registry",
            Self::Delivery(_) => "delivery",
            Self::Boot(_) => "boot",
        }
    }

    /// Returns `n`: how many records, or equal denials, the entry stands for.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Publish(publish) => Some(publish.n),
            Self::Release(release) => Some(release.n),
            Self::Deny(deny) => Some(deny.n.get()),
            Self::Delivery(delivery) => delivery.n,
            Self::Registry(_) | Self::Boot(_) => None,
        }
    }
}

/// The right that an exchange rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Under {
    /// `agr`: the agreement's revision.
    pub agr: AgreementRef,
    /// `agrh`: SHA-256 of its document.
    pub agrh: Sha256Hex,
    /// `pol`: SHA-256 of the plan: fields and row filter.
    pub pol: Sha256Hex,
    /// `purp`: what for.
    pub purp: PurposeCode,
    /// `basis`: by which law.
    pub basis: PurposeCode,
}

/// A dataset, with the schema version that the entry's records have in common; written
/// `tax/income@3`, or `tax/income` where they have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetAt {
    /// The dataset.
    pub name: DatasetName,
    /// The schema version.
    pub version: Option<SchemaVersion>,
}

impl fmt::Display for DatasetAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}
impl FromStr for DatasetAt {
    type Err = ndxp_model::InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once('@') {
            Some((name, version)) => Self { name: name.parse()?, version: Some(version.parse()?) },
            None => Self { name: text.parse()?, version: None },
        })
    }
}

/// Written before the records of one call: at most 500.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The publishing system.
    pub by: PrincipalName,
    /// Into which dataset, by which schema the records were judged.
    pub ds: DatasetAt,
    /// How many records.
    pub n: u64,
    /// `vid`: SHA-256 of the verdict's identity.
    pub vid: Sha256Hex,
    /// The right to publish into another agency's dataset; one's own needs none.
    pub under: Option<Under>,
}

/// Consecutive records of a partition, written `[partition, first, last]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivered {
    /// The partition.
    pub partition: u32,
    /// The first offset.
    pub first: u64,
    /// The last offset, not before `first`.
    pub last: u64,
}

/// By which way records are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A frame of a stream, with a `handed` record.
    Stream,
    /// The record of a dead letter, to who looks at it.
    DeadLetter,
}

impl Way {
    /// Returns the leaf's `op`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stream => "SUBSCRIBE",
            Self::DeadLetter => "DEAD_LETTER",
        }
    }
}

/// Written before the first byte of a delivered batch leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The receiving system; an officer, if it is the record of a dead letter.
    pub by: PrincipalName,
    /// `op`: by which way.
    pub way: Way,
    /// From which dataset.
    pub ds: DatasetAt,
    /// `sub`: by which subscription.
    pub sub: SubscriptionName,
    /// By which right.
    pub under: Under,
    /// What exactly. Absent where a row filter applies, since the holes would tell the consumer
    /// how much was withheld.
    pub rng: Option<Vec<Delivered>>,
    /// How many records.
    pub n: u64,
    /// Whether these records were handed out before; written only if so.
    pub again: bool,
}

/// Who was refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    /// `by`: a system or officer.
    Principal(PrincipalName),
    /// `crt`: SHA-256 of a certificate that names nobody, but whose key was proven.
    Certificate(Sha256Hex),
}

/// Written on every refusal; equal ones are folded by [`Denials`](crate::Denials).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deny {
    /// Who was refused.
    pub by: Caller,
    /// What was asked for, if it exists. A name that a caller made up stays out: it would be free
    /// text in the log, and each would be a denial unlike the others.
    pub ds: Option<DatasetAt>,
    /// The operation or the call's name.
    pub op: Word,
    /// `why`: the reason of the API's error contract.
    pub why: Word,
    /// `clause`: the clause of the decision that failed, if it came to a decision.
    pub clause: Option<u8>,
    /// The purpose that was stated.
    pub purp: Option<PurposeCode>,
    /// The agreement that came closest.
    pub agr: Option<AgreementRef>,
    /// How many equal denials.
    pub n: NonZeroU64,
}

/// Written after a registry record was applied, by the node whose record won.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Who gave the command.
    pub by: PrincipalName,
    /// The command's name.
    pub op: Word,
    /// `reg.pos`: the record's position in the registry topic.
    pub position: u64,
    /// `reg.h`: SHA-256 of the record's bytes.
    pub hash: Sha256Hex,
}

/// Written before a subscription's cursor is moved, or its dead letters are redriven or purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The system or officer who wants it.
    pub by: PrincipalName,
    /// Of which dataset.
    pub ds: DatasetAt,
    /// `sub`: which subscription.
    pub sub: SubscriptionName,
    /// The call's name.
    pub op: Word,
    /// How many dead letters it is about; absent for a cursor.
    pub n: Option<u64>,
}

/// Written when a node starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    /// `ver`: the program's version.
    pub version: Word,
    /// `reg.pos`: the end of the registry topic that the node has applied.
    pub position: u64,
    /// `inc`: the log's incarnation; another one after a restore.
    pub incarnation: Word,
}
