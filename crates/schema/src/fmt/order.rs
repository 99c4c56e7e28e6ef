//! The order of keywords: what the schema is, what it accepts, what is said about it.

use super::{Node, tree::decoded};
use crate::schema::{Dialect, Shape, shape};

/// Keywords that this list does not have keep their own order, after these.
const ORDER: &[&str] = &[
    "$schema",
    "$id",
    "$anchor",
    "$dynamicAnchor",
    "$vocabulary",
    "$comment",
    "title",
    "description",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$ref",
    "$dynamicRef",
    "type",
    "const",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "prefixItems",
    "items",
    "additionalItems",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedItems",
    "properties",
    "patternProperties",
    "required",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "default",
    "examples",
    "x-ndxp-owner",
    "x-ndxp-key",
    "x-ndxp-subject",
    "x-ndxp-classification",
    "x-ndxp-personal-data",
    "x-ndxp-mask",
    "x-ndxp-codelist",
    "x-ndxp-bigint",
    "x-ndxp-purpose",
    "x-ndxp-legal-basis",
    "x-ndxp-retention",
    "x-ndxp-sunset",
    "x-ndxp-lint-ignore",
];

/// Keywords that hold schemas for others to refer to: the last thing to read.
const LAST: [&str; 2] = ["$defs", "definitions"];

/// Tells whether a keyword of that name exists in some dialect, or as an annotation.
pub(crate) fn is_known(keyword: &str) -> bool {
    ORDER.contains(&keyword) || LAST.contains(&keyword)
}

/// Returns the known keywords.
pub(crate) fn known() -> impl Iterator<Item = &'static str> {
    ORDER.iter().chain(&LAST).copied()
}

/// Orders the keywords of a schema and of all schemas inside it; what is no schema stays as it is.
pub(super) fn schema(node: &mut Node<'_>, dialect: Dialect) {
    let Node::Object(members) = node else { return };
    // Stable: unknown keywords keep their order.
    members.sort_by_cached_key(|(key, _)| rank(&decoded(key)));
    for (key, value) in members {
        match shape(dialect, &decoded(key)) {
            None => {}
            Some(Shape::One) => schema(value, dialect),
            Some(Shape::Many | Shape::OneOrMany) => either(value, dialect),
            Some(Shape::Named | Shape::NamedOrNames) => named(value, dialect),
        }
    }
}

fn either(value: &mut Node<'_>, dialect: Dialect) {
    match value {
        Node::Array(items) => items.iter_mut().for_each(|item| schema(item, dialect)),
        one => schema(one, dialect),
    }
}

fn named(value: &mut Node<'_>, dialect: Dialect) {
    if let Node::Object(members) = value {
        members.iter_mut().for_each(|(_, inner)| schema(inner, dialect));
    }
}

/// Returns where a keyword stands in the order.
pub(crate) fn rank(keyword: &str) -> usize {
    if LAST.contains(&keyword) {
        return usize::MAX;
    }
    ORDER.iter().position(|known| *known == keyword).unwrap_or(ORDER.len())
}
