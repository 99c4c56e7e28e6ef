//! NDX003: what looks personal says whether it is. NDX005: no default or example holds somebody's data.

use serde_json::Value;

use super::super::{
    Found, On,
    document::{Document, Place},
    nation,
};
use crate::pointer;

const ANNOTATION: &str = "x-ndxp-personal-data";

pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    for place in &document.places {
        found.extend(unannotated(document, place));
        for keyword in ["default", "examples"] {
            if let Some(value) = place.schema.get(keyword) {
                sensitive(document, place, &place.keyword(keyword), value, found);
            }
        }
    }
}

fn unannotated(document: &Document<'_>, place: &Place<'_>) -> Option<Found> {
    let name = place.property()?;
    let applying = document.applying(place);
    if applying.iter().any(|at| at.schema.get(ANNOTATION).is_some()) || holds_parts(&applying) {
        return None;
    }
    let format = place.schema.get("format").and_then(Value::as_str);
    let by_format = format.filter(|format| nation::is_personal_format(document.profile, format));
    let message = match by_format {
        Some(format) => format!("{format} is personal data, and the property does not say so"),
        None if nation::personal_name(document.profile, &name).is_some() => {
            format!("`{name}` is named like personal data, and does not say whether it is")
        }
        None => return None,
    };
    let level = nation::personal_name(document.profile, &name).unwrap_or("basic");
    let hint = format!("add \"{ANNOTATION}\": \"{level}\", or \"none\" if it is about no person");
    Some(Found::new("NDX003", &place.pointer, On::Key, message).hint(hint))
}

/// An object or array is not itself the value: its parts answer.
fn holds_parts(applying: &[&Place<'_>]) -> bool {
    let keywords = ["properties", "items", "prefixItems", "additionalProperties"];
    applying
        .iter()
        .any(|at| keywords.iter().any(|k| at.schema.get(k).is_some_and(Value::is_object)))
}

/// Looks into a default or example: any value where the place is personal, else what has a personal format.
fn sensitive(
    document: &Document<'_>,
    place: &Place<'_>,
    pointer: &str,
    value: &Value,
    found: &mut Vec<Found>,
) {
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| {
            sensitive(document, place, &format!("{pointer}/{n}"), item, found);
        }),
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            sensitive(document, place, &pointer::join(pointer, name), member, found);
        }),
        Value::String(text) if !text.is_empty() => {
            found.extend(text_of(document, place, pointer, text))
        }
        Value::Number(_) if is_personal(place) => found.push(report(pointer, "a value")),
        _ => {}
    }
}

fn is_personal(place: &Place<'_>) -> bool {
    place.schema.get(ANNOTATION).and_then(Value::as_str).is_some_and(|level| level != "none")
}

fn text_of(document: &Document<'_>, place: &Place<'_>, pointer: &str, text: &str) -> Option<Found> {
    // The members of an enum are known to everybody, and so are the profile's own examples.
    let listed =
        |list: &Value| list.as_array().is_some_and(|all| all.iter().any(|one| one == text));
    if place.schema.get("enum").is_some_and(listed) || nation::is_example(document.profile, text) {
        return None;
    }
    if is_personal(place) {
        return Some(report(pointer, "a value"));
    }
    let format = nation::personal_format_of(document.profile, text)?;
    Some(report(pointer, &format!("something with the form of {format}")))
}

fn report(pointer: &str, what: &str) -> Found {
    Found::new(
        "NDX005",
        pointer,
        On::Value,
        format!("{what} in a place that everybody reads may be a person's"),
    )
    .hint("take it out, or use the profile's example of the format")
}
