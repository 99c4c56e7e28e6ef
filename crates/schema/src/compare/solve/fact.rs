//! What a branch knows about its value, in the smallest words.

use std::rc::Rc;

use serde_json::Value;

use super::Lit;
use crate::compare::ir::{Items, Kind, Props, Rule};

/// One thing that the value shall be.
#[derive(Debug, Clone)]
pub(super) enum Fact {
    /// One of these, as the reader sees it or as it is.
    Within(Rc<Vec<Value>>, bool),
    /// None of these.
    Without(Rc<Vec<Value>>),
    AtLeast(f64, bool),
    AtMost(f64, bool),
    Multiple(f64, bool),
    MinLength(u64),
    MaxLength(u64),
    Pattern(Rc<str>, bool),
    Format(Rc<str>, bool),
    Content(&'static str, Rc<str>, bool),
    Items(Rc<Items>, bool),
    /// The item at this place.
    ItemAt(usize, Lit),
    /// Some item from this place on.
    ItemFrom(usize, Lit),
    AtLeastItems(u64, Lit),
    AtMostItems(u64, Lit),
    MinItems(u64),
    MaxItems(u64),
    Unique,
    Repeated,
    Props(Rc<Props>, bool),
    Names(Lit),
    Has(String, bool),
    Lacks(String, bool),
    /// A property that is there, and its value.
    PropertyIs(String, Lit),
    /// Some property whose name matches.
    SomeMatch(Rc<str>, Lit),
    /// Some property that the others of the rule do not name.
    SomeRest(Rc<Props>, Lit),
    /// Some property's name.
    SomeName(Lit),
    MinSize(u64, bool),
    MaxSize(u64, bool),
    Opaque(Rc<str>, bool),
}

/// A part of an alternative.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Lit(Lit),
    /// A rule that shall not hold.
    Against(Rc<[Rule]>, usize, bool),
    Fact(Fact),
}

/// Ways to go on, of which one is enough.
pub(super) type Choice = Vec<Vec<Item>>;

/// Branches of a `oneOf` that are paired with each other.
const MAX_PAIRED: usize = 40;

/// What follows from a rule.
pub(super) enum Step {
    /// Nothing: it holds anyway.
    Holds,
    /// It cannot be.
    Contradiction,
    Facts(Vec<Fact>),
    Lits(Vec<Lit>),
    Choose(Choice),
}

fn flag(holds: bool) -> Step {
    if holds { Step::Holds } else { Step::Contradiction }
}

fn one(fact: Fact) -> Step {
    Step::Facts(vec![fact])
}

fn choose(facts: impl IntoIterator<Item = Fact>) -> Step {
    Step::Choose(facts.into_iter().map(|fact| vec![Item::Fact(fact)]).collect())
}

