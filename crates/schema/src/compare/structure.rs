//! The structural difference of two schemas: names and places of what changed, and what each keyword alone tells.
//!
//! Both documents are walked side by side, through references, each pair of places once. It decides nothing.

mod bounds;
mod objects;

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use super::{
    Comparison, Policy,
    change::{Effect, Found},
};
use crate::{
    Schema,
    codes::KEYWORD,
    pointer,
    schema::{Inner, hidden_by_ref, resolve},
};

/// The differences, and whether some were left out.
#[derive(Debug, Default)]
pub(super) struct Differences {
    pub(super) changes: Vec<Found>,
    pub(super) truncated: bool,
}

/// Lists what differs.
pub(super) fn diff(old: &Schema, new: &Schema, policy: Policy) -> Differences {
    let mut walk = Walk {
        old: &old.inner,
        new: &new.inner,
        policy,
        same_dialect: old.dialect() == new.dialect(),
        seen: HashSet::new(),
        open: vec![Pair { old: String::new(), new: String::new(), plain: true }],
        found: Differences::default(),
    };
    while let Some(pair) = walk.open.pop() {
        if walk.found.changes.len() >= Comparison::MAX_CHANGES {
            walk.found.truncated = true;
            break;
        }
        walk.visit(pair);
    }
    let Differences { mut changes, truncated } = walk.found;
    changes.sort_by(|a, b| (&a.new, &a.old, a.kind).cmp(&(&b.new, &b.old, b.kind)));
    Differences { changes, truncated }
}

/// Two places that stand for the same one, in the two documents.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pair {
    old: String,
    new: String,
    /// Whether a narrower schema here makes the whole narrower: no `not`, `oneOf` or the like above.
    plain: bool,
}

impl Pair {
    fn below(&self, keyword: &str) -> Self {
        Self {
            old: pointer::join(&self.old, keyword),
            new: pointer::join(&self.new, keyword),
            plain: self.plain,
        }
    }
}

struct Walk<'s> {
    old: &'s Inner,
    new: &'s Inner,
    policy: Policy,
    same_dialect: bool,
    seen: HashSet<Pair>,
    open: Vec<Pair>,
    found: Differences,
}

type Keywords = Map<String, Value>;

/// Keywords that never decide.
fn is_annotation(keyword: &str) -> bool {
    let names = [
        "$schema",
        "$id",
        "$comment",
        "$anchor",
        "$defs",
        "definitions",
        "$vocabulary",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentSchema",
    ];
    names.contains(&keyword) || keyword.starts_with("x-") && keyword != KEYWORD
}

impl<'s> Walk<'s> {
    fn visit(&mut self, pair: Pair) {
        let Some((old_at, old)) = target(self.old, &pair.old) else { return };
        let Some((new_at, new)) = target(self.new, &pair.new) else { return };
        let pair = Pair { old: old_at, new: new_at, plain: pair.plain };
        let recursive = self.same_dialect && old == new && !has_reference(old);
        if recursive || !self.seen.insert(pair.clone()) {
            return;
        }
        match (old, new) {
            (Value::Object(before), Value::Object(after)) => self.keywords(&pair, before, after),
            _ if old == new => {}
            _ => self.booleans(&pair, old, new),
        }
    }

    fn booleans(&mut self, pair: &Pair, old: &Value, new: &Value) {
        let accepts_all = |schema: &Value| {
            *schema == Value::Bool(true) || schema.as_object().is_some_and(Map::is_empty)
        };
        let effect = if accepts_all(old) && accepts_all(new) {
            Effect::NEUTRAL
        } else if accepts_all(new) || *old == Value::Bool(false) {
            Effect::WIDER
        } else {
            Effect::NARROWER
        };
        self.report(
            pair,
            None,
            "schema-replaced",
            effect,
            "the whole schema here was replaced".to_owned(),
        );
    }

