//! Who is there, and which lanes each should own: a fold of `ndxp.nodes` in offset order, so the
//! same at every node that has read as far.
//!
//! A node is gone once another has spoken [`MISSED`] times, a second apart, since its last word. No
//! clock is compared with another, and while the brokers stand still nobody is missed: nobody's
//! words get through.

use std::collections::{BTreeMap, BTreeSet};

use ndxp_model::{LANES, Timestamp};
use sha2::{Digest, Sha256};

use super::NodeRecord;

/// So many words in the rhythm of one node without any of another, and the other is gone: between
/// three and four seconds.
const MISSED: u32 = 4;

/// What the nodes have said of themselves, by name.
#[derive(Debug, Default)]
pub(super) struct Roll(BTreeMap<String, Said>);

/// A node's last word.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) node: NodeRecord,
    /// By that node's clock.
    pub(super) at: Timestamp,
    /// How often each other node has spoken in its rhythm since.
    missed: BTreeMap<String, u32>,
}

impl Said {
    fn is_there(&self) -> bool {
        let has_left = self.node.draining && self.node.lanes.is_empty();
        !has_left && self.missed.values().all(|beats| *beats < MISSED)
    }
}

impl Roll {
    /// Takes a node's word.
    pub(super) fn hear(&mut self, name: &str, node: NodeRecord, at: Timestamp) {
        let last = self.0.get(name).map(|said| &said.node);
        if last.is_some_and(|last| last.boot == node.boot && last.beat < node.beat) {
            let others = self.0.iter_mut().filter(|(other, _)| *other != name);
            others.for_each(|(_, said)| *said.missed.entry(name.to_owned()).or_default() += 1);
        }
        self.0.insert(name.to_owned(), Said { node, at, missed: BTreeMap::new() });
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Returns a node's last word, whether it is there or not.
    pub(super) fn last(&self, name: &str) -> Option<&Said> {
        self.0.get(name)
    }

    /// Returns the last words of all that ever spoke.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Said)> {
        self.0.iter().map(|(name, said)| (name.as_str(), said))
    }

    /// Returns the nodes that are there, with their last words.
    pub(super) fn there(&self) -> impl Iterator<Item = (&str, &Said)> {
        self.all().filter(|(_, said)| said.is_there())
    }

    /// Returns the lanes that a node should own: those for which it weighs most of the nodes that
    /// are there (rendezvous hashing, Thaler and Ravishankar 1998). A node that comes or goes moves
    /// its own lanes and no others.
    pub(super) fn lanes(&self, own: &str) -> BTreeSet<u32> {
        let names: Vec<&str> = self.there().map(|(name, _)| name).collect();
        let owner = |lane| names.iter().max_by_key(|name| weight(lane, name));
        (0..LANES).filter(|lane| owner(*lane).is_some_and(|owner| *owner == own)).collect()
    }
}

/// No two names weigh the same, whatever is hashed: a tie of digests is a collision of SHA-256.
fn weight(lane: u32, name: &str) -> [u8; 32] {
    Sha256::digest(format!("{lane}/{name}")).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn word(boot: &str, beat: u64) -> NodeRecord {
        NodeRecord {
            v: 1,
            boot: boot.into(),
            beat,
            address: String::new(),
            version: String::new(),
            format: 1,
            lanes: BTreeMap::new(),
            draining: false,
        }
    }

    fn hear(roll: &mut Roll, name: &str, node: NodeRecord) {
        roll.hear(name, node, Timestamp::from_millis(0));
    }

    fn there(roll: &Roll) -> Vec<&str> {
        roll.there().map(|(name, _)| name).collect()
    }

    fn both() -> Roll {
        let mut roll = Roll::default();
        hear(&mut roll, "n1", word("n1-1", 0));
        hear(&mut roll, "n2", word("n2-1", 0));
        roll
    }

    #[test]
    fn node_is_gone_after_four_words_of_one_other() {
        let mut roll = both();
        (1..=3).for_each(|beat| hear(&mut roll, "n1", word("n1-1", beat)));
        assert_eq!(there(&roll), ["n1", "n2"]);
        hear(&mut roll, "n1", word("n1-1", 4));
        assert_eq!(there(&roll), ["n1"]);
        assert_eq!(roll.lanes("n1").len(), 64);
        assert!(roll.lanes("n2").is_empty(), "it knows of itself that it is gone");
        hear(&mut roll, "n2", word("n2-1", 1));
        assert_eq!(there(&roll), ["n1", "n2"]);
    }

    #[test]
    fn words_of_several_others_do_not_add_up() {
        let mut roll = both();
        hear(&mut roll, "n3", word("n3-1", 0));
        for beat in 1..=3 {
            hear(&mut roll, "n1", word("n1-1", beat));
            hear(&mut roll, "n3", word("n3-1", beat));
        }
        assert_eq!(there(&roll), ["n1", "n2", "n3"]);
    }

    #[test]
    fn what_is_said_out_of_the_rhythm_misses_nobody() {
        let mut roll = both();
        (0..9).for_each(|_| hear(&mut roll, "n1", word("n1-1", 0)));
        (2..9).for_each(|boot| hear(&mut roll, "n1", word(&format!("n1-{boot}"), 0)));
        assert_eq!(there(&roll), ["n1", "n2"]);
    }

    #[test]
    fn node_that_drains_is_there_until_it_has_no_lanes() {
        let mut roll = both();
        let drains = |lanes| NodeRecord { draining: true, lanes, ..word("n2-1", 1) };
        hear(&mut roll, "n2", drains(BTreeMap::from([(3, 0)])));
        assert_eq!(there(&roll), ["n1", "n2"]);
        hear(&mut roll, "n2", drains(BTreeMap::new()));
        assert_eq!(there(&roll), ["n1"]);
    }

    proptest! {
        #[test]
        fn each_lane_has_one_owner_and_moves_only_with_a_node_that_comes_or_goes(
            names in prop::collection::btree_set("[a-z]{1,8}", 1..8), leaver in any::<prop::sample::Index>(),
        ) {
            let mut roll = Roll::default();
            names.iter().for_each(|name| hear(&mut roll, name, word(name, 0)));
            let shares = |roll: &Roll| -> BTreeMap<u32, String> {
                let of = |name: &String| roll.lanes(name).into_iter().map(|lane| (lane, name.clone())).collect::<Vec<_>>();
                let all: Vec<_> = names.iter().flat_map(of).collect();
                let shares: BTreeMap<_, _> = all.iter().cloned().collect();
                assert_eq!(all.len(), shares.len(), "no lane has two owners");
                shares
            };
            let before = shares(&roll);
            prop_assert_eq!(before.len(), 64);
            let leaver = leaver.get(&names.iter().collect::<Vec<_>>()).to_string();
            roll.forget(&leaver);
            let after = shares(&roll);
            for (lane, owner) in &before {
                prop_assert!(*owner == leaver || after[lane] == *owner);
            }
        }
    }
}
