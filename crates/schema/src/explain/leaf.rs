//! The keywords that hold no schema.

use serde_json::{Value, json};

use super::walk::Walk;
use crate::{
    codes::{KEYWORD, Standing},
    schema,
};

/// What a question to the engine counts for: it compiles a schema of one keyword.
const ENGINE_STEPS: usize = 50;

/// Tells whether a keyword without schemas holds. A keyword that decides nothing always does.
pub(super) fn holds(
    walk: &mut Walk<'_>,
    keyword: &str,
    rule: &Value,
    value: &Value,
) -> Option<bool> {
    let number = value.as_f64();
    let limit = rule.as_f64();
    let at_most = |size: Option<usize>| {
        Some(size.is_none_or(|size| limit.is_some_and(|limit| as_f64(size) <= limit)))
    };
    let at_least = |size: Option<usize>| {
        Some(size.is_none_or(|size| limit.is_some_and(|limit| as_f64(size) >= limit)))
    };
    let compare = |holds: fn(&f64, &f64) -> bool| {
        Some(number.is_none_or(|number| limit.is_some_and(|limit| holds(&number, &limit))))
    };
    match keyword {
        "type" => Some(has_type(rule, value)),
        "const" => walk.charge(1 + size(rule) / 16).then(|| equal(rule, value)),
        "enum" => {
            let members = rule.as_array()?;
            walk.charge(1 + members.len() / 16)
                .then(|| members.iter().any(|member| equal(member, value)))
        }
        "minimum" => compare(|number, limit| number >= limit),
        "maximum" => compare(|number, limit| number <= limit),
        "exclusiveMinimum" => compare(|number, limit| number > limit),
        "exclusiveMaximum" => compare(|number, limit| number < limit),
        "minLength" => at_least(value.as_str().map(|text| text.chars().count())),
        "maxLength" => at_most(value.as_str().map(|text| text.chars().count())),
        "minItems" => at_least(value.as_array().map(Vec::len)),
        "maxItems" => at_most(value.as_array().map(Vec::len)),
        "minProperties" => at_least(value.as_object().map(serde_json::Map::len)),
        "maxProperties" => at_most(value.as_object().map(serde_json::Map::len)),
        "required" => Some(missing(rule, value).is_empty()),
        "pattern" | "format" if !value.is_string() => Some(true),
        "pattern" => {
            walk.charge(1 + size(value) / 64).then_some(())?;
            walk.schema.leaves.pattern(rule.as_str()?, value)
        }
        "format" => Some(has_shape(walk, rule, value) && is_member(walk, keyword, rule, value)),
        KEYWORD => Some(is_member(walk, keyword, rule, value)),
        "multipleOf" if number.is_none() => Some(true),
        "uniqueItems" if !value.is_array() => Some(true),
        "multipleOf" | "uniqueItems" => ask_engine(walk, keyword, rule, value),
        "contentEncoding" | "contentMediaType" if walk.dialect() == schema::Dialect::Draft7 => {
            ask_engine(walk, keyword, rule, value)
        }
        // Not walked: rare, and the validator's answer stands.
        "unevaluatedItems" | "$dynamicRef" | "$recursiveRef" => None,
        _ => Some(true),
    }
}

/// Asks the engine that decides about this keyword alone.
pub(super) fn ask_engine(
    walk: &mut Walk<'_>,
    keyword: &str,
    rule: &Value,
    value: &Value,
) -> Option<bool> {
    ask_engine_about(walk, &json!({ keyword: rule }), value)
}

/// Asks the engine about keywords that say something only together.
pub(super) fn ask_engine_about(walk: &mut Walk<'_>, schema: &Value, value: &Value) -> Option<bool> {
    if !walk.charge(ENGINE_STEPS + size(value) / 16) {
        return None;
    }
    let built = walk.schema.leaves.build_with(schema, walk.codes, &walk.schema.profile);
    built.ok().map(|validator| validator.is_valid(value))
}

/// Tells whether a text has the form of its format, code lists aside.
pub(super) fn has_shape(walk: &Walk<'_>, rule: &Value, value: &Value) -> bool {
    let format = rule.as_str().unwrap_or_default();
    walk.schema.leaves.format(format, value).unwrap_or(true)
}

fn is_member(walk: &Walk<'_>, keyword: &str, rule: &Value, value: &Value) -> bool {
    standing(walk, keyword, rule, value).is_none_or(|(_, standing)| standing == Standing::InForce)
}

/// Returns the code list that a rule asks, and how the text stands in it.
pub(super) fn standing<'w>(
    walk: &Walk<'w>,
    keyword: &str,
    rule: &Value,
    value: &Value,
) -> Option<(&'w str, Standing)> {
    walk.codes?.standing(keyword, rule.as_str()?, value.as_str()?)
}

/// Returns the required names that the object lacks.
pub(super) fn missing<'r>(rule: &'r Value, value: &Value) -> Vec<&'r str> {
    let Some(object) = value.as_object() else { return Vec::new() };
    let names = rule.as_array().map(Vec::as_slice).unwrap_or_default();
    names.iter().filter_map(Value::as_str).filter(|name| !object.contains_key(*name)).collect()
}

fn has_type(rule: &Value, value: &Value) -> bool {
    match rule {
        Value::String(name) => is_a(name, value),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(|name| is_a(name, value)),
        _ => true,
    }
}

pub(super) fn is_a(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => false,
    }
}

/// Compares as JSON Schema does: 1 equals 1.0. Exact, because the strict reader admits no integer beyond 2^53.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// Counts the values inside, and a text's length in bytes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            1 + members.iter().map(|(name, inner)| name.len() + size(inner)).sum::<usize>()
        }
        _ => 1,
    }
}

fn as_f64(size: usize) -> f64 {
    // Sizes are below 2^32 in any document that fits memory limits; saturating keeps the comparison right beyond.
    u32::try_from(size).map_or(f64::MAX, f64::from)
}
