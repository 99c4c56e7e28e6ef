//! The keywords that apply schemas to parts of a value: members, names, items.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::walk::{Walk, all_of};
use crate::{
    pointer,
    schema::{Dialect, hidden_by_ref},
};

type Rules = Map<String, Value>;

pub(super) fn is_about_parts(dialect: Dialect, keyword: &str) -> bool {
    match keyword {
        "properties"
        | "patternProperties"
        | "additionalProperties"
        | "propertyNames"
        | "items"
        | "contains" => true,
        "dependencies" => true,
        "prefixItems" | "dependentSchemas" | "dependentRequired" | "unevaluatedProperties" => {
            dialect == Dialect::Draft202012
        }
        "additionalItems" => dialect == Dialect::Draft7,
        _ => false,
    }
}

/// A token of a pointer, written out only where something fails.
#[derive(Clone, Copy)]
pub(super) enum Token<'a> {
    /// The schema or value itself.
    Here,
    Name(&'a str),
    Index(usize),
}

impl<'a> Token<'a> {
    pub(super) fn below(self, place: &str) -> String {
        match self {
            Self::Here => place.to_owned(),
            Self::Name(name) => pointer::join(place, name),
            Self::Index(index) => format!("{place}/{index}"),
        }
    }

    pub(super) fn name(self) -> Option<&'a str> {
        if let Self::Name(name) = self { Some(name) } else { None }
    }
}

/// One schema and the part of the value that it is for.
pub(super) struct Part<'a> {
    pub(super) schema: &'a Value,
    /// Below the keyword.
    pub(super) schema_token: Token<'a>,
    pub(super) value: &'a Value,
    /// Below the value.
    pub(super) value_token: Token<'a>,
}

pub(super) fn holds(
    walk: &mut Walk<'_>,
    rules: &Rules,
    keyword: &str,
    rule: &Value,
    value: &Value,
) -> Option<bool> {
    match keyword {
        "propertyNames" => {
            let Some(object) = value.as_object() else { return Some(true) };
            all_of(object.keys().map(|name| walk.holds_for_name(rule, name)))
        }
        "contains" => {
            let Some(items) = value.as_array() else { return Some(true) };
            let (least, most) = contains_bounds(walk.dialect(), rules);
            let (sure, unknown) = matching(walk, rule, items);
            match () {
                () if sure > most || sure + unknown < least => Some(false),
                () if unknown > 0 => None,
                () => Some(sure >= least),
            }
        }
        "dependentRequired" => Some(missing_dependents(rule, value).is_empty()),
        "dependencies" if !missing_dependents(rule, value).is_empty() => Some(false),
        _ => {
            let parts = parts(walk, rules, keyword, rule, value)?;
            let mut unknown = false;
            for part in parts {
                match walk.holds(part.schema, part.value) {
                    Some(true) => {}
                    Some(false) => return Some(false),
                    None if walk.exhausted() => return None,
                    None => unknown = true,
                }
            }
            (!unknown).then_some(true)
        }
    }
}

/// Returns how often `contains` must match: at least, at most.
pub(super) fn contains_bounds(dialect: Dialect, rules: &Rules) -> (usize, usize) {
    let bound = |keyword| {
        let number =
            (dialect == Dialect::Draft202012).then(|| rules.get(keyword)).flatten()?.as_f64()?;
        // Written 2.0 or 2: the metaschema has seen to it that it is a natural number.
        format!("{number:.0}").parse::<usize>().ok()
    };
    (bound("minContains").unwrap_or(1), bound("maxContains").unwrap_or(usize::MAX))
}

/// Counts the items that match, and those that the walk cannot tell.
pub(super) fn matching(walk: &mut Walk<'_>, rule: &Value, items: &[Value]) -> (usize, usize) {
    let mut counts = (0, 0);
    for item in items {
        match walk.holds(rule, item) {
            Some(true) => counts.0 += 1,
            Some(false) => {}
            None => counts.1 += 1,
        }
    }
    counts
}

