//! What a reader sees of a record, by the definition: the judge of witnesses, on the documents and not on the rules.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::{
    Schema,
    schema::{Inner, children, hidden_by_ref, resolve},
};

/// Takes out, at each object, the properties that the schema does not declare there.
///
/// Declared is what `properties` names or `patternProperties` matches in any branch that applies at the place, `not`
/// apart. Where nothing is declared, or undeclared properties have a schema of their own, everything stays.
pub(super) fn strip(schema: &Schema, record: &Value) -> Value {
    let inner = &*schema.inner;
    at(inner, &applying(inner, vec![&inner.root]), record)
}

fn at(inner: &Inner, here: &[&Value], value: &Value) -> Value {
    match value {
        Value::Object(members) => object(inner, here, members),
        Value::Array(items) => {
            let kept = items.iter().enumerate().map(|(n, item)| {
                let below = here.iter().flat_map(|schema| items_below(schema, n)).collect();
                at(inner, &applying(inner, below), item)
            });
            Value::Array(kept.collect())
        }
        other => other.clone(),
    }
}

fn object(inner: &Inner, here: &[&Value], members: &Map<String, Value>) -> Value {
    let is_map = is_map(here);
    let mut kept = Map::new();
    for (name, value) in members {
        let mut below = Vec::new();
        let mut declared = is_map;
        for schema in here {
            let named = declaring(inner, schema, name);
            declared |= !named.is_empty();
            if named.is_empty() {
                below.extend(schema.get("additionalProperties"));
            }
            below.extend(named);
            below.extend(schema.get("unevaluatedProperties").filter(|s| s.is_object()));
        }
        if declared {
            kept.insert(name.clone(), at(inner, &applying(inner, below), value));
        }
    }
    Value::Object(kept)
}

fn is_map(here: &[&Value]) -> bool {
    let members = |schema: &Value, keyword: &str| {
        schema.get(keyword).and_then(Value::as_object).is_some_and(|members| !members.is_empty())
    };
    let declares =
        |schema: &&&Value| members(schema, "properties") || members(schema, "patternProperties");
    let rest = |schema: &&Value, keyword| schema.get(keyword).is_some_and(Value::is_object);
    here.iter().filter(declares).count() == 0
        || here.iter().any(|s| rest(s, "additionalProperties") || rest(s, "unevaluatedProperties"))
}

/// Returns the schemas by which one schema declares the property.
fn declaring<'s>(inner: &Inner, schema: &'s Value, name: &str) -> Vec<&'s Value> {
    let named = schema.get("properties").and_then(|named| named.get(name));
    let text = Value::String(name.to_owned());
    let patterns = schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
    let matching =
        patterns.filter(|(pattern, _)| inner.leaves.pattern(pattern, &text).unwrap_or(true));
    named.into_iter().chain(matching.map(|(_, below)| below)).collect()
}

fn items_below(schema: &Value, n: usize) -> Vec<&Value> {
    let listed =
        ["prefixItems", "items"].iter().find_map(|keyword| schema.get(*keyword)?.as_array());
    let item = match listed.and_then(|listed| listed.get(n)) {
        Some(item) => Some(item),
        None => schema
            .get("items")
            .filter(|items| !items.is_array())
            .or_else(|| schema.get("additionalItems")),
    };
    let others =
        ["contains", "unevaluatedItems"].into_iter().filter_map(|keyword| schema.get(keyword));
    item.into_iter().chain(others).collect()
}

/// Returns all schemas that apply where these apply, each once.
fn applying<'s>(inner: &'s Inner, start: Vec<&'s Value>) -> Vec<&'s Value> {
    let mut seen: HashSet<*const Value> = HashSet::new();
    let mut open = start;
    let mut found = Vec::new();
    while let Some(schema) = open.pop() {
        if !seen.insert(std::ptr::from_ref(schema)) {
            continue;
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            open.extend(
                resolve(&inner.root, &inner.anchors, reference).map(|target| target.schema),
            );
        }
        if hidden_by_ref(inner.dialect, schema) {
            continue;
        }
        found.push(schema);
        let conditional = schema.get("if").is_some();
        let below = children(inner.dialect, schema, "").into_iter();
        open.extend(
            below.filter(|(keyword, ..)| applies(keyword, conditional)).map(|(.., schema)| schema),
        );
    }
    found
}

fn applies(keyword: &str, conditional: bool) -> bool {
    match keyword {
        "allOf" | "anyOf" | "oneOf" | "dependentSchemas" | "dependencies" => true,
        "if" | "then" | "else" => conditional,
        _ => false,
    }
}
