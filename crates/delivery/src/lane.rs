//! Where a subscription's records are kept.

use ndxp_model::{LANES, SubscriptionName};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::record::UnreadableRecord;

/// So many epochs a take-over has room for, in bits: streams and seeks of one subscription until the
/// lane's next owner.
const EPOCHS: u32 = 24;
/// What the key of a take-over begins with: no agency is named so.
const PREFIX: &str = "/owned/";

/// A node took the lane. The offset of this record is the lane's epoch: whatever an earlier owner
/// writes behind it changes nothing. Each has a key of its own, so that compaction keeps all of them:
/// a fold that did not see one could take what it has fenced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owned {
    v: u64,
    #[serde(rename = "type")]
    kind: String,
    /// Which boot of which node, for example `n1-4711`.
    pub by: String,
    /// How many lanes that boot had taken before, so that no two have one key.
    pub n: u64,
}

impl Owned {
    /// Makes the record of a node's `n`th take-over since its boot.
    #[must_use]
    pub fn new(by: String, n: u64) -> Self {
        Self { v: 1, kind: "owned".to_owned(), by, n }
    }

    /// Returns the log record's key.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{PREFIX}{}/{}", self.by, self.n)
    }

    /// Tells whether a log record's key is a take-over's.
    #[must_use]
    pub fn is_key(key: &[u8]) -> bool {
        key.starts_with(PREFIX.as_bytes())
    }

    /// Returns the log record's value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        crate::record::wire::to_json(self)
    }

    /// Reads a log record's value.
    ///
    /// # Errors
    /// [`UnreadableRecord`] if it is not one that this version knows in full.
    pub fn decode(value: &[u8]) -> Result<Self, UnreadableRecord> {
        let read: Self = serde_json::from_slice(value).map_err(UnreadableRecord::Malformed)?;
        match (read.v, read.kind.as_str()) {
            (1, "owned") => Ok(read),
            _ => Err(UnreadableRecord::Unknown { kind: read.kind, v: read.v }),
        }
    }

    /// Returns the lowest epoch of the owner whose record has this offset: above every epoch of the
    /// owners before, below every one of the owners after.
    #[must_use]
    pub fn floor(offset: u64) -> u64 {
        offset.saturating_add(1) << EPOCHS
    }
}

/// Returns the subscription's lane: its partition of the delivery topic, below [`LANES`].
///
/// It is the first 8 bytes, big-endian, of the SHA-256 of the full name (`statistics/units`),
/// modulo [`LANES`]: fixed for ever, because a subscription's records are found by it.
#[must_use]
pub fn lane(subscription: &SubscriptionName) -> u32 {
    let digest = Sha256::digest(subscription.to_string().as_bytes());
    let hash = digest.iter().take(8).fold(0_u64, |hash, byte| (hash << 8) | u64::from(*byte));
    // Lossless: the remainder is below a u32.
    (hash % u64::from(LANES)) as u32
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn lane_of_a_name_never_changes() {
        let check = |name: &str, expected: u32| {
            assert_eq!(lane(&name.parse().unwrap()), expected, "{name}");
        };
        // int.from_bytes(hashlib.sha256(name).digest()[:8], "big") % 64, computed outside this crate.
        check("statistics/units", 41);
        check("tax/portal", 34);
    }

    #[test]
    fn take_over_has_a_stored_form() {
        let owned = Owned::new("n1-4711".to_owned(), 3);
        let stored = r#"{"v":1,"type":"owned","by":"n1-4711","n":3}"#;
        assert_eq!(String::from_utf8(owned.encode()).unwrap(), stored);
        assert_eq!(Owned::decode(stored.as_bytes()).unwrap(), owned);
        assert!(Owned::is_key(owned.key().as_bytes()));
        assert!(Owned::decode(&stored.replace('1', "2").into_bytes()).is_err());
        assert!(Owned::decode(&stored.replace("owned", "other").into_bytes()).is_err());
    }

    #[test]
    fn names_spread_over_all_lanes() {
        let used: BTreeSet<u32> =
            (0..2_000).map(|i| lane(&format!("tax/s-{i}").parse().unwrap())).collect();
        assert_eq!(used.len(), LANES as usize);
    }
}
