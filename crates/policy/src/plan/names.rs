//! The granted members of an object, found by name. Most of a record's names are not granted, so a
//! miss has to be cheap.

use super::{Unreadable, walk::Text};

/// Members by name, in a table with open addressing, three quarters of it free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names<T> {
    members: Box<[(Box<str>, T)]>,
    /// A member's number, counted from 1; 0 is free.
    table: Box<[u16]>,
}

impl<'a, T> FromIterator<(&'a str, T)> for Names<T> {
    fn from_iter<I: IntoIterator<Item = (&'a str, T)>>(members: I) -> Self {
        let members: Box<[(Box<str>, T)]> =
            members.into_iter().map(|(name, part)| (name.into(), part)).collect();
        let mut table = vec![0; (members.len() * 4).next_power_of_two()].into_boxed_slice();
        for (number, (name, _)) in (1..).zip(&members) {
            if let Some(free) = free(&mut table, hash(name.as_bytes())) {
                *free = number;
            }
        }
        Self { members, table }
    }
}

fn free(table: &mut [u16], hash: usize) -> Option<&mut u16> {
    let mask = table.len() - 1;
    let at =
        (0..table.len()).map(|step| (hash + step) & mask).find(|at| table.get(*at) == Some(&0))?;
    table.get_mut(at)
}

impl<T> Names<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Returns the member of this name and its number.
    pub(super) fn find(&self, name: Text<'_>) -> Result<Option<(usize, &T)>, Unreadable> {
        if name.has_escapes {
            return name.decoded().map(|decoded| self.plain(decoded.as_bytes()));
        }
        Ok(self.plain(name.inner()))
    }

    fn plain(&self, name: &[u8]) -> Option<(usize, &T)> {
        let mask = self.table.len() - 1;
        let start = hash(name);
        for step in 0..self.table.len() {
            let number = *self.table.get((start + step) & mask)?;
            let number = usize::from(number).checked_sub(1)?;
            let (found, part) = self.members.get(number)?;
            if found.as_bytes() == name {
                return Some((number, part));
            }
        }
        None
    }

    /// Returns a set of its numbers, empty.
    pub(super) fn none(&self) -> Met {
        match self.members.len() {
            0..=64 => Met::Few(0),
            many => Met::Many(vec![false; many]),
        }
    }
}

/// Which members were met.
pub(super) enum Met {
    Few(u64),
    Many(Vec<bool>),
}

impl Met {
    /// Adds a number that is not in the set.
    pub(super) fn insert(&mut self, number: usize) -> Result<(), Unreadable> {
        let was = match self {
            Self::Few(bits) => {
                let was = *bits >> number & 1 == 1;
                *bits |= 1 << number;
                was
            }
            Self::Many(all) => all.get_mut(number).is_none_or(|met| std::mem::replace(met, true)),
        };
        if was { Err(Unreadable) } else { Ok(()) }
    }
}

/// Of length, first and last bytes: names of one schema differ there, and a bad hash costs time only.
fn hash(name: &[u8]) -> usize {
    let word = |bytes: Option<&[u8; 8]>| bytes.map(|bytes| u64::from_le_bytes(*bytes));
    let (first, last) = match (word(name.first_chunk()), word(name.last_chunk())) {
        (Some(first), Some(last)) => (first, last),
        _ => (name.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), 0),
    };
    let mixed =
        (first ^ last.rotate_left(29) ^ name.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as usize
}
