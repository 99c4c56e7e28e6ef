//! The last records of a followed partition, in memory: a node reads them once from the brokers,
//! however many ask.

use std::collections::VecDeque;

use crate::{ReadLimits, Stored, budget::Budget, embedded::TailLimits};

/// The records of `first..next`, without those that compaction took.
#[derive(Debug)]
pub(super) struct Window {
    limits: TailLimits,
    range: Option<Range>,
    bytes: usize,
    records: VecDeque<Stored>,
}

#[derive(Debug, Clone, Copy)]
struct Range {
    first: u64,
    next: u64,
}

/// What a window has to say to a read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// These.
    Page(Vec<Stored>),
    /// It has not come yet, but will.
    Coming,
    /// It is not here.
    Elsewhere,
}

impl Window {
    /// Makes a closed one.
    pub(super) fn new(limits: TailLimits) -> Self {
        Self { limits, range: None, bytes: 0, records: VecDeque::new() }
    }

    /// Opens it: the next record to come is at `at` or behind it.
    pub(super) fn open(&mut self, at: u64) {
        self.close();
        self.range = Some(Range { first: at, next: at });
    }

    /// Closes it and lets its records go.
    pub(super) fn close(&mut self) {
        self.range = None;
        self.records = VecDeque::new();
        self.bytes = 0;
    }

    /// Adds the next record and lets old ones go.
    pub(super) fn push(&mut self, stored: Stored) {
        let Some(range) = &mut self.range else { return };
        if stored.offset < range.next {
            return;
        }
        range.next = stored.offset + 1;
        self.bytes += stored.record.size();
        self.records.push_back(stored);
        while self.records.len() > self.limits.records || self.bytes > self.limits.bytes {
            let Some(gone) = self.records.pop_front() else { break };
            self.bytes -= gone.record.size();
            range.first = gone.offset + 1;
        }
    }

    /// Looks for the records from `from` on.
    pub(super) fn look(&self, from: u64, limits: ReadLimits) -> Look {
        let Some(range) = self.range else { return Look::Elsewhere };
        if from < range.first {
            return Look::Elsewhere;
        }
        if from >= range.next {
            return Look::Coming;
        }
        let skipped = self.records.partition_point(|stored| stored.offset < from);
        let mut budget = Budget::new(limits);
        let page = self.records.range(skipped..);
        Look::Page(page.take_while(|s| budget.admit(s.record.size())).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;

    const PAGE: ReadLimits = ReadLimits { records: 10, bytes: 1 << 20 };

    fn window(records: usize) -> Window {
        let mut window = Window::new(TailLimits { records, bytes: 1 << 20 });
        window.open(5);
        window
    }

    fn at(offset: u64) -> Stored {
        Stored { offset, record: Record::default() }
    }

    #[test]
    fn closed_window_has_nothing() {
        assert_eq!(Window::new(TailLimits { records: 9, bytes: 9 }).look(0, PAGE), Look::Elsewhere);
    }

    #[test]
    fn holes_are_passed_and_old_records_go() {
        let mut window = window(2);
        assert_eq!(window.look(5, PAGE), Look::Coming);
        assert_eq!(window.look(4, PAGE), Look::Elsewhere);
        for offset in [6, 9, 12] {
            window.push(at(offset));
        }
        assert_eq!(window.look(6, PAGE), Look::Elsewhere);
        assert_eq!(window.look(7, PAGE), Look::Page(vec![at(9), at(12)]));
        assert_eq!(window.look(10, PAGE), Look::Page(vec![at(12)]));
        assert_eq!(window.look(13, PAGE), Look::Coming);
    }

    #[test]
    fn window_without_room_sends_elsewhere() {
        let mut window = window(0);
        window.push(at(5));
        assert_eq!(window.look(5, PAGE), Look::Elsewhere);
        assert_eq!(window.look(6, PAGE), Look::Coming);
    }

    #[test]
    fn a_repeated_record_is_not_kept_twice() {
        let mut window = window(9);
        window.push(at(5));
        window.push(at(5));
        assert_eq!(window.look(5, PAGE), Look::Page(vec![at(5)]));
    }
}
