//! Keywords that hold a value and not schemas: wider, narrower or another.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{codes::KEYWORD, compare::change::Effect};

/// Tells whether the validator knows the keyword; others never decide.
pub(super) fn is_known(keyword: &str) -> bool {
    let names = [
        "$ref",
        "additionalItems",
        "allOf",
        "anyOf",
        "const",
        "contains",
        "contentEncoding",
        "contentMediaType",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "if",
        "items",
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "not",
        "oneOf",
        "pattern",
        "prefixItems",
        "propertyNames",
        "then",
        "type",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
        KEYWORD,
    ];
    names.contains(&keyword)
}

/// Tells whether the keyword with this value refuses nothing.
pub(super) fn accepts_everything(keyword: &str, value: &Value) -> bool {
    match keyword {
        "minLength" | "minItems" | "minProperties" => value.as_f64() == Some(0.0),
        "uniqueItems" => *value == Value::Bool(false),
        "items"
        | "additionalItems"
        | "propertyNames"
        | "unevaluatedItems"
        | "unevaluatedProperties" => *value == Value::Bool(true),
        "if" | "then" | "else" | "minContains" | "maxContains" | "contentEncoding"
        | "contentMediaType" => false,
        _ => value.as_object().is_some_and(serde_json::Map::is_empty),
    }
}

/// Names the change of a keyword that both sides have, and what it does.
pub(super) fn changed(keyword: &str, old: &Value, new: &Value) -> (&'static str, Effect) {
    match keyword {
        "type" => sets("type", old, new, types),
        "enum" => sets("enum", old, new, members),
        "const" => ("const-changed", Effect::CHANGED),
        "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => {
            bound(old, new, false)
        }
        "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => {
            bound(old, new, true)
        }
        "uniqueItems" if *new == Value::Bool(true) => ("constraint-added", Effect::NARROWER),
        "uniqueItems" => ("constraint-removed", Effect::WIDER),
        "pattern" => ("pattern-changed", Effect::UNKNOWN),
        "format" => ("format-changed", Effect::UNKNOWN),
        KEYWORD => ("code-list-changed", Effect::UNKNOWN),
        "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" | "dependentSchemas"
        | "dependencies" => ("composition-changed", Effect::UNKNOWN),
        _ => ("constraint-changed", Effect::UNKNOWN),
    }
}

fn bound(old: &Value, new: &Value, lower: bool) -> (&'static str, Effect) {
    let (Some(before), Some(after)) = (old.as_f64(), new.as_f64()) else {
        return ("bound-changed", Effect::UNKNOWN);
    };
    if before == after {
        ("bound-changed", Effect::NEUTRAL)
    } else if (after < before) == lower {
        ("bound-widened", Effect::WIDER)
    } else {
        ("bound-narrowed", Effect::NARROWER)
    }
}

fn sets(
    keyword: &str,
    old: &Value,
    new: &Value,
    read: fn(&Value) -> BTreeSet<String>,
) -> (&'static str, Effect) {
    let (before, after) = (read(old), read(new));
    let is_type = keyword == "type";
    match (before.is_subset(&after), after.is_subset(&before)) {
        (true, true) => (if is_type { "type-changed" } else { "enum-changed" }, Effect::NEUTRAL),
        (true, false) => (if is_type { "type-widened" } else { "enum-widened" }, Effect::WIDER),
        (false, true) => {
            (if is_type { "type-narrowed" } else { "enum-narrowed" }, Effect::NARROWER)
        }
        (false, false) => (if is_type { "type-changed" } else { "enum-changed" }, Effect::CHANGED),
    }
}

/// The types named; `number` includes `integer`.
fn types(value: &Value) -> BTreeSet<String> {
    let listed = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
    let mut found: BTreeSet<String> =
        listed.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
    if found.contains("number") {
        found.insert("integer".to_owned());
    }
    found
}

fn members(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().map(ToString::to_string).collect()
}

/// Says what changed, with short values in full.
pub(super) fn message(keyword: &str, old: &Value, new: &Value) -> String {
    let (before, after) = (old.to_string(), new.to_string());
    if before.len() + after.len() <= 120 {
        format!("{keyword} changed from {before} to {after}")
    } else {
        format!("{keyword} changed")
    }
}

/// What to do instead.
pub(super) fn suggestion(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "property-added" => {
            "declare it in every schema that closes the object, or leave the object open to readers"
        }
        "property-removed" => {
            "keep it, marked deprecated with x-ndxp-sunset, until nobody needs it"
        }
        "required-added" => {
            "leave it optional; a default does not make a required field compatible"
        }
        "required-removed" => {
            "keep it required, or give readers a schema that does not need it first"
        }
        "type-changed" => "add a property of the new type beside this one",
        "type-narrowed" | "enum-narrowed" | "bound-narrowed" => "keep what was accepted before",
        "enum-widened" | "type-widened" | "bound-widened" => {
            "give readers the wider schema before writers use it"
        }
        "closed" => "leave the object open, or declare what is sent",
        "constraint-added" => {
            "check existing records against it first, or add it to a new property"
        }
        "pattern-changed" | "format-changed" => "add a property with the new form beside this one",
        _ => return None,
    })
}
