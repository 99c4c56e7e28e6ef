//! NDX011: an enum has each member once. NDX019: its members pass the rules beside it.

use std::collections::HashMap;

use serde_json::Value;

use super::super::{
    Found, On,
    document::{Document, Place},
    fix::Edit,
};
use crate::{explain, profile};

/// Members whose reach is looked at in one place.
const MAX_MEMBERS: usize = 200;

pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    for place in &document.places {
        let Some(members) = place.schema.get("enum").and_then(Value::as_array) else { continue };
        repeated(place, members, found);
        unreachable(document, place, members, found);
    }
}

/// Equal as JSON Schema has it: 1 and 1.0 are, and so are objects in any order.
fn repeated(place: &Place<'_>, members: &[Value], found: &mut Vec<Found>) {
    let mut first: HashMap<String, usize> = HashMap::new();
    for (n, member) in members.iter().enumerate() {
        let at = *first.entry(profile::sha256(member)).or_insert(n);
        if at < n {
            let pointer = format!("{}/{n}", place.keyword("enum"));
            let message = format!("the member stands in the enum already, as number {}", at + 1);
            found.push(
                Found::new("NDX011", pointer, On::Value, message)
                    .hint("remove it")
                    .fixed_by(Edit::Remove),
            );
        }
    }
}

fn unreachable(
    document: &Document<'_>,
    place: &Place<'_>,
    members: &[Value],
    found: &mut Vec<Found>,
) {
    let Some(schema) = &document.schema else { return };
    for (n, member) in members.iter().enumerate().take(MAX_MEMBERS) {
        if let Some(violation) = explain::refusal_at(&schema.inner, &place.pointer, member) {
            let message = format!("no record can have this member: {}", violation.message);
            let pointer = format!("{}/{n}", place.keyword("enum"));
            let hint =
                format!("remove it, or mend {} at {}", violation.keyword, violation.schema_path);
            found.push(Found::new("NDX019", pointer, On::Value, message).hint(hint));
        }
    }
}
