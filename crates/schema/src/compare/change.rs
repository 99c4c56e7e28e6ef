//! One change between two schemas, and what the answers for the whole pair say about it.

use super::{Direction, Verdict, direction::Answer};
use crate::position;

/// What a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// The rules of the keywords concerned.
    Structural,
    /// The decision procedure of the validator's crate.
    Oracle,
    /// A record that both validators have judged.
    Witness,
    /// Nothing: the verdict is `undecided`.
    None,
}

/// Whom a change breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Breaks {
    /// Readers that still have the old schema.
    Consumers,
    /// Writers that still have the old schema.
    Producers,
    /// Both.
    Both,
    /// Nobody.
    None,
}

/// The part of a version number that a change calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bump {
    /// Annotations only.
    Patch,
    /// Wider, or new fields.
    Minor,
    /// Breaking, or not proved to be anything else.
    Major,
}

/// One difference between two schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// A stable name, for example `property-added`.
    pub kind: &'static str,
    /// The JSON Pointer of the place in the new schema; of something removed, in the old one.
    pub pointer: String,
    /// The place in the old schema, if it has one.
    pub old_pointer: Option<String>,
    /// The place in the new schema, if it has one.
    pub new_pointer: Option<String>,
    /// The line in the old document, from 1, once [`super::Comparison::place`] has run.
    pub old_line: Option<usize>,
    /// The line in the new document, from 1, once [`super::Comparison::place`] has run.
    pub new_line: Option<usize>,
    /// The verdict on this change, in the directions of the mode asked for.
    pub verdict: Verdict,
    /// What the verdict rests on.
    pub proof: Proof,
    /// Whom it breaks.
    pub breaks: Breaks,
    /// What changed.
    pub message: String,
    /// What to do instead, if it breaks.
    pub suggestion: Option<String>,
    /// The part of a version number it calls for.
    pub bump: Bump,
    /// The property that `required` gained or lost.
    pub member: Option<String>,
    /// Whether it cannot touch the set of records.
    pub annotation: bool,
}

impl Change {
    pub(super) fn place(&mut self, old: &[u8], new: &[u8]) {
        let line = |bytes: &[u8], pointer: &Option<String>| {
            let pointer = pointer.as_deref()?;
            let span = position::key(bytes, pointer).or_else(|| position::value(bytes, pointer))?;
            Some(span.start.line)
        };
        self.old_line = line(old, &self.old_pointer);
        self.new_line = line(new, &self.new_pointer);
    }
}

/// What a change does to the records in each direction, as far as its keyword alone tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effect {
    /// Whether records of the old schema stay readable. `None`: it depends on more.
    pub(super) backward: Option<bool>,
    /// Whether records of the new schema are readable with the old one.
    pub(super) forward: Option<bool>,
}

impl Effect {
    pub(super) const NEUTRAL: Self = Self { backward: Some(true), forward: Some(true) };
    pub(super) const WIDER: Self = Self { backward: Some(true), forward: Some(false) };
    pub(super) const NARROWER: Self = Self { backward: Some(false), forward: Some(true) };
    pub(super) const CHANGED: Self = Self { backward: Some(false), forward: Some(false) };
    pub(super) const UNKNOWN: Self = Self { backward: None, forward: None };

    const fn of(self, direction: Direction) -> Option<bool> {
        match direction {
            Direction::Backward => self.backward,
            Direction::Forward => self.forward,
        }
    }
}

/// A difference before it is judged.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) kind: &'static str,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    pub(super) effect: Effect,
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
    /// The property that `required` gained or lost.
    pub(super) member: Option<String>,
    /// Whether it cannot touch the set of records.
    pub(super) annotation: bool,
}

/// Judges each difference in the light of the answers for the whole pair.
pub(super) fn judge(found: Vec<Found>, answers: &[Answer]) -> Vec<Change> {
    let touching = found.iter().filter(|one| !one.annotation).count();
    found.into_iter().map(|one| judged(one, touching == 1, answers)).collect()
}

fn judged(found: Found, alone: bool, answers: &[Answer]) -> Change {
    let mut verdict = Verdict::Compatible;
    let mut proof = Proof::Structural;
    let mut broken = Vec::new();
    for answer in answers.iter().filter(|_| !found.annotation) {
        let (one, why) = in_direction(found.effect.of(answer.direction), alone, answer);
        if one == Verdict::Breaking {
            broken.push(answer.direction);
        }
        let worse = Verdict::of_all([verdict, one].into_iter());
        if worse != verdict || proof == Proof::Structural {
            proof = why;
        }
        verdict = worse;
    }
    let bump = match verdict {
        _ if found.annotation => Bump::Patch,
        Verdict::Compatible => Bump::Minor,
        Verdict::Breaking | Verdict::Undecided => Bump::Major,
    };
    Change {
        kind: found.kind,
        pointer: found.new.clone().or_else(|| found.old.clone()).unwrap_or_default(),
        old_pointer: found.old,
        new_pointer: found.new,
        old_line: None,
        new_line: None,
        verdict,
        proof,
        breaks: Breaks::of(&broken),
        message: found.message,
        suggestion: if verdict == Verdict::Compatible { None } else { found.suggestion },
        bump,
        member: found.member,
        annotation: found.annotation,
    }
}

/// A change cannot break what the whole pair was proved to keep; alone, it answers for the whole.
fn in_direction(keeps: Option<bool>, alone: bool, answer: &Answer) -> (Verdict, Proof) {
    match (answer.verdict, keeps) {
        (Verdict::Compatible, _) => (Verdict::Compatible, answer.proof),
        (Verdict::Breaking, _) if alone => (Verdict::Breaking, answer.proof),
        (Verdict::Undecided, _) if alone => (Verdict::Undecided, Proof::None),
        (_, Some(true)) => (Verdict::Compatible, Proof::Structural),
        (Verdict::Breaking, Some(false)) => (Verdict::Breaking, Proof::Structural),
        (Verdict::Breaking | Verdict::Undecided, _) => (Verdict::Undecided, Proof::None),
    }
}

impl Breaks {
    fn of(broken: &[Direction]) -> Self {
        let backward = broken.contains(&Direction::Backward);
        let forward = broken.contains(&Direction::Forward);
        match (backward, forward) {
            (true, true) => Self::Both,
            (true, false) => Self::Producers,
            (false, true) => Self::Consumers,
            (false, false) => Self::None,
        }
    }

    /// Returns the name: `consumers`, `producers`, `both` or `none`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consumers => "consumers",
            Self::Producers => "producers",
            Self::Both => "both",
            Self::None => "none",
        }
    }
}

impl Bump {
    pub(super) fn of(verdict: Verdict, changes: &[Change]) -> Self {
        match verdict {
            Verdict::Breaking | Verdict::Undecided => Self::Major,
            Verdict::Compatible => changes
                .iter()
                .map(|change| change.bump)
                .max()
                .unwrap_or(Self::Patch)
                .min(Self::Minor),
        }
    }

    /// Returns the name: `major`, `minor` or `patch`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }
}

impl Proof {
    /// Returns the name: `structural`, `oracle`, `witness` or `none`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Structural => "structural",
            Self::Oracle => "oracle",
            Self::Witness => "witness",
            Self::None => "none",
        }
    }
}