/// Returns the names that other members of the object demand, and that it lacks, with the member that demands.
pub(super) fn missing_dependents<'r>(rule: &'r Value, value: &Value) -> Vec<(&'r str, &'r str)> {
    let (Some(demands), Some(object)) = (rule.as_object(), value.as_object()) else {
        return Vec::new();
    };
    let present = demands.iter().filter(|(name, _)| object.contains_key(*name));
    present
        .flat_map(|(name, wanted)| {
            let wanted = wanted.as_array().map(Vec::as_slice).unwrap_or_default();
            wanted.iter().filter_map(Value::as_str).map(move |wanted| (name.as_str(), wanted))
        })
        .filter(|(_, wanted)| !object.contains_key(*wanted))
        .collect()
}

/// Returns which schema applies to which part. `None`: the walk cannot tell.
pub(super) fn parts<'a>(
    walk: &mut Walk<'_>,
    rules: &'a Rules,
    keyword: &str,
    rule: &'a Value,
    value: &'a Value,
) -> Option<Vec<Part<'a>>> {
    Some(match (keyword, value) {
        ("properties", Value::Object(object)) => named(rule, object),
        ("patternProperties", Value::Object(object)) => by_pattern(walk, rule, object)?,
        ("additionalProperties", Value::Object(object)) => {
            let mut rest = Vec::new();
            for (name, member) in object {
                if !is_declared(walk, rules, name)? {
                    rest.push(member_part(rule, name, member));
                }
            }
            rest
        }
        ("unevaluatedProperties", Value::Object(object)) => {
            let mut seen = HashSet::new();
            evaluated(walk, rules, value, &mut seen)?;
            let rest = object.iter().filter(|(name, _)| !seen.contains(*name));
            rest.map(|(name, member)| member_part(rule, name, member)).collect()
        }
        ("dependentSchemas" | "dependencies", Value::Object(object)) => {
            let named = rule.as_object()?.iter();
            let present =
                named.filter(|(name, inner)| !inner.is_array() && object.contains_key(*name));
            let part = |(name, schema): (&'a String, &'a Value)| Part {
                schema,
                schema_token: Token::Name(name),
                value,
                value_token: Token::Here,
            };
            present.map(part).collect()
        }
        ("items" | "prefixItems" | "additionalItems", Value::Array(items)) => {
            of_items(walk, rules, keyword, rule, items)
        }
        _ => Vec::new(),
    })
}

fn member_part<'a>(schema: &'a Value, name: &'a str, value: &'a Value) -> Part<'a> {
    Part { schema, schema_token: Token::Here, value, value_token: Token::Name(name) }
}

fn named<'a>(rule: &'a Value, object: &'a Map<String, Value>) -> Vec<Part<'a>> {
    let Some(named) = rule.as_object() else { return Vec::new() };
    let present = named.iter().filter_map(|(name, schema)| Some((name, schema, object.get(name)?)));
    present
        .map(|(name, schema, value)| Part {
            schema_token: Token::Name(name),
            ..member_part(schema, name, value)
        })
        .collect()
}

fn by_pattern<'a>(
    walk: &mut Walk<'_>,
    rule: &'a Value,
    object: &'a Map<String, Value>,
) -> Option<Vec<Part<'a>>> {
    let mut found = Vec::new();
    for (pattern, schema) in rule.as_object()? {
        for (name, value) in object {
            if matches_name(walk, pattern, name)? {
                found.push(Part {
                    schema_token: Token::Name(pattern),
                    ..member_part(schema, name, value)
                });
            }
        }
    }
    Some(found)
}

fn matches_name(walk: &mut Walk<'_>, pattern: &str, name: &str) -> Option<bool> {
    walk.charge(1 + name.len() / 64).then_some(())?;
    walk.schema.leaves.pattern(pattern, &Value::String(name.to_owned()))
}

