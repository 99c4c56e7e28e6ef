//! Which places of a schema document say something of a field of records, and so which changes touch the field.
//!
//! A field is touched by what is said of it, of anything below it, and of what it lies in as far as that decides about
//! the field too. References are followed: a definition belongs to every field that leads to it.

mod moved;

use std::collections::{BTreeSet, HashMap, HashSet};

use regex::RegexBuilder;
use serde_json::Value;

use crate::{
    Change, Schema, pointer,
    schema::{Inner, children, hidden_by_ref, in_place, resolve},
};

pub use moved::{Moved, moved};

/// Keywords about the members or items of a value together: no one of them is touched.
const ABOUT_ALL: &[&str] = &[
    "additionalProperties",
    "contains",
    "dependentRequired",
    "maxContains",
    "maxItems",
    "maxProperties",
    "minContains",
    "minItems",
    "minProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

/// The places of a schema document that say something of a field.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Schemas of the field itself and of what lies below it.
    within: HashSet<String>,
    /// Schemas of what the field lies in, with the next step towards the field.
    above: HashMap<String, BTreeSet<String>>,
}

/// A schema and its place in the document.
pub(crate) type At<'s> = (String, &'s Value);

impl Schema {
    /// Returns the places of this document that say something of the field at `pointer`, for example `/address` or
    /// `/children/*/name`. Costs one walk over what the field leads to.
    #[must_use]
    pub fn reach(&self, pointer: &str) -> Reach {
        let mut reach = Reach::default();
        let mut here = in_place_of(&self.inner, vec![(String::new(), &self.inner.root)]);
        for token in pointer::tokens(pointer).unwrap_or_default() {
            for (place, _) in &here {
                reach.above.entry(place.clone()).or_default().insert(token.clone());
            }
            here = step(&self.inner, &here, &token);
        }
        reach.within = below(&self.inner, here);
        reach
    }
}

impl Reach {
    fn holds(&self, place: &str, change: &Change) -> bool {
        if self.within.contains(place) || self.above.contains_key(place) {
            return true;
        }
        let Some((schema, _)) = place.rsplit_once('/') else { return false };
        if self.within.contains(schema) {
            return true;
        }
        let keyword = pointer::tokens(place).and_then(|mut all| all.pop()).unwrap_or_default();
        let Some(next) = self.above.get(schema) else { return false };
        match &change.member {
            Some(member) => next.contains(member),
            // A classification is inherited, nothing else that is said of what the field lies in.
            None if change.annotation => change.is_classification(),
            None => !ABOUT_ALL.contains(&keyword.as_str()),
        }
    }
}

impl Change {
    /// Tells whether this change is about a field, given the field's reach in the old and in the new schema. Of
    /// annotations only the hub's own are about fields; whether a classification moves there, [`moved`] tells.
    #[must_use]
    pub fn touches(&self, old: &Reach, new: &Reach) -> bool {
        if self.annotation && self.hub_annotation().is_none_or(|name| name == "lint-ignore") {
            return false;
        }
        let sides = [(&self.old_pointer, old), (&self.new_pointer, new)];
        sides
            .into_iter()
            .any(|(place, reach)| place.as_ref().is_some_and(|place| reach.holds(place, self)))
    }

    /// Tells whether this change is that of a classification.
    #[must_use]
    pub fn is_classification(&self) -> bool {
        self.annotation && self.hub_annotation() == Some("classification")
    }

    fn hub_annotation(&self) -> Option<&str> {
        let place = self.new_pointer.as_deref().or(self.old_pointer.as_deref())?;
        Some(place.rsplit_once("/x-ndxp-")?.1)
    }
}

/// Returns the schemas that apply where `start` apply: through references and in place, `not` too, each once.
pub(crate) fn in_place_of<'s>(schema: &'s Inner, start: Vec<At<'s>>) -> Vec<At<'s>> {
    closure(schema, start, in_place)
}

/// Returns the places of all schemas that `start` lead to.
fn below(schema: &Inner, start: Vec<At<'_>>) -> HashSet<String> {
    let all = closure(schema, start, |keyword| !matches!(keyword, "$defs" | "definitions"));
    all.into_iter().map(|(place, _)| place).collect()
}

fn closure<'s>(
    schema: &'s Inner,
    start: Vec<At<'s>>,
    follow: impl Fn(&str) -> bool,
) -> Vec<At<'s>> {
    let mut seen: HashSet<*const Value> = HashSet::new();
    let mut open = start;
    let mut found = Vec::new();
    while let Some((place, at)) = open.pop() {
        if !seen.insert(std::ptr::from_ref(at)) {
            continue;
        }
        let target = at.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|name| resolve(&schema.root, &schema.anchors, name));
        open.extend(target.map(|target| (target.pointer, target.schema)));
        if !hidden_by_ref(schema.dialect, at) {
            let inner = children(schema.dialect, at, &place).into_iter();
            open.extend(inner.filter(|(word, ..)| follow(word)).map(|(_, at, of)| (at, of)));
        }
        found.push((place, at));
    }
    found
}

/// Returns the schemas of the property or item `token`, where `here` apply.
pub(crate) fn step<'s>(schema: &'s Inner, here: &[At<'s>], token: &str) -> Vec<At<'s>> {
    let open = here.iter().filter(|(_, at)| !hidden_by_ref(schema.dialect, at));
    let start = open.flat_map(|(place, at)| {
        let inner = children(schema.dialect, at, place).into_iter();
        let of_token = inner.filter(|(keyword, place, _)| is_of(at, keyword, place, token));
        of_token.map(|(_, place, inner)| (place, inner))
    });
    in_place_of(schema, start.collect())
}

/// Tells whether the schema at `place`, below `keyword` of `at`, is about the property or item `token`.
fn is_of(at: &Value, keyword: &str, place: &str, token: &str) -> bool {
    let last = || crate::schema::last_token(place);
    let item = token == "*" || token.parse::<usize>().is_ok();
    let named = || at.get("properties").and_then(|all| all.get(token)).is_some();
    match keyword {
        "properties" => last() == token,
        "patternProperties" => matches(&last(), token),
        "additionalProperties" | "unevaluatedProperties" => !named(),
        "prefixItems" => item && (token == "*" || last() == token),
        "items" if at.get("items").is_some_and(Value::is_array) => {
            item && (token == "*" || last() == token)
        }
        "items" | "additionalItems" | "contains" | "unevaluatedItems" => item,
        _ => false,
    }
}

/// A pattern that cannot be built here may match.
fn matches(pattern: &str, name: &str) -> bool {
    let Ok(translated) = jsonschema_regex::to_rust_regex(pattern) else { return true };
    let built = RegexBuilder::new(&translated).size_limit(1 << 20).build();
    built.map_or(true, |regex| regex.is_match(name))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
