//! One direction of a comparison: the steps in their order, each for what the one before left open.

use serde_json::Value;

use super::{Direction, Effort, Policy, Proof, Verdict, Witness, oracle};
use crate::Schema;

/// What is known about one direction.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) direction: Direction,
    pub(super) verdict: Verdict,
    pub(super) proof: Proof,
    pub(super) witness: Option<Witness>,
    pub(super) reason: Option<String>,
}

/// Decides whether the records of one side are readable with the other.
pub(super) fn decide(
    old: &Schema,
    new: &Schema,
    direction: Direction,
    policy: Policy,
    _effort: Effort,
    _samples: &[Value],
) -> Answer {
    let (writer, reader) = match direction {
        Direction::Backward => (old, new),
        Direction::Forward => (new, old),
    };
    let answer =
        |verdict, proof, reason| Answer { direction, verdict, proof, witness: None, reason };
    if writer.hash() == reader.hash() {
        return answer(Verdict::Compatible, Proof::Structural, None);
    }
    let known = match policy {
        Policy::Strict => oracle::included(writer, reader),
        Policy::Role => oracle::Answer::Unknown,
    };
    match known {
        oracle::Answer::Inside => answer(Verdict::Compatible, Proof::Oracle, None),
        oracle::Answer::Outside => answer(Verdict::Breaking, Proof::Oracle, None),
        oracle::Answer::Unknown => answer(
            Verdict::Undecided,
            Proof::None,
            Some("no step could prove or refute it within the effort".to_owned()),
        ),
    }
}
