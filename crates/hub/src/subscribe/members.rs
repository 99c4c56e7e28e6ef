//! Whose records a filtered copy holds: of each partition, the keys whose last version below the
//! reading position passes the row filter. Pure.
//!
//! A record that comes into the filter is an upsert, one that goes out of it a leave, one that was
//! out and stays out is nobody's business. Judging moves the set forward, [`Members::rewind`] back:
//! to where a frame left off, or to the cursor from which the next stream reads again.

use std::collections::{HashSet, VecDeque};

use ndxp_delivery::{KeyHash, Verdict};

use crate::readers::Judged;

/// As the record says: an upsert, a delete, an event.
pub(super) const AS_IT_IS: Verdict = Verdict(0);
/// It left the row filter: its key alone.
pub(super) const LEAVE: Verdict = Verdict(1);

/// Says whether a record is still what a verdict was given on.
pub(super) fn is_as_judged(judged: Judged, verdict: Verdict) -> bool {
    match judged {
        Judged::Admitted | Judged::Deleted => verdict == AS_IT_IS,
        Judged::Withheld => verdict == LEAVE,
        Judged::Unreadable => false,
    }
}

/// So many changes of membership can be taken back a partition. A copy with more of them between
/// its cursor and its reading position is built anew at the next opening.
const UNDO: usize = 100_000;

/// The keys of one view's copy.
#[derive(Debug, Default)]
pub(super) struct Members(Vec<Part>);

/// The keys of one partition.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Behind the last offset that was judged.
    next: u64,
    /// The lowest offset to which it can be taken back.
    floor: u64,
    members: HashSet<u128>,
    /// What judging changed, oldest first: offset, key, and whether it was a member before.
    undo: VecDeque<(u64, u128, bool)>,
    /// Keys that the copy may hold from an older view.
    perhaps: HashSet<u128>,
}

impl Members {
    pub(super) fn new(parts: Vec<Part>) -> Self {
        Self(parts)
    }

    /// Returns a partition's.
    pub(super) fn part(&mut self, partition: u32) -> Option<&mut Part> {
        self.0.get_mut(partition as usize)
    }

    /// Takes all partitions back to a cursor; `None` if one cannot.
    pub(super) fn rewound(mut self, cursor: &[u64]) -> Option<Self> {
        if self.0.len() != cursor.len() {
            return None;
        }
        let back = self.0.iter_mut().zip(cursor).all(|(part, to)| part.rewind(*to));
        back.then_some(self)
    }

    /// Forgets how to go back behind a cursor.
    pub(super) fn settle(&mut self, cursor: &[u64]) {
        for (part, to) in self.0.iter_mut().zip(cursor) {
            part.forget(*to);
        }
    }

    /// The copy stands under this view alone.
    pub(super) fn forget_older(&mut self) {
        self.0.iter_mut().for_each(|part| part.perhaps = HashSet::new());
    }
}

impl Part {
    /// Begins at a position. `perhaps` are keys that older views may have shown.
    pub(super) fn at(next: u64, members: HashSet<u128>, perhaps: HashSet<u128>) -> Self {
        Self { next, floor: next, members, undo: VecDeque::new(), perhaps }
    }

    /// Returns the offset that is to be judged next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Judges the next record: how it is to be shown, or not at all. `shown_before` says whether an
    /// older view may have shown this very record.
    pub(super) fn judge(
        &mut self,
        offset: u64,
        key: KeyHash,
        judged: Judged,
        shown_before: bool,
    ) -> Option<Verdict> {
        self.next = offset + 1;
        let is = match judged {
            Judged::Admitted => true,
            Judged::Withheld | Judged::Deleted => false,
            // Nobody ever saw it, so nothing has changed.
            Judged::Unreadable => return None,
        };
        let KeyHash(key) = key;
        let was = self.members.contains(&key);
        if is != was {
            self.set(key, is);
            self.undo.push_back((offset, key, was));
            if self.undo.len() > UNDO
                && let Some((oldest, ..)) = self.undo.pop_front()
            {
                self.floor = oldest + 1;
            }
        }
        if shown_before {
            self.perhaps.insert(key);
        }
        let had = was || self.perhaps.contains(&key);
        match judged {
            Judged::Admitted => Some(AS_IT_IS),
            Judged::Deleted => had.then_some(AS_IT_IS),
            Judged::Withheld => had.then_some(LEAVE),
            Judged::Unreadable => None,
        }
    }

