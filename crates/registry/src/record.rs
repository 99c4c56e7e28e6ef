//! The registry record: what one command wrote into the log.

use ndxp_model::{PrincipalName, RequestId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::Event;

/// The newest format of records that this code reads and writes.
pub const FORMAT: u32 = 1;

/// One record of `ndxp.registry`: all events of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryRecord {
    /// The format of this record.
    pub v: u32,
    /// How many records were applied to the state that the command was decided on.
    pub base: u64,
    /// When it was decided; it never goes back.
    pub t: Timestamp,
    /// The caller's id of the change.
    pub request_id: RequestId,
    /// SHA-256 in hexadecimal of actor and command; empty in the genesis, which nobody asked for.
    pub body: String,
    /// Who asked; in the genesis the first officer. Absent where the hub itself wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<PrincipalName>,
    /// The command's name.
    pub command: String,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// Why a stored record cannot be read. A node that meets one stops: it never guesses.
#[derive(Debug, Error)]
pub enum RecordError {
    /// It is of a newer format.
    #[error(
        "registry record is of format {found}, this version reads up to {FORMAT}: upgrade the node"
    )]
    Newer {
        /// Its format.
        found: u32,
    },
    /// It is not a record of a known kind.
    #[error("registry record is damaged or of an unknown kind")]
    Unreadable(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

impl RegistryRecord {
    /// Returns the bytes that are stored.
    #[must_use]
    #[expect(clippy::expect_used, reason = "an empty record in the log would stop every node")]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("keys are texts and numbers are integers")
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// [`RecordError`] for a newer format, an unknown kind of event, or damage.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let Versioned { v } = serde_json::from_slice(bytes).map_err(RecordError::Unreadable)?;
        match v {
            0 => Err(RecordError::Unreadable(serde::de::Error::custom("there is no format 0"))),
            1..=FORMAT => serde_json::from_slice(bytes).map_err(RecordError::Unreadable),
            _ => Err(RecordError::Newer { found: v }),
        }
    }

    /// Returns the SHA-256 in hexadecimal of stored bytes: what the audit names.
    #[must_use]
    pub fn hash(bytes: &[u8]) -> String {
        hex::encode(Sha256::digest(bytes))
    }
}
