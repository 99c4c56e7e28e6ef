//! Compatibility of two schemas: sets of records, compared by proof or by a record that tells them apart.
//!
//! A `compatible` is proved, a `breaking` carries a record that both validators have judged wherever one was found, and
//! everything else is `undecided`. Work is counted in steps, so the same pair gives the same answer everywhere.

pub(crate) mod automata;
mod change;
mod direction;
mod eval;
pub(crate) mod ir;
mod oracle;
pub(crate) mod places;
mod search;
pub(crate) mod solve;
mod strip;
mod structure;
pub(crate) mod world;

use std::fmt;

use serde_json::Value;

pub use change::{Breaks, Bump, Change, Proof};

use crate::Schema;

/// Which records have to stay readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// What the old schema accepts, the new one accepts: old records, new readers.
    Backward,
    /// What the new schema accepts, the old one accepts: new records, old readers.
    Forward,
    /// Both.
    Full,
}

/// What a reader does with properties that it does not declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// It judges them as its schema says: plain inclusion of sets.
    Strict,
    /// It never sees them: producers send what they declare, consumers are given what they declare.
    Role,
}

/// The answer of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Proved: no record is lost.
    Compatible,
    /// Proved: some record is lost.
    Breaking,
    /// Neither was proved within the effort.
    Undecided,
}

/// One way of a comparison: whose records meet whose reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Records of the old schema, read with the new one.
    Backward,
    /// Records of the new schema, read with the old one.
    Forward,
}

/// How much work a comparison may do, counted in steps and never by a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Steps of the proof, for each direction.
    pub steps: usize,
    /// Records generated and tried as witnesses where no proof was found, for each direction.
    pub records: usize,
}

impl Default for Effort {
    /// At most about 70 ms of work a pair in both directions, the reading of large schemas included.
    fn default() -> Self {
        Self { steps: 30_000, records: 150 }
    }
}

impl Effort {
    /// Returns this effort times `factor`.
    #[must_use]
    pub const fn times(self, factor: usize) -> Self {
        Self {
            steps: self.steps.saturating_mul(factor),
            records: self.records.saturating_mul(factor),
        }
    }
}

/// A record that one side accepts and the other refuses, as both validators have said.
#[derive(Debug, Clone, PartialEq)]
pub struct Witness {
    /// The way in which the record is lost.
    pub direction: Direction,
    /// The record; under [`Policy::Role`] before undeclared properties are taken out.
    pub record: Value,
    /// The JSON Pointer of the place in the record that the reader refuses.
    pub instance_path: String,
    /// The reader's keyword that refuses it.
    pub keyword: String,
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The answer for the mode asked for.
    pub verdict: Verdict,
    /// The answer for each direction that the mode includes.
    pub directions: Vec<(Direction, Verdict, Proof)>,
    /// What changed, in the order of the places; at most [`Comparison::MAX_CHANGES`].
    pub changes: Vec<Change>,
    /// Whether changes were left out.
    pub truncated: bool,
    /// A record that is lost. Always `None` unless the verdict is [`Verdict::Breaking`].
    pub witness: Option<Witness>,
    /// The part of a version number that the whole change calls for.
    pub bump: Bump,
    /// For [`Verdict::Undecided`]: which step gave up, and on what.
    pub reason: Option<String>,
}

impl Comparison {
    /// The most changes listed.
    pub const MAX_CHANGES: usize = 500;

    /// Fills in the lines of the changes from the two documents' bytes.
    pub fn place(&mut self, old: &[u8], new: &[u8]) {
        for change in &mut self.changes {
            change.place(old, new);
        }
    }
}

/// Compares two schemas. Dialects may differ: each side means what its own dialect says.
///
/// Costs milliseconds, at most about what `effort` says; compiles both schemas.
#[must_use]
pub fn compare(
    old: &Schema,
    new: &Schema,
    mode: Mode,
    policy: Policy,
    effort: Effort,
) -> Comparison {
    compare_with(old, new, mode, policy, effort, &[])
}

/// Compares as [`compare`] does and also tries the records of `samples` as witnesses.
#[must_use]
pub fn compare_with(
    old: &Schema,
    new: &Schema,
    mode: Mode,
    policy: Policy,
    effort: Effort,
    samples: &[Value],
) -> Comparison {
    let found = structure::diff(old, new, policy);
    let ground = direction::Ground::new(old, new);
    let answers: Vec<direction::Answer> = mode
        .directions()
        .iter()
        .map(|way| direction::decide(&ground, *way, policy, effort, samples))
        .collect();
    let verdict = Verdict::of_all(answers.iter().map(|answer| answer.verdict));
    let changes = change::judge(found.changes, &answers);
    let reason = answers.iter().find_map(|answer| answer.reason.clone());
    let bump = Bump::of(verdict, &changes);
    let directions =
        answers.iter().map(|answer| (answer.direction, answer.verdict, answer.proof)).collect();
    let witness = match verdict {
        Verdict::Breaking => answers.into_iter().find_map(|answer| answer.witness),
        Verdict::Compatible | Verdict::Undecided => None,
    };
    let reason = if verdict == Verdict::Undecided { reason } else { None };
    Comparison { verdict, directions, changes, truncated: found.truncated, witness, bump, reason }
}

impl Mode {
    const fn directions(self) -> &'static [Direction] {
        match self {
            Self::Backward => &[Direction::Backward],
            Self::Forward => &[Direction::Forward],
            Self::Full => &[Direction::Backward, Direction::Forward],
        }
    }
}

impl Verdict {
    /// One loss breaks the whole; one open question leaves it open.
    fn of_all(verdicts: impl Iterator<Item = Self>) -> Self {
        verdicts.fold(Self::Compatible, |all, one| match (all, one) {
            (Self::Breaking, _) | (_, Self::Breaking) => Self::Breaking,
            (Self::Undecided, _) | (_, Self::Undecided) => Self::Undecided,
            (Self::Compatible, Self::Compatible) => Self::Compatible,
        })
    }

    /// Returns the name: `compatible`, `breaking` or `undecided`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compatible => "compatible",
            Self::Breaking => "breaking",
            Self::Undecided => "undecided",
        }
    }
}

impl Direction {
    /// Returns the name: `backward` or `forward`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backward => "backward",
            Self::Forward => "forward",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
#[expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