    /// Passes offsets at which there is nothing.
    pub(super) fn pass(&mut self, next: u64) {
        self.next = self.next.max(next);
    }

    /// Takes back what was judged at `to` and behind it. Returns whether that is known.
    pub(super) fn rewind(&mut self, to: u64) -> bool {
        if to < self.floor || to > self.next {
            return false;
        }
        while let Some((_, key, was)) = self.undo.pop_back_if(|(offset, ..)| *offset >= to) {
            self.set(key, was);
        }
        self.next = to;
        true
    }

    fn forget(&mut self, below: u64) {
        while self.undo.pop_front_if(|(offset, ..)| *offset < below).is_some() {}
        self.floor = self.floor.max(below.min(self.next));
    }

    fn set(&mut self, key: u128, is: bool) {
        if is {
            self.members.insert(key);
        } else {
            self.members.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::HashSet;

    use ndxp_delivery::KeyHash;

    use super::{AS_IT_IS, LEAVE, Members, Part};
    use crate::readers::Judged::{Admitted, Deleted, Unreadable, Withheld};

    fn empty() -> Part {
        Part::at(0, HashSet::new(), HashSet::new())
    }

    #[test]
    fn a_key_leaves_once_and_only_if_it_was_in() {
        let mut part = empty();
        let steps = [
            (Withheld, None),
            (Admitted, Some(AS_IT_IS)),
            (Admitted, Some(AS_IT_IS)),
            (Unreadable, None),
            (Withheld, Some(LEAVE)),
            (Withheld, None),
            (Deleted, None),
            (Admitted, Some(AS_IT_IS)),
            (Deleted, Some(AS_IT_IS)),
            (Deleted, None),
        ];
        for (offset, (judged, expected)) in (0..).zip(steps) {
            assert_eq!(part.judge(offset, KeyHash(7), judged, false), expected, "{offset}");
        }
    }

    #[test]
    fn what_is_judged_again_is_judged_alike() {
        let mut part = empty();
        let steps = [Admitted, Withheld, Admitted, Deleted, Withheld, Admitted];
        let judge = |part: &mut Part, from: u64| {
            let rest = (0..).zip(steps).skip(from as usize);
            rest.map(|(at, judged)| part.judge(at, KeyHash(1), judged, false)).collect::<Vec<_>>()
        };
        let first = judge(&mut part, 0);
        for back in 0..steps.len() as u64 {
            assert!(part.rewind(back));
            assert_eq!(judge(&mut part, back), first[back as usize..], "from {back}");
        }
        let mut members = Members::new(vec![part]);
        members.settle(&[3]);
        assert!(members.rewound(&[2]).is_none(), "what is settled is not taken back");
    }

    #[test]
    fn a_key_that_an_older_view_may_have_shown_leaves() {
        let mut part = Part::at(5, HashSet::new(), HashSet::from([1]));
        assert_eq!(part.judge(5, KeyHash(1), Withheld, false), Some(LEAVE), "it was below");
        assert_eq!(part.judge(6, KeyHash(2), Withheld, true), Some(LEAVE), "it was this one");
        assert_eq!(part.judge(7, KeyHash(3), Withheld, false), None);
        let mut members = Members::new(vec![part]);
        members.forget_older();
        let part = members.part(0).unwrap();
        assert_eq!(part.judge(8, KeyHash(1), Withheld, false), None, "all of it was told by now");
    }
}
