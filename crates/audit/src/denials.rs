//! Equal denials become one entry with a count, so that nobody can flood the log.

use std::{collections::BTreeMap, num::NonZeroU64};

use ndxp_model::{DatasetName, Timestamp};

use crate::{Caller, Deny, Word};

/// How long equal denials are counted before their number is written, in milliseconds.
pub const DENIAL_WINDOW_MS: i64 = 10_000;

/// How many different denials are counted at a time.
pub const MAX_DENIAL_KEYS: usize = 4096;

/// What makes denials equal: who, what, why.
type Key = (Caller, Option<DatasetName>, Word);

/// The first of equal denials, and how many came after it.
#[derive(Debug, Clone)]
struct Window {
    first: Deny,
    opened: Timestamp,
    repeats: u64,
}

/// Folds equal denials: the first is written at once, the repeats of the next
/// [`DENIAL_WINDOW_MS`] as one entry with their number.
///
/// Every denial is counted in exactly one returned entry, also while [`MAX_DENIAL_KEYS`] windows
/// are open: further kinds of denials are then each written at once. A log that grows is the lesser
/// evil to one that is silent, and since made-up dataset names are no part of the key, a caller has
/// only so many kinds of denials to make.
#[derive(Debug, Clone, Default)]
pub struct Denials {
    windows: BTreeMap<Key, Window>,
}

impl Denials {
    /// Returns a fold without open windows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a denial (`n` is 1 for a single one) and returns the entry to write now, if any. An
    /// entry that is not returned is counted, and comes out of [`due`](Self::due) in time.
    #[must_use = "the entry to write is lost otherwise"]
    pub fn record(&mut self, deny: Deny, now: Timestamp) -> Option<Deny> {
        let key = (deny.by.clone(), deny.ds.as_ref().map(|ds| ds.name.clone()), deny.why.clone());
        if let Some(window) = self.windows.get_mut(&key) {
            if !window.is_over(now) {
                window.repeats = window.repeats.saturating_add(deny.n.get());
                return None;
            }
            // The window is over, but `due` was not asked yet: its repeats go with this one.
            let n = deny.n.saturating_add(window.repeats);
            *window = Window::open(deny, now);
            return Some(Deny { n, ..window.first.clone() });
        }
        if self.windows.len() < MAX_DENIAL_KEYS {
            self.windows.insert(key, Window::open(deny.clone(), now));
        }
        Some(deny)
    }

    /// Closes the windows that are over and returns an entry for each that counted repeats; `n` is
    /// the number of repeats, the first not among them.
    #[must_use = "the counts are lost otherwise"]
    pub fn due(&mut self, now: Timestamp) -> Vec<Deny> {
        let over = self.windows.extract_if(.., |_, window| window.is_over(now));
        over.filter_map(|(_, window)| window.close()).collect()
    }

    /// Closes every window, as [`due`](Self::due) does: for an orderly shutdown.
    #[must_use = "the counts are lost otherwise"]
    pub fn drain(&mut self) -> Vec<Deny> {
        std::mem::take(&mut self.windows).into_values().filter_map(Window::close).collect()
    }

    /// Returns when [`due`](Self::due) has something to close next.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.windows.values().map(Window::end).min()
    }
}

impl Window {
    fn open(first: Deny, opened: Timestamp) -> Self {
        Self { first, opened, repeats: 0 }
    }

    fn end(&self) -> Timestamp {
        Timestamp::from_millis(self.opened.millis() + DENIAL_WINDOW_MS)
    }

    /// A clock that was set back ends a window too, or it would count for as long as the step was.
    fn is_over(&self, now: Timestamp) -> bool {
        now >= self.end() || now < self.opened
    }

    fn close(self) -> Option<Deny> {
        NonZeroU64::new(self.repeats).map(|n| Deny { n, ..self.first })
    }
}

#[cfg(test)]
mod tests;
