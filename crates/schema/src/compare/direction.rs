//! One direction of a comparison: the steps in their order, each for what the one before left open.

use serde_json::Value;

use super::{
    Direction, Effort, Policy, Proof, Verdict, Witness,
    ir::Pair,
    oracle,
    search::Judge,
    solve::{Found, Goal, Lit, Solver},
    strip::strip,
    world::World,
};
use crate::{Schema, Validator, generate::Generator, profile::Refs};

/// What is known about one direction.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) direction: Direction,
    pub(super) verdict: Verdict,
    pub(super) proof: Proof,
    pub(super) witness: Option<Witness>,
    pub(super) reason: Option<String>,
}

impl Answer {
    fn new(direction: Direction, verdict: Verdict, proof: Proof) -> Self {
        Self { direction, verdict, proof, witness: None, reason: None }
    }

    fn undecided(direction: Direction, reason: &str) -> Self {
        let reason = Some(format!("{direction}: {reason}"));
        Self { reason, ..Self::new(direction, Verdict::Undecided, Proof::None) }
    }

    fn breaking(witness: Witness) -> Self {
        let direction = witness.direction;
        Self { witness: Some(witness), ..Self::new(direction, Verdict::Breaking, Proof::Witness) }
    }
}

/// Both schemas, with what both directions work on.
pub(super) struct Ground<'s> {
    old: &'s Schema,
    new: &'s Schema,
    same: bool,
    compiled: Option<(Validator, Validator)>,
    /// The rules of both, where ours apply.
    pair: Option<Pair<'s>>,
}

impl<'s> Ground<'s> {
    pub(super) fn new(old: &'s Schema, new: &'s Schema) -> Self {
        let same = old.hash() == new.hash() && old.dialect() == new.dialect();
        let compiled = if same { None } else { old.compile().ok().zip(new.compile().ok()) };
        let plain = compiled.is_some() && is_plain(old) && is_plain(new);
        Self { old, new, same, compiled, pair: plain.then(|| Pair::new(old, new)) }
    }
}

/// Decides whether the records of one side are readable with the other.
pub(super) fn decide(
    ground: &Ground<'_>,
    direction: Direction,
    policy: Policy,
    effort: Effort,
    samples: &[Value],
) -> Answer {
    if ground.same {
        return Answer::new(direction, Verdict::Compatible, Proof::Structural);
    }
    let Some((old, new)) = &ground.compiled else {
        return Answer::undecided(direction, "a schema does not compile");
    };
    let (old, new) = ((ground.old, old), (ground.new, new));
    let (writes, reads) = match direction {
        Direction::Backward => (old, new),
        Direction::Forward => (new, old),
    };
    let (writer, reader) = (writes.0, reads.0);
    let judge = Judge::new(writes, reads, direction, policy);
    let lost = |record: &Value| judge.is_lost(record).then(|| record.clone());
    if let Some(witness) = samples.iter().find_map(lost).and_then(|record| judge.witness(record)) {
        return Answer::breaking(witness);
    }
    let found = match own(ground, direction, policy, effort) {
        Found::Value(record) => judge.witness(record),
        Found::Empty => return Answer::new(direction, Verdict::Compatible, Proof::Structural),
        Found::Unknown => None,
    };
    match found.or_else(|| guessed(writer, &judge, policy, effort)) {
        Some(witness) => Answer::breaking(witness),
        None => asked(writer, reader, direction, policy),
    }
}

/// Records by chance, always the same ones, for what the rules left open.
fn guessed(writer: &Schema, judge: &Judge<'_>, policy: Policy, effort: Effort) -> Option<Witness> {
    let mut records = Generator::new(writer, 1).ok()?;
    // Judging a record costs more the larger the schema is.
    let weight = 1 + writer.document().to_string().len() / 64;
    let most = effort.records.min(effort.steps / 16 / weight);
    (0..most).find_map(|_| {
        let record = records.attempt()?;
        let record = if policy == Policy::Role { strip(writer, &record) } else { record };
        judge.witness(record)
    })
}

/// Our own rules: a record that is lost, or a proof that there is none.
fn own(ground: &Ground<'_>, direction: Direction, policy: Policy, effort: Effort) -> Found {
    match solved(ground, direction, policy, effort, false) {
        // Whatever the lists hold, it was not decided. A record may be lost for another reason than a list.
        Found::Unknown if asks_lists(ground.old) || asks_lists(ground.new) => {
            match solved(ground, direction, policy, effort, true) {
                Found::Value(record) => Found::Value(record),
                Found::Empty | Found::Unknown => Found::Unknown,
            }
        }
        found => found,
    }
}

fn asks_lists(schema: &Schema) -> bool {
    let asked = &schema.inner.asked;
    !asked.formats.is_empty() || !asked.keywords.is_empty()
}

fn solved(
    ground: &Ground<'_>,
    direction: Direction,
    policy: Policy,
    effort: Effort,
    trusts_lists: bool,
) -> Found {
    let Some(pair) = ground.pair.clone() else { return Found::Unknown };
    let pair = match direction {
        Direction::Backward => pair,
        Direction::Forward => pair.swapped(),
    };
    let (mut world, writer, reader) = World::new(pair, effort.steps);
    let same = world.arena.real(writer) == world.arena.real(reader);
    let places = match policy {
        Policy::Strict => None,
        Policy::Role => match (world.place(vec![writer]), world.place(vec![reader])) {
            (Some(writer), Some(reader)) => Some((writer, reader)),
            _ => return Found::Unknown,
        },
    };
    if same {
        return Found::Empty;
    }
    let wanted = Lit { id: writer, yes: true, reader: false };
    let refused = Lit { id: reader, yes: false, reader: policy == Policy::Role };
    world.trusts_lists = trusts_lists;
    Solver::new(world).solve(Goal::new(vec![wanted, refused], places))
}

/// Whether references mean what our rules take them for: no schema inside has an address of its own.
fn is_plain(schema: &Schema) -> bool {
    schema.inner.profile.refs == Refs::SameDocument
}

/// The oracle's answer for what our own rules left open.
fn asked(writer: &Schema, reader: &Schema, direction: Direction, policy: Policy) -> Answer {
    // Where nothing is declared, readers see everything, and both policies are the same.
    if policy == Policy::Role && (declares(writer.document()) || declares(reader.document())) {
        return Answer::undecided(direction, "neither proved nor refuted within the effort");
    }
    // The oracle knows no code lists.
    if asks_lists(writer) || asks_lists(reader) {
        return Answer::undecided(direction, "code lists decide, and what is in them changes");
    }
    match oracle::included(writer, reader) {
        oracle::Answer::Inside => Answer::new(direction, Verdict::Compatible, Proof::Oracle),
        oracle::Answer::Outside => Answer::new(direction, Verdict::Breaking, Proof::Oracle),
        oracle::Answer::Unknown => {
            Answer::undecided(direction, "neither proved nor refuted within the effort")
        }
    }
}

fn declares(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().any(|(name, value)| {
            matches!(name.as_str(), "properties" | "patternProperties") || declares(value)
        }),
        Value::Array(items) => items.iter().any(declares),
        _ => false,
    }
}
