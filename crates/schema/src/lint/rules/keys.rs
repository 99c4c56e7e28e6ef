//! NDX015: a published dataset says which fields are its key and its person, and says it once.

use serde_json::Value;

use super::super::{
    Found, On,
    document::{Document, Place},
};

pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    if !document.context.published {
        return;
    }
    let personal = document.places.iter().any(|place| {
        place
            .schema
            .get("x-ndxp-personal-data")
            .and_then(Value::as_str)
            .is_some_and(|is| is != "none")
    });
    one(document, "x-ndxp-key", !document.context.key_elsewhere, "key", found);
    one(
        document,
        "x-ndxp-subject",
        personal && !document.context.subject_elsewhere,
        "person",
        found,
    );
}

fn one(document: &Document<'_>, annotation: &str, due: bool, what: &str, found: &mut Vec<Found>) {
    let mut marked = document.places.iter().filter(|place| place.schema.get(annotation).is_some());
    let first = marked.next();
    if first.is_none() && due {
        let message = format!("nothing says which field is the {what}: {annotation} is missing");
        found.push(Found::new("NDX015", "", On::Value, message).hint(format!(
            "mark the property with \"{annotation}\": true, or list pointers at the root: [\"/id\"]"
        )));
    }
    for again in marked {
        let message = format!("{annotation} stands here and at {}", first.map_or("", at));
        found.push(
            Found::new("NDX015", again.keyword(annotation), On::Key, message)
                .hint("several fields are listed at the root, in their order: [\"/a\", \"/b\"]"),
        );
    }
    if let Some(place) = first {
        undeclared(document, place, annotation, found);
    }
}

fn at<'p>(place: &'p Place<'_>) -> &'p str {
    if place.pointer.is_empty() { "the root" } else { &place.pointer }
}

/// Pointers in the annotation lead to declared properties.
fn undeclared(
    document: &Document<'_>,
    place: &Place<'_>,
    annotation: &str,
    found: &mut Vec<Found>,
) {
    let Some(schema) = &document.schema else { return };
    let listed = match place.schema.get(annotation) {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one @ Value::String(_)) => vec![one],
        _ => return,
    };
    let pointers =
        listed.into_iter().filter_map(Value::as_str).filter(|text| text.starts_with('/'));
    found.extend(pointers.filter(|pointer| !schema.declares(pointer)).map(|pointer| {
        let message = format!("{annotation} names {pointer}, which no property declares");
        Found::new("NDX015", place.keyword(annotation), On::Value, message)
            .hint("mend the pointer, or declare the property")
    }));
}
