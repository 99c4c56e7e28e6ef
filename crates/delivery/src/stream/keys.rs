//! Which keys are busy.

use std::{
    collections::{BTreeSet, HashMap},
    hash::BuildHasherDefault,
};

use super::given::Mixer;
use crate::place::{KeyHash, Place};

/// The unsettled records of each key that has some.
#[derive(Debug, Default)]
pub(super) struct Keys(HashMap<KeyHash, Busy, BuildHasherDefault<Mixer>>);

/// INVARIANT: of a key's records only `first` is outstanding, waits or is ready; the others are
/// parked.
#[derive(Debug)]
struct Busy {
    first: Place,
    /// In the order of the log.
    parked: BTreeSet<Place>,
}

impl Keys {
    /// Tells whether a new record of the key would have to be parked.
    pub(super) fn is_busy(&self, key: KeyHash) -> bool {
        self.0.contains_key(&key)
    }

    /// Adds a record and tells whether it is the key's only one.
    pub(super) fn add(&mut self, key: KeyHash, place: Place) -> bool {
        match self.0.get_mut(&key) {
            Some(busy) => {
                busy.parked.insert(place);
                false
            }
            None => {
                self.0.insert(key, Busy { first: place, parked: BTreeSet::new() });
                true
            }
        }
    }

    /// Takes a record out and returns the one whose turn it is now, if that has changed.
    pub(super) fn remove(&mut self, key: KeyHash, place: Place) -> Option<Place> {
        let busy = self.0.get_mut(&key)?;
        if busy.first != place {
            busy.parked.remove(&place);
            return None;
        }
        match busy.parked.pop_first() {
            Some(next) => {
                busy.first = next;
                Some(next)
            }
            None => {
                self.0.remove(&key);
                None
            }
        }
    }
}