/// Takes a rule apart for values of one kind: it shall hold, or shall not.
pub(super) fn step(rule: &Rule, yes: bool, reader: bool, kind: Kind) -> Step {
    if rule.kinds() & kind.bit() == 0 {
        return flag(yes);
    }
    let lit = |id, yes| Lit { id, yes, reader };
    match (rule, yes) {
        (Rule::Types(types), _) => flag((types & kind.bit() != 0) == yes),
        (Rule::Enum(values), true) => one(Fact::Within(Rc::new(values.clone()), reader)),
        (Rule::Enum(values), false) => one(Fact::Without(Rc::new(values.clone()))),
        (Rule::AtLeast(n, exclusive), true) => one(Fact::AtLeast(*n, *exclusive)),
        (Rule::AtLeast(n, exclusive), false) => one(Fact::AtMost(*n, !exclusive)),
        (Rule::AtMost(n, exclusive), true) => one(Fact::AtMost(*n, *exclusive)),
        (Rule::AtMost(n, exclusive), false) => one(Fact::AtLeast(*n, !exclusive)),
        (Rule::Multiple(n), _) => one(Fact::Multiple(*n, yes)),
        (Rule::MinLength(n), true) => one(Fact::MinLength(*n)),
        (Rule::MinLength(n), false) => one(Fact::MaxLength(n.saturating_sub(1))),
        (Rule::MaxLength(n), true) => one(Fact::MaxLength(*n)),
        (Rule::MaxLength(n), false) => one(Fact::MinLength(n.saturating_add(1))),
        (Rule::Pattern(pattern), _) => one(Fact::Pattern(Rc::clone(pattern), yes)),
        (Rule::Format(format), _) => one(Fact::Format(Rc::clone(format), yes)),
        (Rule::Content(keyword, name), _) => one(Fact::Content(keyword, Rc::clone(name), yes)),
        (Rule::Items(items), true) => one(Fact::Items(Rc::clone(items), reader)),
        (Rule::Items(items), false) => {
            let at =
                items.prefix.iter().enumerate().map(|(n, id)| Fact::ItemAt(n, lit(*id, false)));
            let rest = items.rest.map(|id| Fact::ItemFrom(items.prefix.len(), lit(id, false)));
            choose(at.chain(rest))
        }
        (Rule::Contains { id, min, max }, true) => {
            let least = (*min > 0).then(|| Fact::AtLeastItems(*min, lit(*id, true)));
            let most = max.map(|max| Fact::AtMostItems(max, lit(*id, true)));
            Step::Facts(least.into_iter().chain(most).collect())
        }
        (Rule::Contains { id, min, max }, false) => {
            let fewer = (*min > 0).then(|| Fact::AtMostItems(min - 1, lit(*id, true)));
            let more = max.map(|max| Fact::AtLeastItems(max.saturating_add(1), lit(*id, true)));
            choose(fewer.into_iter().chain(more))
        }
        (Rule::MinItems(n), true) => one(Fact::MinItems(*n)),
        (Rule::MinItems(n), false) => one(Fact::MaxItems(n.saturating_sub(1))),
        (Rule::MaxItems(n), true) => one(Fact::MaxItems(*n)),
        (Rule::MaxItems(n), false) => one(Fact::MinItems(n.saturating_add(1))),
        (Rule::Unique, true) => one(Fact::Unique),
        (Rule::Unique, false) => one(Fact::Repeated),
        (Rule::Props(props), true) => one(Fact::Props(Rc::clone(props), reader)),
        (Rule::Props(props), false) => {
            let named = props
                .named
                .iter()
                .map(|(name, id)| Fact::PropertyIs(name.clone(), lit(*id, false)));
            let matching =
                props.patterns.iter().map(|(p, id)| Fact::SomeMatch(Rc::clone(p), lit(*id, false)));
            let rest = props.rest.map(|id| Fact::SomeRest(Rc::clone(props), lit(id, false)));
            choose(named.chain(matching).chain(rest))
        }
        (Rule::Names(id), true) => one(Fact::Names(lit(*id, true))),
        (Rule::Names(id), false) => one(Fact::SomeName(lit(*id, false))),
        (Rule::Required(names), true) => {
            Step::Facts(names.iter().map(|name| Fact::Has(name.clone(), reader)).collect())
        }
        (Rule::Required(names), false) => {
            choose(names.iter().map(|name| Fact::Lacks(name.clone(), reader)))
        }
        (Rule::MinSize(n), true) => one(Fact::MinSize(*n, reader)),
        (Rule::MinSize(n), false) => one(Fact::MaxSize(n.saturating_sub(1), reader)),
        (Rule::MaxSize(n), true) => one(Fact::MaxSize(*n, reader)),
        (Rule::MaxSize(n), false) => one(Fact::MinSize(n.saturating_add(1), reader)),
        (Rule::Depends(name, id), true) => Step::Choose(vec![
            vec![Item::Fact(Fact::Lacks(name.clone(), reader))],
            vec![Item::Fact(Fact::Has(name.clone(), reader)), Item::Lit(lit(*id, true))],
        ]),
        (Rule::Depends(name, id), false) => Step::Choose(vec![vec![
            Item::Fact(Fact::Has(name.clone(), reader)),
            Item::Lit(lit(*id, false)),
        ]]),
        (Rule::All(ids), true) => Step::Lits(ids.iter().map(|id| lit(*id, true)).collect()),
        (Rule::All(ids), false) => {
            Step::Choose(ids.iter().map(|id| vec![Item::Lit(lit(*id, false))]).collect())
        }
        (Rule::Any(ids), true) => {
            Step::Choose(ids.iter().map(|id| vec![Item::Lit(lit(*id, true))]).collect())
        }
        (Rule::Any(ids), false) => Step::Lits(ids.iter().map(|id| lit(*id, false)).collect()),
        // Relaxed where writing all of it down would cost too much: what is found is evaluated in full, and where the
        // relaxed form has no value, the full one has none either.
        (Rule::One(ids), true) if ids.len() > MAX_PAIRED => {
            Step::Choose(ids.iter().map(|id| vec![Item::Lit(lit(*id, true))]).collect())
        }
        (Rule::One(ids), false) if ids.len() > MAX_PAIRED => {
            let none = ids.iter().map(|id| Item::Lit(lit(*id, false))).collect();
            Step::Choose(vec![
                none,
                vec![Item::Fact(Fact::Opaque(Rc::from("several of many"), true))],
            ])
        }
        (Rule::One(ids), true) => {
            let only = |n: usize| {
                ids.iter().enumerate().map(move |(m, id)| Item::Lit(lit(*id, m == n))).collect()
            };
            Step::Choose((0..ids.len()).map(only).collect())
        }
        (Rule::One(ids), false) => {
            let none = ids.iter().map(|id| Item::Lit(lit(*id, false))).collect();
            let pairs = ids.iter().enumerate().flat_map(|(n, a)| {
                ids.iter()
                    .skip(n + 1)
                    .map(move |b| vec![Item::Lit(lit(*a, true)), Item::Lit(lit(*b, true))])
            });
            Step::Choose(std::iter::once(none).chain(pairs).collect())
        }
        (Rule::Not(id), _) => Step::Lits(vec![lit(*id, !yes)]),
        (Rule::If(condition, then, other), _) => Step::Choose(vec![
            vec![Item::Lit(lit(*condition, true)), Item::Lit(lit(*then, yes))],
            vec![Item::Lit(lit(*condition, false)), Item::Lit(lit(*other, yes))],
        ]),
        (Rule::Opaque { text, .. }, _) => one(Fact::Opaque(Rc::clone(text), yes)),
    }
}
