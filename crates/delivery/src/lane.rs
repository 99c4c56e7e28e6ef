//! Where a subscription's records are kept.

use ndxp_model::{LANES, SubscriptionName};
use sha2::{Digest, Sha256};

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
    fn names_spread_over_all_lanes() {
        let used: BTreeSet<u32> =
            (0..2_000).map(|i| lane(&format!("tax/s-{i}").parse().unwrap())).collect();
        assert_eq!(used.len(), LANES as usize);
    }
}
