//! Days of the Gregorian calendar, and the spans between them.

use std::fmt;

const DAY_MS: i64 = 86_400_000;
/// Days in 400 years.
const ERA: i64 = 146_097;
/// From 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// A day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

impl Day {
    /// Reads a date as `2025-07-01`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(n, b)| match n {
                4 | 7 => *b == b'-',
                _ => b.is_ascii_digit(),
            });
        if !shaped {
            return None;
        }
        let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
        let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
        let found = Self::of(year, month, day);
        // A day that the month does not have is another one when it is written again.
        (found.civil() == (year, month, day)).then_some(found)
    }

    /// Returns the day of an instant where clocks are `offset_minutes` ahead of UTC.
    #[must_use]
    pub fn of_millis(millis: i64, offset_minutes: i32) -> Self {
        Self(millis.saturating_add(i64::from(offset_minutes) * 60_000).div_euclid(DAY_MS))
    }

    /// Returns the day before.
    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Years begin in March here, so that the leap day is the last.
    fn of(year: i64, month: i64, day: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH)
    }

    fn civil(self) -> (i64, i64, i64) {
        let days = self.0.saturating_add(EPOCH);
        let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        (year, month, of_year - (153 * shifted + 2) / 5 + 1)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// Days on which no row begins or ends but the first: one verdict holds for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first day; `None`: from ever.
    pub from: Option<Day>,
    /// The first day behind it; `None`: for ever.
    pub to: Option<Day>,
}

impl Span {
    /// Tells whether a day is inside.
    #[must_use]
    pub fn contains(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }

    /// Returns the days that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let to = match (self.to, other.to) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { from: self.from.max(other.from), to }
    }
}
