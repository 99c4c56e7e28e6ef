//! What a node may do under its name, and which lanes are its own for that: one state, so that a
//! node without a name has no lanes.

use std::collections::{BTreeSet, HashSet};

use tracing::{error, info};

/// A boot that spoke under a name, and where it listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Boot {
    pub(super) id: String,
    pub(super) address: String,
}

/// What a node should own.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    own: Boot,
    standing: Standing,
    /// Empty while its words do not come back.
    lanes: BTreeSet<u32>,
    /// Boots of this name that had spoken before its own.
    former: HashSet<Boot>,
}

/// Whether the name is this boot's.
#[derive(Debug, Clone)]
enum Standing {
    /// So many of its words have come back.
    Heard(u64),
    /// A node that was started later has the name: of two the later one stays.
    Superseded(Boot),
}

impl Share {
    pub(super) fn new(own: Boot) -> Self {
        let (lanes, former) = (BTreeSet::new(), HashSet::new());
        Self { own, standing: Standing::Heard(0), lanes, former }
    }

    /// Says whether a lane should be this node's.
    pub(crate) fn has(&self, lane: u32) -> bool {
        self.lanes.contains(&lane)
    }

    /// Returns how many words of this boot have come back to it, none once it has lost its name.
    pub(crate) fn heard(&self) -> u64 {
        match self.standing {
            Standing::Heard(times) => times,
            Standing::Superseded(_) => 0,
        }
    }

    pub(super) fn is_superseded(&self) -> bool {
        self.superseded_by().is_some()
    }

    /// Returns who has the name now, if this boot lost it.
    pub(super) fn superseded_by(&self) -> Option<&Boot> {
        match &self.standing {
            Standing::Heard(_) => None,
            Standing::Superseded(by) => Some(by),
        }
    }

    /// Takes a word under this node's name: its own, one of a boot before it, or one of a node that
    /// was started later with the same name.
    pub(super) fn hear(&mut self, boot: Boot) {
        let Standing::Heard(times) = &mut self.standing else { return };
        if boot == self.own {
            *times += 1;
        } else if *times == 0 {
            self.former.insert(boot);
        } else if !self.former.contains(&boot) {
            let Boot { id, address } = &boot;
            error!(boot = id, address, "another node was started with the name of this one");
            self.lanes.clear();
            self.standing = Standing::Superseded(boot);
        }
    }

    /// Takes the lanes that fall to its name, of so many nodes; a boot that was not heard yet, or
    /// has lost the name, takes none. Says whether that changed anything.
    pub(super) fn settle(&mut self, lanes: BTreeSet<u32>, nodes: usize) -> bool {
        if self.heard() == 0 || self.lanes == lanes {
            return false;
        }
        info!(lanes = lanes.len(), nodes, "this node's share of the lanes");
        self.lanes = lanes;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot(id: &str) -> Boot {
        Boot { id: id.into(), address: "localhost:1".into() }
    }

    fn share(words: &[&str]) -> Share {
        let mut share = Share::new(boot("own"));
        words.iter().for_each(|word| share.hear(boot(word)));
        share.settle((0..3).collect(), 1);
        share
    }

    #[test]
    fn lanes_come_with_the_first_word_that_comes_back() {
        assert!(!share(&[]).has(0));
        assert!(!share(&["former"]).has(0));
        assert!(share(&["former", "own"]).has(0));
        assert_eq!(share(&["own", "own"]).heard(), 2);
    }

    #[test]
    fn late_words_of_a_boot_before_it_take_nothing() {
        let share = share(&["former", "own", "former", "own"]);
        assert!(share.has(2) && !share.is_superseded());
    }

    #[test]
    fn node_that_was_started_later_has_the_name_for_good() {
        let mut share = share(&["former", "own", "later", "own"]);
        assert_eq!(share.superseded_by(), Some(&boot("later")));
        assert!(!share.settle((0..3).collect(), 1) && !share.has(0));
        assert_eq!(share.heard(), 0);
    }

    #[test]
    fn same_boot_at_another_address_is_another_node() {
        let mut share = share(&["own"]);
        share.hear(Boot { address: "localhost:2".into(), ..boot("own") });
        assert!(share.is_superseded() && !share.has(0));
    }
}
