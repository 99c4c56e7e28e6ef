//! NDX004: every value of a published dataset is classified. NDX007: its objects are closed.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::super::{
    Found, On,
    document::{Document, Place},
};
use crate::schema::children;

const ANNOTATION: &str = "x-ndxp-classification";

/// Keywords whose schemas are about parts of the value.
const PARTS: [&str; 6] = [
    "properties",
    "patternProperties",
    "additionalProperties",
    "items",
    "prefixItems",
    "additionalItems",
];

/// Goes down from the root as a record does, through references, so that a definition is judged where it is used.
pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    let Some(root) = document.places.first().filter(|_| document.context.published) else { return };
    let mut seen = HashSet::new();
    // By place and rule: a definition that is used twice is reported once.
    let mut reports = BTreeMap::new();
    let mut open = vec![(root, false)];
    while let Some((place, inherited)) = open.pop() {
        if !seen.insert((place.pointer.as_str(), inherited)) {
            continue;
        }
        let applying = document.applying(place);
        let classified = inherited || applying.iter().any(|at| at.schema.get(ANNOTATION).is_some());
        let parts: Vec<&Place<'_>> = applying.iter().flat_map(|at| parts(document, at)).collect();
        if parts.is_empty() && !classified {
            reports.insert((place.pointer.clone(), 4), unclassified(place));
        }
        if let Some(object) = left_open(&applying) {
            reports.insert((object.pointer.clone(), 7), open_object(object));
        }
        open.extend(parts.into_iter().map(|part| (part, classified)));
    }
    found.extend(reports.into_values());
}

fn parts<'d>(document: &'d Document<'_>, place: &Place<'_>) -> Vec<&'d Place<'d>> {
    children(document.dialect, place.schema, "")
        .into_iter()
        .filter(|(keyword, _, schema)| PARTS.contains(keyword) && !schema.is_boolean())
        .filter_map(|(_, _, schema)| document.place(schema))
        .collect()
}

/// Returns the schema that declares properties, where no schema that applies beside it closes the object.
fn left_open<'p>(applying: &[&'p Place<'p>]) -> Option<&'p Place<'p>> {
    let closes = |at: &&Place<'_>| {
        ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .any(|keyword| at.schema.get(keyword).is_some_and(|value| value != &Value::Bool(true)))
    };
    if applying.iter().any(closes) {
        return None;
    }
    applying.iter().find(|at| at.schema.get("properties").is_some()).copied()
}

fn unclassified(place: &Place<'_>) -> Found {
    Found::new("NDX004", &place.pointer, On::Key, "no classification, here or above")
        .hint(format!("add \"{ANNOTATION}\": public, internal, confidential or secret"))
}

fn open_object(place: &Place<'_>) -> Found {
    let message = "the object is open: any other property passes unseen";
    Found::new("NDX007", &place.pointer, On::Key, message).hint(
        "add \"additionalProperties\": false, or \"unevaluatedProperties\": false beside branches",
    )
}
