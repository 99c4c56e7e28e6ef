//! Which properties a schema declares.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    Anchors, Dialect, Inner,
    keywords::{hidden_by_ref, in_place},
    places,
};
use crate::pointer;

/// Follows the tokens from the root; at each step all schemas that apply at the place.
pub(super) fn declares(schema: &Inner, place: &str) -> bool {
    let Some(tokens) = pointer::tokens(place) else { return false };
    if tokens.is_empty() {
        return false;
    }
    let mut here = applying(schema, vec![&schema.root]);
    for token in &tokens {
        let below = here.into_iter().flat_map(|at| below(schema.dialect, at, token)).collect();
        here = applying(schema, below);
        if here.is_empty() {
            return false;
        }
    }
    tokens.last().is_some_and(|last| last != "*")
}

/// Returns the schemas that apply where `start` apply in a whole schema.
pub(crate) fn applying<'s>(schema: &'s Inner, start: Vec<&'s Value>) -> Vec<&'s Value> {
    applying_in(&schema.root, schema.dialect, &schema.anchors, start)
}

/// Returns the schemas that apply where `start` apply: through references and the in-place keywords, each once.
pub(crate) fn applying_in<'s>(
    root: &'s Value,
    dialect: Dialect,
    anchors: &Anchors,
    start: Vec<&'s Value>,
) -> Vec<&'s Value> {
    let mut seen: HashSet<*const Value> = HashSet::new();
    let mut open = start;
    let mut found = Vec::new();
    while let Some(at) = open.pop() {
        if !seen.insert(std::ptr::from_ref(at)) {
            continue;
        }
        found.push(at);
        if let Some(target) = at.get("$ref").and_then(Value::as_str) {
            open.extend(places::resolve(root, anchors, target).map(|target| target.schema));
        }
        if hidden_by_ref(dialect, at) {
            continue;
        }
        let inner = super::children(dialect, at, "");
        let applied =
            inner.into_iter().filter(|(keyword, ..)| in_place(keyword) && *keyword != "not");
        open.extend(applied.map(|(_, _, inner)| inner));
    }
    found
}

/// Returns the schemas that `at` declares for the property or item `token`.
pub(super) fn below<'s>(dialect: Dialect, at: &'s Value, token: &str) -> Vec<&'s Value> {
    if hidden_by_ref(dialect, at) {
        return Vec::new();
    }
    let property = at.get("properties").and_then(|named| named.get(token));
    let index = token.parse::<usize>().ok();
    let mut found: Vec<&Value> = property.into_iter().collect();
    if token == "*" || index.is_some() {
        let prefix = if dialect == Dialect::Draft7 { "items" } else { "prefixItems" };
        let prefix =
            at.get(prefix).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match index {
            Some(index) => found.extend(prefix.get(index)),
            None => found.extend(prefix),
        }
        found.extend(at.get("items").filter(|items| !items.is_array()));
    }
    found
}
