//! Offsets of one partition with a value each, kept as spans.

use std::{collections::BTreeMap, ops::Range};

/// A map from offsets to values that stores neighbours of equal value as one span.
///
/// INVARIANT: spans are not empty, do not overlap, and two that touch differ in value. So equal
/// maps are equal in memory, whatever the order in which they came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spans<V> {
    /// Start to (end, value); the end is not part of the span.
    spans: BTreeMap<u64, (u64, V)>,
}

impl<V> Default for Spans<V> {
    fn default() -> Self {
        Self { spans: BTreeMap::new() }
    }
}

impl<V: Copy + PartialEq> Spans<V> {
    /// Returns the value at an offset.
    pub(crate) fn get(&self, offset: u64) -> Option<V> {
        self.span_at(offset).map(|(_, value)| value)
    }

    /// Returns the end of the span that an offset lies in.
    pub(crate) fn end_at(&self, offset: u64) -> Option<u64> {
        self.span_at(offset).map(|(end, _)| end)
    }

    /// Gives every offset of a range a value, in place of what it had.
    pub(crate) fn set(&mut self, range: Range<u64>, value: V) {
        if range.is_empty() {
            return;
        }
        self.clear(range.clone());
        let Range { mut start, mut end } = range;
        if let Some((&before, &(touch, v))) = self.spans.range(..start).next_back()
            && touch == start
            && v == value
        {
            self.spans.remove(&before);
            start = before;
        }
        if let Some(&(after, v)) = self.spans.get(&end)
            && v == value
        {
            self.spans.remove(&end);
            end = after;
        }
        self.spans.insert(start, (end, value));
    }

    /// Takes the values of a range away.
    pub(crate) fn clear(&mut self, range: Range<u64>) {
        self.take(range, |_, _| ());
    }

    /// Takes the values of a range away and tells how many offsets had each, span by span.
    pub(crate) fn take(&mut self, range: Range<u64>, mut taken: impl FnMut(u64, V)) {
        if range.is_empty() {
            return;
        }
        if let Some((&start, &(end, value))) = self.spans.range(..range.start).next_back()
            && end > range.start
        {
            self.spans.insert(start, (range.start, value));
            self.keep_tail(range.end, end, value);
            taken(end.min(range.end) - range.start, value);
        }
        while let Some((&start, &(end, value))) = self.spans.range(range.clone()).next() {
            self.spans.remove(&start);
            self.keep_tail(range.end, end, value);
            taken(end.min(range.end) - start, value);
        }
    }

    /// Returns the parts of a range that have no value.
    pub(crate) fn gaps(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut gaps = Vec::new();
        let mut from = range.start;
        if let Some(end) = self.end_at(from) {
            from = end;
        }
        for (&start, &(end, _)) in self.spans.range(from..range.end.max(from)) {
            if start > from {
                gaps.push(from..start);
            }
            from = end;
        }
        if from < range.end {
            gaps.push(from..range.end);
        }
        gaps
    }

    /// Returns the lowest offset with a value.
    pub(crate) fn first(&self) -> Option<u64> {
        self.spans.first_key_value().map(|(start, _)| *start)
    }

    /// Returns the number of spans.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Iterates over the spans, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Range<u64>, V)> {
        self.spans.iter().map(|(&start, &(end, value))| (start..end, value))
    }

    fn span_at(&self, offset: u64) -> Option<(u64, V)> {
        let (_, &(end, value)) = self.spans.range(..=offset).next_back()?;
        (offset < end).then_some((end, value))
    }

    fn keep_tail(&mut self, from: u64, end: u64, value: V) {
        if end > from {
            self.spans.insert(from, (end, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(steps: &[(Range<u64>, Option<u32>)], expected: &[(Range<u64>, u32)]) {
        let mut spans = Spans::default();
        for (range, value) in steps {
            match value {
                Some(value) => spans.set(range.clone(), *value),
                None => spans.clear(range.clone()),
            }
        }
        assert_eq!(spans.iter().collect::<Vec<_>>(), expected, "{steps:?}");
    }

    #[test]
    fn equal_neighbours_become_one_span() {
        check(&[(0..2, Some(1)), (4..6, Some(1)), (2..4, Some(1))], &[(0..6, 1)]);
        check(&[(0..2, Some(1)), (2..4, Some(2))], &[(0..2, 1), (2..4, 2)]);
        check(&[(0..2, Some(1)), (3..4, Some(1))], &[(0..2, 1), (3..4, 1)]);
    }

    #[test]
    fn later_value_replaces_what_it_covers() {
        check(&[(0..9, Some(1)), (3..5, Some(2))], &[(0..3, 1), (3..5, 2), (5..9, 1)]);
        check(
            &[(0..3, Some(1)), (4..9, Some(1)), (2..5, Some(2))],
            &[(0..2, 1), (2..5, 2), (5..9, 1)],
        );
        check(&[(3..5, Some(2)), (0..9, Some(1))], &[(0..9, 1)]);
    }

    #[test]
    fn cleared_offsets_have_no_value() {
        check(&[(0..9, Some(1)), (3..5, None)], &[(0..3, 1), (5..9, 1)]);
        check(&[(0..9, Some(1)), (0..4, None)], &[(4..9, 1)]);
        check(&[(0..9, Some(1)), (4..20, None)], &[(0..4, 1)]);
        check(&[(0..9, Some(1)), (5..5, None)], &[(0..9, 1)]);
    }

    #[test]
    fn what_is_taken_away_is_told_once() {
        let mut spans = Spans::default();
        spans.set(0..4, 1_u32);
        spans.set(6..9, 2);
        let mut taken = Vec::new();
        spans.take(2..8, |count, value| taken.push((count, value)));
        assert_eq!(taken, [(2, 1), (2, 2)]);
        spans.take(0..1, |count, value| taken.push((count, value)));
        assert_eq!(taken.last(), Some(&(1, 1)));
    }

    #[test]
    fn gaps_are_what_has_no_value() {
        let mut spans = Spans::default();
        spans.set(2..4, ());
        spans.set(6..9, ());
        assert_eq!(spans.gaps(0..12), [0..2, 4..6, 9..12]);
        assert_eq!(spans.gaps(3..7), vec![4..6]);
        assert_eq!(spans.gaps(2..4), []);
        assert_eq!(spans.gaps(4..6), vec![4..6]);
        assert_eq!((spans.first(), spans.len()), (Some(2), 2));
    }

    #[test]
    fn lookup_stops_at_a_span_s_end() {
        let mut spans = Spans::default();
        spans.set(2..4, 7_u32);
        assert_eq!([1, 2, 3, 4].map(|offset| spans.get(offset)), [None, Some(7), Some(7), None]);
        assert_eq!([1, 3, 4].map(|offset| spans.end_at(offset)), [None, Some(4), None]);
    }
}