    fn keywords(&mut self, pair: &Pair, old: &'s Keywords, new: &'s Keywords) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        objects::compare(self, pair, old, new);
        for name in names {
            let (before, after) = (old.get(name), new.get(name));
            if objects::owns(name) {
                continue;
            }
            match (before, after) {
                (Some(a), Some(b)) if a == b && !has_reference(a) => {}
                _ if is_annotation(name) => self.annotation(pair, name, before, after),
                (Some(a), Some(b)) => self.changed(pair, name, a, b),
                (before, _) => self.appeared(pair, name, before.is_none(), before.or(after)),
            }
        }
    }

    fn annotation(
        &mut self,
        pair: &Pair,
        name: &str,
        before: Option<&Value>,
        after: Option<&Value>,
    ) {
        let holds_schemas = matches!(name, "$defs" | "definitions");
        if holds_schemas || before == after {
            return;
        }
        let message = format!("the annotation {name} changed");
        self.push(pair, Some(name), "annotation-changed", Effect::NEUTRAL, message, None, true);
    }

    fn changed(&mut self, pair: &Pair, name: &str, a: &'s Value, b: &'s Value) {
        if self.descend(pair, name, a, b) {
            return;
        }
        let (kind, effect) = bounds::changed(name, a, b);
        let message = bounds::message(name, a, b);
        self.report(pair, Some(name), kind, effect, message);
    }

    fn appeared(&mut self, pair: &Pair, name: &str, added: bool, value: Option<&Value>) {
        if !bounds::is_known(name) {
            let message = format!("the keyword {name}, which decides nothing, changed");
            self.push(pair, Some(name), "annotation-changed", Effect::NEUTRAL, message, None, true);
            return;
        }
        let idle = value.is_some_and(|value| bounds::accepts_everything(name, value));
        let effect = match (idle, added) {
            (true, _) => Effect::NEUTRAL,
            (false, true) => Effect::NARROWER,
            (false, false) => Effect::WIDER,
        };
        let kind = if added { "constraint-added" } else { "constraint-removed" };
        let verb = if added { "added" } else { "removed" };
        self.report(pair, Some(name), kind, effect, format!("{name} was {verb}"));
    }

    /// Goes on below a keyword that holds schemas on both sides. `false`: it does not, or they do not pair up.
    fn descend(&mut self, pair: &Pair, name: &str, a: &Value, b: &Value) -> bool {
        let plain = matches!(name, "allOf" | "anyOf" | "items" | "prefixItems" | "additionalItems");
        let mut here = pair.below(name);
        here.plain &= plain;
        match (name, a, b) {
            (
                "items" | "not" | "if" | "then" | "else" | "contains" | "additionalItems"
                | "propertyNames",
                _,
                _,
            ) if !a.is_array() && !b.is_array() => {
                self.open.push(here);
                true
            }
            ("unevaluatedItems" | "unevaluatedProperties", _, _) => {
                self.open.push(here);
                true
            }
            (
                "allOf" | "anyOf" | "oneOf" | "prefixItems" | "items",
                Value::Array(x),
                Value::Array(y),
            ) if x.len() == y.len() => {
                for n in 0..x.len() {
                    self.open.push(here.below(&n.to_string()));
                }
                true
            }
            ("$ref", ..) => true,
            _ => false,
        }
    }

    fn report(
        &mut self,
        pair: &Pair,
        name: Option<&str>,
        kind: &'static str,
        effect: Effect,
        message: String,
    ) {
        let suggestion = bounds::suggestion(kind);
        self.push(pair, name, kind, effect, message, suggestion, false);
    }

    /// Says of the last difference which property it is about.
    fn about(&mut self, member: &str) {
        if let Some(last) = self.found.changes.last_mut() {
            last.member = Some(member.to_owned());
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a finding, each named at the call")]
    fn push(
        &mut self,
        pair: &Pair,
        name: Option<&str>,
        kind: &'static str,
        effect: Effect,
        message: String,
        suggestion: Option<&str>,
        annotation: bool,
    ) {
        let place = |inner: &Inner, at: &str| {
            let longer = name.map_or_else(|| at.to_owned(), |name| pointer::join(at, name));
            inner.root.pointer(&longer).map(|_| longer)
        };
        let effect = if pair.plain || annotation { effect } else { Effect::UNKNOWN };
        self.found.changes.push(Found {
            kind,
            old: place(self.old, &pair.old),
            new: place(self.new, &pair.new),
            effect,
            message,
            suggestion: suggestion.map(ToOwned::to_owned),
            member: None,
            annotation,
        });
    }
}

/// Follows references that stand alone, or hide what stands beside them.
fn target<'s>(inner: &'s Inner, pointer: &str) -> Option<(String, &'s Value)> {
    let mut at = pointer.to_owned();
    let mut schema = inner.root.pointer(&at)?;
    for _ in 0..64 {
        let alone = schema.as_object().is_some_and(|keywords| {
            keywords.keys().all(|name| name == "$ref" || is_annotation(name))
        });
        let reference = schema.get("$ref").and_then(Value::as_str);
        match reference.filter(|_| alone || hidden_by_ref(inner.dialect, schema)) {
            Some(reference) => {
                let Some(found) = resolve(&inner.root, &inner.anchors, reference) else { break };
                (at, schema) = (found.pointer, found.schema);
            }
            None => break,
        }
    }
    Some((at, schema))
}

/// Equal text is an equal schema unless it refers to something that may have changed.
fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key("$ref") || members.values().any(has_reference)
        }
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}
