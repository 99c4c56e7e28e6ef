//! Classifications of the places of a record, and what a schema says at a place.

use std::collections::HashSet;

use serde_json::Value;

use super::{
    Inner,
    declares::{applying, below},
    keywords::hidden_by_ref,
};
use crate::{Label, pointer};

const ANNOTATION: &str = "x-ndxp-classification";

/// The most unclassified places that are listed.
const MAX_LISTED: usize = 100;

/// Returns the leaves of a record that have no classification, their own or inherited, in the order of their pointers.
///
/// A leaf is a property or item whose schema names no part of it; `*` stands for every item, and for every member of a
/// map.
pub(super) fn unclassified(schema: &Inner) -> Vec<String> {
    let mut seen: HashSet<*const Value> = HashSet::new();
    let mut open = vec![(String::new(), vec![&schema.root])];
    let mut found = Vec::new();
    while let Some((place, start)) = open.pop() {
        let here = applying(schema, start);
        if own_label(&here).is_some() || found.len() >= MAX_LISTED {
            continue;
        }
        let parts = parts(schema, &here);
        if parts.is_empty() && here.iter().any(|at| **at != Value::Bool(false)) {
            found.push(place.clone());
        }
        // Each schema once: what is below it says the same wherever it is used without a label above.
        let fresh = parts.into_iter().filter(|(_, at)| seen.insert(std::ptr::from_ref(*at)));
        open.extend(fresh.map(|(token, at)| (pointer::join(&place, &token), vec![at])));
    }
    found.sort();
    found
}

/// Returns the places that say until when they are kept, with the date, in the order of their pointers; at most 100.
pub(super) fn sunsets(schema: &Inner) -> Vec<(String, String)> {
    let mut seen: HashSet<*const Value> = HashSet::new();
    let mut open = vec![(String::new(), vec![&schema.root])];
    let mut found = Vec::new();
    while let Some((place, start)) = open.pop() {
        let here = applying(schema, start);
        let date = here.iter().find_map(|at| at.get("x-ndxp-sunset")?.as_str());
        found.extend(date.map(|date| (place.clone(), date.to_owned())));
        if found.len() >= MAX_LISTED {
            break;
        }
        let fresh = parts(schema, &here).into_iter();
        let fresh = fresh.filter(|(_, at)| seen.insert(std::ptr::from_ref(*at)));
        open.extend(fresh.map(|(token, at)| (pointer::join(&place, &token), vec![at])));
    }
    found.sort();
    found
}

/// Returns the classification at a pointer: the highest of the nearest place that has one.
pub(super) fn classification(schema: &Inner, place: &str) -> Option<Label> {
    let mut here = applying(schema, vec![&schema.root]);
    let mut label = own_label(&here);
    for token in pointer::tokens(place)? {
        here = step(schema, here, &token);
        label = own_label(&here).or(label);
    }
    label
}

/// Returns the schemas that apply at a pointer; none where nothing is declared.
pub(super) fn applying_at<'s>(schema: &'s Inner, place: &str) -> Vec<&'s Value> {
    let Some(tokens) = pointer::tokens(place) else { return Vec::new() };
    let start = applying(schema, vec![&schema.root]);
    tokens.iter().fold(start, |here, token| step(schema, here, token))
}

fn step<'s>(schema: &'s Inner, here: Vec<&'s Value>, token: &str) -> Vec<&'s Value> {
    let below = here.into_iter().flat_map(|at| below(schema.dialect, at, token)).collect();
    applying(schema, below)
}

fn own_label(here: &[&Value]) -> Option<Label> {
    here.iter().filter_map(|at| Label::read(at.get(ANNOTATION)?.as_str()?)).max()
}

/// Returns the schemas of the parts that `here` names, with the token of each.
fn parts<'s>(schema: &'s Inner, here: &[&'s Value]) -> Vec<(String, &'s Value)> {
    let open = here.iter().filter(|at| !hidden_by_ref(schema.dialect, at));
    open.flat_map(|at| {
        let all = super::children(schema.dialect, at, "").into_iter();
        all.filter_map(|(keyword, place, inner)| Some((token(keyword, &place, inner)?, inner)))
    })
    .collect()
}

/// Returns the token of a part by the keyword that names it. `true` names something only as a property: `items: true`
/// and `additionalProperties: true` are what absence says too.
fn token(keyword: &str, place: &str, inner: &Value) -> Option<String> {
    match keyword {
        "properties" if *inner != Value::Bool(false) => Some(super::places::last_token(place)),
        "items"
        | "prefixItems"
        | "patternProperties"
        | "additionalProperties"
        | "additionalItems"
        | "unevaluatedItems"
        | "unevaluatedProperties"
            if inner.is_object() =>
        {
            Some("*".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use crate::{Label, Profile, Schema};

    fn parse(schema: &str) -> Schema {
        Schema::parse(schema.as_bytes(), &Profile::default()).unwrap()
    }

    #[test]
    fn leaves_without_a_classification_are_listed() {
        for (schema, expected) in [
            (r#"{"x-ndxp-classification":"public","properties":{"a":{}}}"#, &[][..]),
            (
                r#"{"properties":{"a":{"x-ndxp-classification":"public"},"b":{"type":"string"}}}"#,
                &["/b"],
            ),
            (r#"{"properties":{"a":{"items":{"properties":{"b":{}}}}}}"#, &["/a/*/b"]),
            (
                r#"{"properties":{"a":{"x-ndxp-classification":"secret","properties":{"b":{}}}}}"#,
                &[],
            ),
            (
                r##"{"properties":{"a":{"$ref":"#/$defs/a"},"t":{"$ref":"#"}},"$defs":{"a":{"type":"string"}}}"##,
                &["/a"],
            ),
            (
                r##"{"properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"x-ndxp-classification":"internal"}}}"##,
                &[],
            ),
            (r#"{"additionalProperties":{"type":"string"}}"#, &["/*"]),
            (
                r#"{"properties":{"a":{"x-ndxp-classification":"public"}},"additionalProperties":false}"#,
                &[],
            ),
            (r#"{"properties":{"a":true},"additionalProperties":true}"#, &["/a"]),
            (r#"{"type":"string"}"#, &[""]),
            ("true", &[""]),
            ("false", &[]),
        ] {
            assert_eq!(parse(schema).unclassified(), expected, "{schema}");
        }
    }

    #[test]
    fn a_classification_is_inherited_and_the_nearest_counts() {
        let schema = parse(
            r#"{"x-ndxp-classification":"internal","properties":{"a":{"x-ndxp-classification":"secret",
                "properties":{"b":{}, "c":{"x-ndxp-classification":"public"}}},"d":{}}}"#,
        );
        for (place, expected) in [
            ("", Label::Internal),
            ("/a/b", Label::Secret),
            ("/a/c", Label::Public),
            ("/d", Label::Internal),
        ] {
            assert_eq!(schema.classification(place), Some(expected), "{place}");
        }
        assert_eq!(parse("{}").classification("/a"), None);
    }

    #[test]
    fn announced_ends_are_found_behind_references_and_in_items() {
        let schema = parse(
            r##"{"properties":{"a":{"$ref":"#/$defs/old"},"list":{"items":{"properties":{
                "b":{"x-ndxp-sunset":"2027-01-02"}}}},"kept":{}},
                "$defs":{"old":{"x-ndxp-sunset":"2027-01-01"}}}"##,
        );
        let expected = [("/a", "2027-01-01"), ("/list/*/b", "2027-01-02")];
        assert_eq!(schema.sunsets(), expected.map(|(at, day)| (at.to_owned(), day.to_owned())));
    }
}
