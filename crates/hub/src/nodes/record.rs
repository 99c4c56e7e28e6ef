//! A node's word of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a node says it is. The log record's key is its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NodeRecord {
    /// The version of this form.
    pub(crate) v: u32,
    /// Which boot of the node.
    pub(crate) boot: String,
    /// How often that boot has spoken in its rhythm, once a second; the same number again is a word
    /// between two beats.
    pub(crate) beat: u64,
    /// Where the other nodes reach it; empty if they do not.
    pub(crate) address: String,
    /// The program's version.
    pub(crate) version: String,
    /// The newest format of the registry that it can read.
    pub(crate) format: u32,
    /// Its lanes, with the first epoch that it may give in each.
    pub(crate) lanes: BTreeMap<u32, u64>,
    /// It takes no new calls.
    pub(crate) draining: bool,
}

impl NodeRecord {
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Numbers and texts are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a log record's value; of a tombstone, or a form that this version does not know,
    /// nothing.
    pub(crate) fn decode(value: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(value).ok().filter(|node| node.v == 1)
    }
}
