//! `unevaluatedProperties` and `unevaluatedItems`: what is evaluated in every record, and what only where a branch holds.

use std::rc::Rc;

use serde_json::Value;

use super::{Lowering, keywords::Here};
use crate::{
    compare::ir::{Id, Items, Kind, Props, Rule},
    schema::Dialect,
};

/// Rules looked at in one document before everything counts as depending on the record.
const MAX_LOOKED: usize = 20_000;
/// Branches that may each hold or not: every combination has rules of its own.
const MAX_BRANCHES: usize = 5;

/// What the rules beside such a keyword evaluate in the records they accept.
#[derive(Clone, Default)]
struct Evaluated {
    names: Vec<String>,
    patterns: Vec<Rc<str>>,
    prefix: usize,
    /// Items that one of these accepts.
    items: Vec<Id>,
    all_names: bool,
    all_items: bool,
    /// What else is evaluated where the schema holds, or where it does not.
    branches: Vec<Branch>,
    /// It depends on the record in a way that is not followed.
    varies: bool,
}

#[derive(Clone)]
struct Branch {
    condition: Id,
    holds: bool,
    evaluated: Evaluated,
}

impl Evaluated {
    /// Counts what is evaluated unconditionally in `other`, and leaves its branches open.
    fn add(&mut self, other: Self) {
        self.names.extend(other.names);
        self.patterns.extend(other.patterns);
        self.prefix = self.prefix.max(other.prefix);
        self.items.extend(other.items);
        self.all_names |= other.all_names;
        self.all_items |= other.all_items;
        self.branches.extend(other.branches);
        self.varies |= other.varies;
    }

    fn is_nothing(&self) -> bool {
        self.names.is_empty()
            && self.patterns.is_empty()
            && self.prefix == 0
            && self.items.is_empty()
            && !self.all_names
            && !self.all_items
            && self.branches.is_empty()
            && !self.varies
    }

    /// How many conditions there are, those inside others included.
    fn conditions(&self) -> usize {
        self.branches.iter().map(|branch| 1 + branch.evaluated.conditions()).sum()
    }
}

/// The keyword that is lowered.
#[derive(Clone, Copy)]
struct Keyword<'a> {
    name: &'static str,
    schema: &'a Value,
    id: Id,
}

