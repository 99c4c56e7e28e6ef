//! Branches without choices left: what the facts of one kind allow.

use std::rc::Rc;

use serde_json::{Value, json};

use super::{
    Found, Goal, Solver,
    fact::Fact,
    number::{Range, divides},
};
use crate::compare::ir::Kind;

impl Solver<'_> {
    /// Tells, cheaply, whether facts contradict each other.
    pub(super) fn contradicts(&mut self, goal: &Goal, kind: Kind, facts: &[Fact]) -> bool {
        let alike = kind.is_scalar() || goal.sees_alike();
        match kind {
            Kind::Integral | Kind::Fractional => {
                Range::of(facts).is_empty(kind) || divides(kind, facts)
            }
            Kind::Text => lengths(facts).is_none() || asserted_both_ways(facts),
            Kind::Array => items(facts).is_none() || (alike && asserted_both_ways(facts)),
            Kind::Object => {
                (alike && asserted_both_ways(facts)) || lacks_what_it_has(facts, goal.sees_alike())
            }
            Kind::Null | Kind::Boolean => asserted_both_ways(facts),
        }
    }

    /// Looks for a value when nothing is left to choose.
    pub(super) fn leaf(&mut self, goal: &Goal, kind: Kind, facts: &[Fact], more: &[Fact]) -> Found {
        if let Some(found) = self.listed(goal, kind, facts, more) {
            return found;
        }
        match kind {
            Kind::Null => self.try_all(goal, more, [Value::Null], true),
            Kind::Boolean => self.try_all(goal, more, [json!(true), json!(false)], true),
            Kind::Integral | Kind::Fractional => self.number(goal, kind, facts, more),
            Kind::Text => self.text(goal, facts, more),
            Kind::Array => self.array(goal, facts, more),
            Kind::Object => self.object(goal, facts, more),
        }
    }

    /// Tries the members of an `enum`, if there is one.
    fn listed(&mut self, goal: &Goal, kind: Kind, facts: &[Fact], more: &[Fact]) -> Option<Found> {
        let lists = facts.iter().filter_map(|fact| match fact {
            Fact::Within(values, reader) => Some((Rc::clone(values), *reader)),
            _ => None,
        });
        // As it is, before as the reader sees it: of the latter there may be others than those listed.
        let (values, reader) = lists.min_by_key(|(_, reader)| *reader)?;
        let complete = !reader || kind.is_scalar() || goal.sees_alike();
        let values: Vec<Value> =
            values.iter().filter(|value| Kind::of(value) == kind).cloned().collect();
        if values.is_empty() {
            return Some(Found::Empty);
        }
        Some(self.try_all(goal, more, values, complete))
    }
}

/// The least and greatest length. `None`: there is none.
pub(super) fn lengths(facts: &[Fact]) -> Option<(u64, Option<u64>)> {
    let min = facts
        .iter()
        .filter_map(|f| if let Fact::MinLength(n) = f { Some(*n) } else { None })
        .max()
        .unwrap_or(0);
    let max =
        facts.iter().filter_map(|f| if let Fact::MaxLength(n) = f { Some(*n) } else { None }).min();
    max.is_none_or(|max| min <= max).then_some((min, max))
}

/// The least and greatest number of items. `None`: there is none.
pub(super) fn items(facts: &[Fact]) -> Option<(u64, Option<u64>)> {
    let min = facts.iter().filter_map(|f| match f {
        Fact::MinItems(n) | Fact::AtLeastItems(n, _) => Some(*n),
        Fact::ItemAt(n, _) | Fact::ItemFrom(n, _) => Some(*n as u64 + 1),
        Fact::Repeated => Some(2),
        _ => None,
    });
    let min = min.max().unwrap_or(0);
    let max =
        facts.iter().filter_map(|f| if let Fact::MaxItems(n) = f { Some(*n) } else { None }).min();
    max.is_none_or(|max| min <= max).then_some((min, max))
}

fn asserted_both_ways(facts: &[Fact]) -> bool {
    let against = |a: &Fact, b: &Fact| match (a, b) {
        (Fact::Pattern(x, true), Fact::Pattern(y, false))
        | (Fact::Format(x, true), Fact::Format(y, false))
        | (Fact::Opaque(x, true), Fact::Opaque(y, false)) => x == y,
        (Fact::Content(k, x, true), Fact::Content(l, y, false)) => k == l && x == y,
        (Fact::Unique, Fact::Repeated) => true,
        _ => false,
    };
    let special = |fact: &&Fact| {
        matches!(
            fact,
            Fact::Pattern(..)
                | Fact::Format(..)
                | Fact::Opaque(..)
                | Fact::Content(..)
                | Fact::Unique
                | Fact::Repeated
        )
    };
    let special: Vec<&Fact> = facts.iter().filter(special).collect();
    special.iter().any(|a| special.iter().any(|b| against(a, b)))
}

fn lacks_what_it_has(facts: &[Fact], alike: bool) -> bool {
    let lacking = facts.iter().filter_map(|f| {
        if let Fact::Lacks(name, reader) = f { Some((name, reader)) } else { None }
    });
    lacking.into_iter().any(|(name, reader)| {
        facts.iter().any(|fact| match fact {
            Fact::Has(other, by) | Fact::PropertyIs(other, super::Lit { reader: by, .. }) => {
                // What nobody has, the reader does not see either.
                other == name && (alike || by == reader || !reader)
            }
            _ => false,
        })
    })
}
