//! Numbers: an interval, divisors, and what is left out.

use serde_json::{Value, json};

use super::{Found, Goal, Solver, fact::Fact};
use crate::compare::ir::Kind;

/// Beyond it no integer is a record's: 2^53.
const FAR: f64 = 9_007_199_254_740_992.0;
/// Integers of an interval that are all tried.
const MOST: f64 = 256.0;

/// An interval; each end with whether it is left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    low: Option<(f64, bool)>,
    high: Option<(f64, bool)>,
}

impl Range {
    pub(super) fn of(facts: &[Fact]) -> Self {
        let mut range = Self { low: None, high: None };
        for fact in facts {
            match *fact {
                Fact::AtLeast(n, out)
                    if range.low.is_none_or(|(low, was)| n > low || (n == low && out && !was)) =>
                {
                    range.low = Some((n, out));
                }
                Fact::AtMost(n, out)
                    if range
                        .high
                        .is_none_or(|(high, was)| n < high || (n == high && out && !was)) =>
                {
                    range.high = Some((n, out));
                }
                _ => {}
            }
        }
        range
    }

    pub(super) fn is_empty(self, kind: Kind) -> bool {
        if kind == Kind::Integral {
            return matches!(self.integers(), (Some(low), Some(high)) if low > high);
        }
        match (self.low, self.high) {
            (Some((low, low_out)), Some((high, high_out))) => {
                low > high || (low == high && (low_out || high_out || low.fract() == 0.0))
            }
            _ => false,
        }
    }

    /// The least and greatest integer.
    fn integers(self) -> (Option<f64>, Option<f64>) {
        let low = self.low.map(|(n, out)| if out && n.fract() == 0.0 { n + 1.0 } else { n.ceil() });
        let high =
            self.high.map(|(n, out)| if out && n.fract() == 0.0 { n - 1.0 } else { n.floor() });
        (low, high)
    }
}

/// Tells whether every number that the facts ask for is a multiple that they refuse.
///
/// Counted in millionths, as decimals are divided by validators; what has more decimals is only compared with itself.
pub(super) fn divides(kind: Kind, facts: &[Fact]) -> bool {
    let multiples = |wanted: bool| {
        facts.iter().filter_map(move |fact| match fact {
            Fact::Multiple(n, yes) if *yes == wanted => Some(*n),
            _ => None,
        })
    };
    if multiples(true).any(|n| multiples(false).any(|m| m == n)) {
        return true;
    }
    let whole = (kind == Kind::Integral).then_some(1.0);
    let step = multiples(true).chain(whole).filter_map(millionths).try_fold(
        None,
        |step: Option<f64>, n| match step {
            Some(step) => least_common_multiple(step, n).map(Some),
            None => Some(Some(n)),
        },
    );
    let Some(Some(step)) = step else { return false };
    multiples(false).filter_map(millionths).any(|n| step % n == 0.0)
}

/// The number as a whole count of millionths, if it is one.
fn millionths(number: f64) -> Option<f64> {
    let count = (number * 1e6).round();
    (count > 0.0 && count < FAR && count / 1e6 == number).then_some(count)
}

impl Solver<'_> {
    pub(super) fn number(
        &mut self,
        goal: &Goal,
        kind: Kind,
        facts: &[Fact],
        more: &[Fact],
    ) -> Found {
        let left_out: usize = facts
            .iter()
            .chain(more)
            .map(|fact| if let Fact::Without(values) = fact { values.len() } else { 0 })
            .sum();
        let range = Range::of(facts);
        let (numbers, complete) = match kind {
            Kind::Integral => match integers(range, facts, left_out) {
                Some(found) => found,
                None => return Found::Empty,
            },
            _ => match fractions(range, facts, left_out) {
                Some(found) => found,
                None => return Found::Empty,
            },
        };
        self.world.spend(numbers.len() / 4);
        let values: Vec<Value> =
            numbers.into_iter().filter(|n| Kind::of(&value(*n)) == kind).map(value).collect();
        self.try_all(goal, more, values, complete)
    }
}