/// Tells whether `properties` or `patternProperties` beside it speak of the name.
fn is_declared(walk: &mut Walk<'_>, rules: &Rules, name: &str) -> Option<bool> {
    if rules.get("properties").is_some_and(|named| named.get(name).is_some()) {
        return Some(true);
    }
    let patterns = rules.get("patternProperties").and_then(Value::as_object);
    for pattern in patterns.into_iter().flat_map(Map::keys) {
        if matches_name(walk, pattern, name)? {
            return Some(true);
        }
    }
    Some(false)
}

/// Collects the members that `unevaluatedProperties` leaves alone (2020-12 core, section 11.3).
fn evaluated(
    walk: &mut Walk<'_>,
    rules: &Rules,
    value: &Value,
    seen: &mut HashSet<String>,
) -> Option<()> {
    walk.deeper(|walk| {
        for (keyword, rule) in rules {
            match (keyword.as_str(), rule) {
                ("properties" | "patternProperties" | "additionalProperties", _) => {
                    let parts = parts(walk, rules, keyword, rule, value)?;
                    let names = parts.into_iter().filter_map(|part| part.value_token.name());
                    seen.extend(names.map(str::to_owned));
                }
                ("$ref", Value::String(target)) => {
                    let target = walk.resolve(target)?;
                    applied(walk, target.schema, value, seen)?;
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) => {
                    for branch in branches {
                        applied(walk, branch, value, seen)?;
                    }
                }
                ("if", condition) => {
                    applied(walk, condition, value, seen)?;
                    let branch = if walk.holds(condition, value)? { "then" } else { "else" };
                    if let Some(branch) = rules.get(branch) {
                        applied(walk, branch, value, seen)?;
                    }
                }
                ("dependentSchemas", _) => {
                    for part in parts(walk, rules, keyword, rule, value)? {
                        applied(walk, part.schema, value, seen)?;
                    }
                }
                ("$dynamicRef", _) => return None,
                _ => {}
            }
        }
        Some(())
    })
}

/// Collects what a schema in place evaluated, if it holds at all.
fn applied(
    walk: &mut Walk<'_>,
    schema: &Value,
    value: &Value,
    seen: &mut HashSet<String>,
) -> Option<()> {
    let (true, Some(rules)) = (walk.holds(schema, value)?, schema.as_object()) else {
        return Some(());
    };
    debug_assert!(!hidden_by_ref(walk.dialect(), schema), "only 2020-12 has unevaluatedProperties");
    if rules.contains_key("unevaluatedProperties") {
        seen.extend(value.as_object().into_iter().flat_map(Map::keys).cloned());
    }
    evaluated(walk, rules, value, seen)
}

fn of_items<'a>(
    walk: &Walk<'_>,
    rules: &'a Rules,
    keyword: &str,
    rule: &'a Value,
    items: &'a [Value],
) -> Vec<Part<'a>> {
    let length = |keyword| rules.get(keyword).and_then(Value::as_array).map(Vec::len);
    if let Value::Array(schemas) = rule {
        let pairs = schemas.iter().zip(items).enumerate();
        return pairs
            .map(|(n, (schema, value))| Part {
                schema,
                schema_token: Token::Index(n),
                value,
                value_token: Token::Index(n),
            })
            .collect();
    }
    let skipped = match (keyword, walk.dialect()) {
        ("items", Dialect::Draft202012) => length("prefixItems").unwrap_or(0),
        // Without an array in `items` it says nothing.
        ("additionalItems", _) => length("items").unwrap_or(usize::MAX),
        _ => 0,
    };
    let rest = items.iter().enumerate().skip(skipped).take(walk.most_items());
    rest.map(|(n, value)| Part {
        schema: rule,
        schema_token: Token::Here,
        value,
        value_token: Token::Index(n),
    })
    .collect()
}
