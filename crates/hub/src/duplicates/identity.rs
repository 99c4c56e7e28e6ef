//! What a repeat is recognised by.

use ndxp_model::{Op, Timestamp};
use sha2::{Digest, Sha256};

/// Half of a SHA-256.
pub(super) type Hash = [u8; 16];

/// What a retry is recognised by, and what must then be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Hash of publishing system and record id.
    pub(super) id: Hash,
    /// Hash of operation, key and payload.
    pub(super) content: Hash,
}

/// What is known of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub content: Hash,
    pub at: Timestamp,
    /// The audit entry of its publication; `None` while that is being written.
    pub entry: Option<u64>,
}

impl Identity {
    pub(crate) fn new(source: &str, record_id: &str, op: Op, key: &[u8], payload: &[u8]) -> Self {
        let content = Self::hash_content(op, key, payload);
        Self { id: Self::hash_id(source, record_id), content }
    }

    pub(super) fn hash_id(source: &str, record_id: &str) -> Hash {
        hash(&[source.as_bytes(), record_id.as_bytes()])
    }

    pub(super) fn hash_content(op: Op, key: &[u8], payload: &[u8]) -> Hash {
        hash(&[op.as_str().as_bytes(), key, payload])
    }
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut short = [0; 16];
    short.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    short
}