/// Integers as integers, so that a witness reads as people write it.
#[expect(clippy::cast_possible_truncation, reason = "within 2^53")]
fn value(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < FAR { json!(number as i64) } else { json!(number) }
}

/// The divisors that are integers, and whether there are others.
fn divisors(facts: &[Fact], wanted: bool) -> (Vec<f64>, Vec<f64>) {
    let all = facts.iter().filter_map(|f| match f {
        Fact::Multiple(n, yes) if *yes == wanted => Some(*n),
        _ => None,
    });
    all.partition(|n| n.fract() == 0.0 && *n > 0.0 && *n < FAR)
}

/// Returns integers to try and whether there are no others. `None`: there are none at all.
fn integers(range: Range, facts: &[Fact], left_out: usize) -> Option<(Vec<f64>, bool)> {
    let (whole, broken) = divisors(facts, true);
    let step = whole.into_iter().try_fold(1.0, least_common_multiple).unwrap_or(FAR);
    let (refused, _) = divisors(facts, false);
    if step < FAR && refused.iter().any(|n| step % n == 0.0) {
        return None;
    }
    let (low, high) = range.integers();
    let first = low.map(|n| (n / step).ceil() * step);
    if let (Some(first), Some(high)) = (first, high) {
        if first > high {
            return None;
        }
        if (high - first) / step <= MOST && step < FAR {
            let mut numbers = Vec::new();
            let mut n = first;
            while n <= high {
                numbers.push(n);
                n += step;
            }
            return Some((numbers, true));
        }
    }
    let count = 24 + left_out;
    let last = high.map(|n| (n / step).floor() * step);
    let strides = std::iter::once(step).chain(
        broken.iter().filter_map(|n| (1..200).map(|k| n * f64::from(k)).find(|n| n.fract() == 0.0)),
    );
    let mut numbers = Vec::new();
    for stride in strides {
        for k in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            let k = f64::from(k) * stride;
            numbers.extend(first.map(|n| n + k));
            numbers.extend(last.map(|n| n - k));
            numbers.extend([k, -k]);
        }
    }
    let inside = |n: &f64| {
        n.abs() < FAR && first.is_none_or(|low| *n >= low) && high.is_none_or(|high| *n <= high)
    };
    Some((numbers.into_iter().filter(inside).collect(), false))
}

fn least_common_multiple(a: f64, b: f64) -> Option<f64> {
    let (mut x, mut y) = (a, b);
    while y != 0.0 {
        (x, y) = (y, x % y);
    }
    let product = a / x * b;
    (product < FAR).then_some(product)
}

/// Returns fractions to try. `None`: there are none at all.
fn fractions(range: Range, facts: &[Fact], left_out: usize) -> Option<(Vec<f64>, bool)> {
    let (whole, broken) = divisors(facts, true);
    if !whole.is_empty() || range.is_empty(Kind::Fractional) {
        return None;
    }
    let (low, high) = (range.low.map(|(n, _)| n), range.high.map(|(n, _)| n));
    if let (Some(low), Some(high)) = (low, high)
        && low == high
    {
        return Some((vec![low], true));
    }
    let base = low.or(high).unwrap_or(0.0);
    let mut numbers: Vec<f64> = low.into_iter().chain(high).collect();
    for k in 0..u32::try_from(8 + left_out).unwrap_or(u32::MAX) {
        let k = f64::from(k);
        for n in [0.5, 0.25, 0.1] {
            numbers.extend([k + n, -k - n, base + k + n, base - k - n]);
        }
        if let (Some(low), Some(high)) = (low, high) {
            numbers.push(low + (high - low) * (k + 1.0) / (10.0 + k));
        }
        for divisor in &broken {
            let near = (base / divisor).floor() * divisor;
            numbers.extend([k * divisor, -k * divisor, near + k * divisor, near - k * divisor]);
        }
    }
    let inside = |n: &f64| low.is_none_or(|low| *n >= low) && high.is_none_or(|high| *n <= high);
    Some((numbers.into_iter().filter(inside).collect(), false))
}
