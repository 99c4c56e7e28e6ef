//! Which keywords hold schemas, by dialect: the one table that every walk over a schema uses.

use serde_json::Value;

use super::Dialect;
use crate::pointer;

impl Dialect {
    /// Returns the dialect that a document names; one that it does not know is read as the newest.
    pub(crate) fn or_newest(document: &Value) -> Self {
        let uri = document.get("$schema").and_then(Value::as_str).unwrap_or_default();
        match uri.trim_end_matches('#') {
            "http://json-schema.org/draft-07/schema" => Self::Draft7,
            _ => Self::Draft202012,
        }
    }
}

/// How a keyword holds schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Its value is a schema.
    One,
    /// Its value is an array of schemas.
    Many,
    /// Its value is an object of schemas.
    Named,
    /// Its value is a schema or an array of schemas: `items` before 2020-12.
    OneOrMany,
    /// Its value is an object of schemas or arrays of names: `dependencies`.
    NamedOrNames,
}

/// Returns how `keyword` holds schemas, or `None` if it holds none.
pub(crate) fn shape(dialect: Dialect, keyword: &str) -> Option<Shape> {
    Some(match (keyword, dialect) {
        (
            "additionalProperties" | "contains" | "else" | "if" | "not" | "propertyNames" | "then",
            _,
        ) => Shape::One,
        ("allOf" | "anyOf" | "oneOf", _) => Shape::Many,
        ("$defs" | "definitions" | "patternProperties" | "properties", _) => Shape::Named,
        ("items", Dialect::Draft202012) => Shape::One,
        ("items", Dialect::Draft7) => Shape::OneOrMany,
        ("contentSchema" | "unevaluatedItems" | "unevaluatedProperties", Dialect::Draft202012)
        | ("additionalItems", Dialect::Draft7) => Shape::One,
        ("prefixItems", Dialect::Draft202012) => Shape::Many,
        ("dependentSchemas", Dialect::Draft202012) => Shape::Named,
        ("dependencies", _) => Shape::NamedOrNames,
        _ => return None,
    })
}

/// Tells whether the keyword applies its schemas to the same value, not to a part of it.
pub(crate) fn in_place(keyword: &str) -> bool {
    matches!(
        keyword,
        "allOf"
            | "anyOf"
            | "oneOf"
            | "not"
            | "if"
            | "then"
            | "else"
            | "dependentSchemas"
            | "dependencies"
    )
}

/// Tells whether the schema is nothing but its reference: before 2019-09 a `$ref` hides its siblings.
pub(crate) fn hidden_by_ref(dialect: Dialect, schema: &Value) -> bool {
    dialect == Dialect::Draft7 && schema.get("$ref").is_some()
}

/// Returns the schemas right below `schema`, each with its keyword and pointer.
pub(crate) fn children<'s>(
    dialect: Dialect,
    schema: &'s Value,
    place: &str,
) -> Vec<(&'s str, String, &'s Value)> {
    let mut found = Vec::new();
    let Some(members) = schema.as_object() else { return found };
    for (keyword, value) in members {
        let Some(shape) = shape(dialect, keyword) else { continue };
        let here = pointer::join(place, keyword);
        match (shape, value) {
            (Shape::Many | Shape::OneOrMany, Value::Array(items)) => {
                let numbered = items.iter().enumerate();
                found.extend(
                    numbered.map(|(n, item)| (keyword.as_str(), format!("{here}/{n}"), item)),
                );
            }
            (Shape::Named | Shape::NamedOrNames, Value::Object(named)) => {
                let schemas = named.iter().filter(|(_, inner)| !inner.is_array());
                found
                    .extend(schemas.map(|(name, inner)| {
                        (keyword.as_str(), pointer::join(&here, name), inner)
                    }));
            }
            (Shape::One | Shape::OneOrMany, _) => found.push((keyword, here, value)),
            _ => {}
        }
    }
    found
}
