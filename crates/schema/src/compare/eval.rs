//! The rules' own evaluation of a value. `None`: a part is not understood. Validators have the last word on witnesses.

use std::rc::Rc;

use serde_json::Value;

use super::{
    ir::{Id, Items, Kind, Props, Rule},
    world::World,
};

/// Schemas inside each other that are looked into.
const MAX_DEPTH: usize = 96;

/// Equality of JSON: numbers by value, objects without order.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(a, b)| equal(a, b))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(name, a)| y.get(name).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// Tells whether two items are equal.
pub(crate) fn has_repeats(items: &[Value]) -> bool {
    items.iter().enumerate().any(|(n, a)| items.iter().skip(n + 1).any(|b| equal(a, b)))
}

/// Conjunction: one no decides, one unknown leaves it open.
fn all(mut answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    loop {
        match answers.next() {
            Some(Some(true)) => {}
            Some(Some(false)) => return Some(false),
            Some(None) => known = false,
            None => return known.then_some(true),
        }
    }
}

impl World<'_> {
    /// Tells whether the schema accepts the value.
    pub(crate) fn accepts(&mut self, id: Id, value: &Value, depth: usize) -> Option<bool> {
        if depth > MAX_DEPTH || !self.spend(1) {
            return None;
        }
        let rules = self.arena.rules(id)?;
        all(rules.iter().map(|rule| self.rule(rule, value, depth + 1)))
    }

    fn rule(&mut self, rule: &Rule, value: &Value, depth: usize) -> Option<bool> {
        if rule.kinds() & Kind::of(value).bit() == 0 {
            return Some(true);
        }
        match rule {
            Rule::Types(types) => Some(types & Kind::of(value).bit() != 0),
            Rule::Enum(values) => {
                self.spend(values.len() / 16);
                Some(values.iter().any(|one| equal(one, value)))
            }
            Rule::All(ids) => all(ids.iter().map(|id| self.accepts(*id, value, depth))),
            Rule::Any(ids) => {
                all(ids.iter().map(|id| self.accepts(*id, value, depth).map(|yes| !yes)))
                    .map(|none| !none)
            }
            Rule::One(ids) => self.one(ids, value, depth),
            Rule::Not(id) => self.accepts(*id, value, depth).map(|yes| !yes),
            Rule::If(condition, yes, no) => match self.accepts(*condition, value, depth)? {
                true => self.accepts(*yes, value, depth),
                false => self.accepts(*no, value, depth),
            },
            Rule::Opaque { .. } => None,
            _ => match value {
                Value::Number(number) => match rule {
                    Rule::Multiple(divisor) => self.is_multiple(value, *divisor),
                    _ => Some(number_rule(rule, number.as_f64()?)),
                },
                Value::String(text) => self.text_rule(rule, text, value),
                Value::Array(items) => self.array_rule(rule, items, depth),
                Value::Object(members) => self.object_rule(rule, members, depth),
                Value::Null | Value::Bool(_) => Some(true),
            },
        }
    }

    fn one(&mut self, ids: &[Id], value: &Value, depth: usize) -> Option<bool> {
        let mut found = 0;
        let mut unknown = false;
        for id in ids {
            match self.accepts(*id, value, depth) {
                Some(true) => found += 1,
                Some(false) => {}
                None => unknown = true,
            }
        }
        match (found, unknown) {
            (2.., _) => Some(false),
            (_, true) => None,
            (found, false) => Some(found == 1),
        }
    }

    fn text_rule(&mut self, rule: &Rule, text: &str, value: &Value) -> Option<bool> {
        match rule {
            Rule::MinLength(n) => Some(text.chars().count() as u64 >= *n),
            Rule::MaxLength(n) => Some(text.chars().count() as u64 <= *n),
            Rule::Pattern(pattern) => self.matches(pattern, text),
            Rule::Format(format) => self.has_format(format, value),
            Rule::Content(keyword, name) => self.has_content(keyword, name, value),
            _ => Some(true),
        }
    }

    fn array_rule(&mut self, rule: &Rule, items: &[Value], depth: usize) -> Option<bool> {
        match rule {
            Rule::MinItems(n) => Some(items.len() as u64 >= *n),
            Rule::MaxItems(n) => Some(items.len() as u64 <= *n),
            Rule::Unique => {
                self.spend(items.len().saturating_mul(items.len()) / 8);
                (!self.is_spent()).then(|| !has_repeats(items))
            }
            Rule::Items(rule) => all(items.iter().enumerate().map(|(n, item)| match rule.at(n) {
                Some(id) => self.accepts(id, item, depth),
                None => Some(true),
            })),
            Rule::Contains { id, min, max } => {
                let mut found = 0;
                for item in items {
                    found += u64::from(self.accepts(*id, item, depth)?);
                }
                Some(found >= *min && max.is_none_or(|max| found <= max))
            }
            _ => Some(true),
        }
    }

    fn object_rule(
        &mut self,
        rule: &Rule,
        members: &serde_json::Map<String, Value>,
        depth: usize,
    ) -> Option<bool> {
        match rule {
            Rule::MinSize(n) => Some(members.len() as u64 >= *n),
            Rule::MaxSize(n) => Some(members.len() as u64 <= *n),
            Rule::Required(names) => Some(names.iter().all(|name| members.contains_key(name))),
            Rule::Names(id) => all(members
                .keys()
                .map(|name| self.accepts(*id, &Value::String(name.clone()), depth))),
            Rule::Props(props) => all(members.iter().map(|(name, value)| {
                let ids = self.applying(props, name)?;
                all(ids.into_iter().map(|id| self.accepts(id, value, depth)))
            })),
            Rule::Depends(name, id) if members.contains_key(name) => {
                // The value again, since the rule applies to the whole object.
                self.accepts(*id, &Value::Object(members.clone()), depth)
            }
            _ => Some(true),
        }
    }

    /// Returns the schemas that apply to the property of this name. `None`: a pattern is not understood.
    pub(crate) fn applying(&mut self, props: &Rc<Props>, name: &str) -> Option<Vec<Id>> {
        let mut found: Vec<Id> = props.named(name).into_iter().collect();
        for (pattern, id) in &props.patterns {
            if self.matches(pattern, name)? {
                found.push(*id);
            }
        }
        if found.is_empty() {
            found.extend(props.rest);
        }
        Some(found)
    }
}

impl Props {
    /// Returns the schema that the rule names for a property.
    pub(crate) fn named(&self, name: &str) -> Option<Id> {
        let at = self.named.binary_search_by(|(one, _)| one.as_str().cmp(name)).ok()?;
        self.named.get(at).map(|(_, id)| *id)
    }
}

impl Items {
    /// Returns the schema of the item at `n`.
    pub(crate) fn at(&self, n: usize) -> Option<Id> {
        self.prefix.get(n).copied().or(self.rest)
    }
}

fn number_rule(rule: &Rule, number: f64) -> bool {
    match rule {
        Rule::AtLeast(bound, exclusive) => number > *bound || (!exclusive && number == *bound),
        Rule::AtMost(bound, exclusive) => number < *bound || (!exclusive && number == *bound),
        _ => true,
    }
}
