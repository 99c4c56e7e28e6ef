//! Dead letters, and the records that tell of them.

use std::collections::BTreeMap;

use crate::{
    letter::{Letter, LetterState},
    place::Place,
    record::RecordKey,
};

/// What a record says of the letter at a place.
#[derive(Debug, Clone)]
pub(super) struct Filed {
    pub(super) letter: Letter,
    pub(super) state: LetterState,
    pub(super) from: RecordKey,
}

impl Filed {
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, LetterState::Closed(_))
    }
}

/// Dead letters by place: what the last of a place's records says that has no tombstone.
///
/// A record that was superseded is kept until it has its tombstone. Letters outlive their epochs,
/// so the fence between a stream and its late records may be compacted away while such a record is
/// still there, and then counts; once it has its own tombstone, what it superseded counts again.
#[derive(Debug, Clone, Default)]
pub(super) struct Letters {
    /// INVARIANT: no place without a record.
    places: BTreeMap<Place, Vec<Filed>>,
    keys: BTreeMap<RecordKey, Place>,
    /// How many places have a letter that is not closed.
    open: usize,
}

/// What is left of a place after one of its records was forgotten.
pub(super) enum Left {
    /// What counted before counts on.
    Same,
    /// What the record had superseded counts again.
    Earlier(Filed),
    /// Nothing.
    Nothing,
}

impl Letters {
    /// Files what the next record says, and returns what counted before, if that was not closed.
    pub(super) fn file(&mut self, filed: Filed) -> Option<Filed> {
        let (place, from) = (filed.letter.place, filed.from);
        let records = self.places.entry(place).or_default();
        let before = records.last().filter(|before| !before.is_closed()).cloned();
        self.open -= usize::from(before.is_some());
        self.open += usize::from(!filed.is_closed());
        // It may have been appended twice.
        records.retain(|known| known.from != from);
        records.push(filed);
        self.keys.insert(from, place);
        before
    }

    /// Forgets a record, and tells of which place and what is left there.
    pub(super) fn forget(&mut self, key: RecordKey) -> Option<(Place, Left)> {
        let place = self.keys.remove(&key)?;
        let records = self.places.get_mut(&place)?;
        let last = records.last()?;
        let counted = last.from == key;
        let was_open = !last.is_closed();
        records.retain(|filed| filed.from != key);
        let Some(last) = records.last() else {
            self.open -= usize::from(was_open);
            self.places.remove(&place);
            return Some((place, Left::Nothing));
        };
        if !counted {
            return Some((place, Left::Same));
        }
        self.open -= usize::from(was_open);
        self.open += usize::from(!last.is_closed());
        Some((place, Left::Earlier(last.clone())))
    }

    /// Returns the letter of a place, if it is not closed.
    pub(super) fn get(&self, place: Place) -> Option<&Filed> {
        self.places.get(&place)?.last().filter(|filed| !filed.is_closed())
    }

    /// Tells whether any record tells of a letter there.
    pub(super) fn knows(&self, place: Place) -> bool {
        self.places.contains_key(&place)
    }

    /// Returns those that are not closed, in order, from behind a place on.
    pub(super) fn behind(&self, after: Option<Place>) -> impl Iterator<Item = &Filed> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = after.map_or(Unbounded, Excluded);
        let last = self.places.range((from, Unbounded)).filter_map(|(_, records)| records.last());
        last.filter(|filed| !filed.is_closed())
    }

    /// Returns how many are not closed.
    pub(super) fn count(&self) -> usize {
        self.open
    }
}