impl Lowering<'_> {
    pub(super) fn unevaluated(&mut self, here: &mut Here<'_>) {
        if self.inner.dialect == Dialect::Draft7 {
            return;
        }
        let keywords = ["unevaluatedProperties", "unevaluatedItems"];
        if !keywords.iter().any(|name| here.members.contains_key(*name)) {
            return;
        }
        let evaluated = self.evaluated(here.rules, 0);
        for name in keywords {
            let Some(schema) = here.members.get(name) else { continue };
            let id = self.child(here, name, schema);
            let rules = self.split(Keyword { name, schema, id }, evaluated.clone());
            here.rules.extend(rules);
        }
    }

    /// The rules of the keyword: the same for all records, or by the branches that hold.
    fn split(&mut self, keyword: Keyword<'_>, mut evaluated: Evaluated) -> Vec<Rule> {
        if self.arena.accepts_everything(keyword.id) {
            // Nothing is refused here, but a schema around this one must see that all is evaluated.
            return vec![self.rest(keyword, Evaluated::default())];
        }
        if evaluated.varies || evaluated.conditions() > MAX_BRANCHES {
            return vec![self.opaque(keyword)];
        }
        let Some(Branch { condition, holds, evaluated: more }) = evaluated.branches.pop() else {
            return vec![self.rest(keyword, evaluated)];
        };
        let mut all = evaluated.clone();
        all.add(more);
        let with = self.split(keyword, all);
        let with = self.arena.intern(with);
        let without = self.split(keyword, evaluated);
        let without = self.arena.intern(without);
        let (yes, no) = if holds { (with, without) } else { (without, with) };
        vec![Rule::If(condition, yes, no)]
    }

    fn opaque(&self, keyword: Keyword<'_>) -> Rule {
        let properties = keyword.name == "unevaluatedProperties";
        let kind = if properties { Kind::Object } else { Kind::Array };
        Rule::Opaque {
            text: Rc::from(format!("{} {}", keyword.name, self.arena.next())),
            kinds: kind.bit(),
            map: properties && keyword.schema.is_object(),
            below: Some(keyword.id),
        }
    }

    /// What is not evaluated has to be what the keyword says.
    fn rest(&mut self, keyword: Keyword<'_>, mut evaluated: Evaluated) -> Rule {
        let any = self.arena.intern(Vec::new());
        if keyword.name == "unevaluatedProperties" {
            evaluated.names.sort();
            evaluated.names.dedup();
            let rest = if evaluated.all_names { any } else { keyword.id };
            let patterns = evaluated.patterns.into_iter().map(|pattern| (pattern, any));
            return Rule::Props(Rc::new(Props {
                named: evaluated.names.into_iter().map(|name| (name, any)).collect(),
                patterns: patterns.collect(),
                rest: Some(rest),
                map: keyword.schema.is_object(),
            }));
        }
        let rest = if evaluated.all_items {
            any
        } else if evaluated.items.is_empty() {
            keyword.id
        } else {
            // Items that `contains` accepts are evaluated, wherever they are.
            evaluated.items.push(keyword.id);
            self.arena.intern(vec![Rule::Any(evaluated.items)])
        };
        Rule::Items(Rc::new(Items { prefix: vec![any; evaluated.prefix], rest: Some(rest) }))
    }

    /// Returns what the rules evaluate.
    fn evaluated(&mut self, rules: &[Rule], depth: usize) -> Evaluated {
        let mut found = Evaluated::default();
        // Shared references could be walked again and again.
        self.looked.set(self.looked.get() + rules.len());
        if depth > 32 || self.looked.get() > MAX_LOOKED {
            found.varies = true;
            return found;
        }
        for rule in rules {
            match rule {
                Rule::Props(props) => {
                    found.names.extend(props.named.iter().map(|(name, _)| name.clone()));
                    let patterns = props.patterns.iter().map(|(pattern, _)| Rc::clone(pattern));
                    found.patterns.extend(patterns);
                    found.all_names |= props.rest.is_some();
                }
                Rule::Items(items) => {
                    found.prefix = found.prefix.max(items.prefix.len());
                    found.all_items |= items.rest.is_some();
                }
                Rule::Contains { id, .. } => found.items.push(*id),
                Rule::All(ids) => {
                    for id in ids {
                        let below = self.evaluated_by(*id, depth);
                        found.add(below);
                    }
                }
                Rule::Opaque { .. } => found.varies = true,
                Rule::Any(_) | Rule::One(_) | Rule::If(..) | Rule::Depends(..) => {
                    self.branches(rule, depth, &mut found);
                }
                _ => {}
            }
        }
        found
    }

    fn evaluated_by(&mut self, id: Id, depth: usize) -> Evaluated {
        match self.arena.rules(id) {
            Some(rules) => self.evaluated(&rules, depth + 1),
            None => Evaluated { varies: true, ..Evaluated::default() },
        }
    }

    /// Adds what the rule's branches evaluate where they hold.
    fn branches(&mut self, rule: &Rule, depth: usize, found: &mut Evaluated) {
        let mut push = |condition, holds, evaluated: Evaluated| {
            found.varies |= evaluated.varies;
            if !evaluated.is_nothing() {
                found.branches.push(Branch { condition, holds, evaluated });
            }
        };
        match rule {
            Rule::Any(ids) | Rule::One(ids) => {
                for id in ids {
                    push(*id, true, self.evaluated_by(*id, depth));
                }
            }
            Rule::If(condition, then, other) => {
                let mut both = self.evaluated_by(*condition, depth);
                both.add(self.evaluated_by(*then, depth));
                push(*condition, true, both);
                push(*condition, false, self.evaluated_by(*other, depth));
            }
            Rule::Depends(name, id) => {
                // Only objects have it: of other values nothing is evaluated.
                let there =
                    vec![Rule::Types(Kind::Object.bit()), Rule::Required(vec![name.clone()])];
                let there = self.arena.intern(there);
                push(there, true, self.evaluated_by(*id, depth));
            }
            _ => {}
        }
    }
}
