//! NDX009: a required name is declared. NDX016: a closed object does not refuse what its branches declare.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{
    Found, On,
    document::{Document, Place},
};
use crate::schema::{closest, hidden_by_ref};

pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    for place in &document.places {
        if document.negated(place) || hidden_by_ref(document.dialect, place.schema) {
            continue;
        }
        required(document, place, found);
        found.extend(closed(document, place));
    }
}

/// Undeclared names looked at in one place: each is compared with all declared ones.
const MAX_NAMES: usize = 50;

fn required(document: &Document<'_>, place: &Place<'_>, found: &mut Vec<Found>) {
    let Some(names) = place.schema.get("required").and_then(Value::as_array) else { return };
    let outermost = document.outermost(place);
    let applying = document.applying(outermost);
    let declared: BTreeSet<&str> = applying.iter().flat_map(|at| declared(at)).collect();
    // A definition without properties completes another schema; a map has whatever names it likes.
    let elsewhere = declared.is_empty() && matches!(outermost.via, "$defs" | "definitions");
    if elsewhere || applying.iter().any(|at| is_map(at)) {
        return;
    }
    let names = names.iter().enumerate().filter_map(|(n, name)| Some((n, name.as_str()?)));
    for (n, name) in names.filter(|(_, name)| !declared.contains(name)).take(MAX_NAMES) {
        let pointer = format!("{}/{n}", place.keyword("required"));
        let message = format!("`{name}` is required, and no property of that name is declared");
        let hint = match closest(name, declared.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare `{name}` in properties: until then any value passes"),
        };
        found.push(Found::new("NDX009", pointer, On::Value, message).hint(hint));
    }
}

fn declared<'s>(place: &Place<'s>) -> impl Iterator<Item = &'s str> {
    let properties = place.schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(|named| named.keys().map(String::as_str))
}

fn is_map(place: &Place<'_>) -> bool {
    let is_schema = |keyword: &str| place.schema.get(keyword).is_some_and(Value::is_object);
    ["patternProperties", "additionalProperties", "unevaluatedProperties"]
        .into_iter()
        .any(is_schema)
}

/// `additionalProperties` sees the properties beside it alone, not those of branches and references.
fn closed(document: &Document<'_>, place: &Place<'_>) -> Option<Found> {
    if place.schema.get("additionalProperties") != Some(&Value::Bool(false)) || is_map(place) {
        return None;
    }
    let own: BTreeSet<&str> = declared(place).collect();
    let applying = document.applying(place);
    let elsewhere: BTreeSet<&str> =
        applying.iter().flat_map(|at| declared(at)).filter(|name| !own.contains(name)).collect();
    let first = elsewhere.first()?;
    let message = format!("`{first}` is declared by a branch and refused here, in every record");
    let hint = match document.dialect {
        crate::Dialect::Draft202012 => {
            "write \"unevaluatedProperties\": false instead: it sees the branches"
        }
        crate::Dialect::Draft7 => "repeat the branches' properties beside it, each as true",
    };
    Some(Found::new("NDX016", place.keyword("additionalProperties"), On::Key, message).hint(hint))
}
