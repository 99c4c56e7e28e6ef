//! `unevaluatedProperties` and `unevaluatedItems`, where what is evaluated does not depend on the record.

use std::rc::Rc;

use serde_json::Value;

use super::{Lowering, keywords::Here};
use crate::{
    compare::ir::{Id, Items, Kind, Props, Rule},
    schema::Dialect,
};

/// Rules looked at in one document before everything counts as depending on the record.
const MAX_LOOKED: usize = 20_000;

/// What the rules beside such a keyword evaluate in every record they accept.
#[derive(Default)]
struct Evaluated {
    names: Vec<String>,
    patterns: Vec<Rc<str>>,
    prefix: usize,
    all_names: bool,
    all_items: bool,
    /// It depends on the record.
    varies: bool,
}

impl Lowering<'_> {
    pub(super) fn unevaluated(&mut self, here: &mut Here<'_>) {
        if self.inner.dialect == Dialect::Draft7 {
            return;
        }
        let properties = here.members.get("unevaluatedProperties");
        let items = here.members.get("unevaluatedItems");
        if properties.is_none() && items.is_none() {
            return;
        }
        let mut evaluated = Evaluated::default();
        self.evaluated(here.rules, &mut evaluated, 0);
        evaluated.names.sort();
        evaluated.names.dedup();
        if let Some(schema) = properties {
            let id = self.child(here, "unevaluatedProperties", schema);
            let rule = self.properties_rule(schema, id, &evaluated);
            here.rules.push(rule);
        }
        if let Some(schema) = items {
            let id = self.child(here, "unevaluatedItems", schema);
            let contains = here.members.contains_key("contains");
            let rule = self.items_rule(id, &evaluated, contains);
            here.rules.extend(rule);
        }
    }

    fn properties_rule(&mut self, schema: &Value, id: Id, evaluated: &Evaluated) -> Rule {
        if evaluated.varies && !self.arena.accepts_everything(id) {
            let text = Rc::from(format!("unevaluatedProperties {}", self.arena.next()));
            let kinds = Kind::Object.bit();
            return Rule::Opaque { text, kinds, map: schema.is_object(), below: Some(id) };
        }
        let any = self.arena.intern(Vec::new());
        let rest = if evaluated.all_names || evaluated.varies { any } else { id };
        Rule::Props(Rc::new(Props {
            named: evaluated.names.iter().map(|name| (name.clone(), any)).collect(),
            patterns: evaluated.patterns.iter().map(|pattern| (Rc::clone(pattern), any)).collect(),
            rest: Some(rest),
            map: schema.is_object(),
        }))
    }

    fn items_rule(&mut self, id: Id, evaluated: &Evaluated, contains: bool) -> Option<Rule> {
        if evaluated.all_items || self.arena.accepts_everything(id) {
            return None;
        }
        if evaluated.varies || contains {
            let text = Rc::from(format!("unevaluatedItems {}", self.arena.next()));
            return Some(Rule::Opaque {
                text,
                kinds: Kind::Array.bit(),
                map: false,
                below: Some(id),
            });
        }
        let any = self.arena.intern(Vec::new());
        Some(Rule::Items(Rc::new(Items { prefix: vec![any; evaluated.prefix], rest: Some(id) })))
    }

    /// Adds what the rules evaluate; what applies in some records only makes it vary.
    fn evaluated(&self, rules: &[Rule], found: &mut Evaluated, depth: usize) {
        // Shared references could be walked again and again.
        self.looked.set(self.looked.get() + rules.len());
        if depth > 32 || self.looked.get() > MAX_LOOKED {
            found.varies = true;
            return;
        }
        for rule in rules {
            match rule {
                Rule::Props(props) => {
                    found.names.extend(props.named.iter().map(|(name, _)| name.clone()));
                    found
                        .patterns
                        .extend(props.patterns.iter().map(|(pattern, _)| Rc::clone(pattern)));
                    found.all_names |= props.rest.is_some();
                }
                Rule::Items(items) => {
                    found.prefix = found.prefix.max(items.prefix.len());
                    found.all_items |= items.rest.is_some();
                }
                Rule::All(ids) => {
                    for id in ids {
                        match self.arena.rules(*id) {
                            Some(rules) => self.evaluated(&rules, found, depth + 1),
                            None => found.varies = true,
                        }
                    }
                }
                Rule::Opaque { .. } => found.varies = true,
                Rule::Any(_) | Rule::One(_) | Rule::If(..) | Rule::Depends(..) => {
                    found.varies |= !self.evaluates_nothing(rule, depth);
                }
                Rule::Contains { .. } => found.varies |= depth > 0,
                _ => {}
            }
        }
    }

    /// Tells whether no branch of the rule looks at properties or items.
    fn evaluates_nothing(&self, rule: &Rule, depth: usize) -> bool {
        let ids: Vec<Id> = match rule {
            Rule::Any(ids) | Rule::One(ids) => ids.clone(),
            Rule::If(a, b, c) => vec![*a, *b, *c],
            Rule::Depends(_, id) => vec![*id],
            _ => return false,
        };
        ids.iter().all(|id| {
            let Some(rules) = self.arena.rules(*id) else { return false };
            let mut below = Evaluated::default();
            self.evaluated(&rules, &mut below, depth + 1);
            let Evaluated { names, patterns, prefix, all_names, all_items, varies } = below;
            names.is_empty()
                && patterns.is_empty()
                && prefix == 0
                && !all_names
                && !all_items
                && !varies
        })
    }
}
