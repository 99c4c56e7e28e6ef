//! NDX013: schemas and properties say what they are. NDX022: a definition is used.

use std::collections::HashSet;

use serde_json::Value;

use super::super::{
    Found, On,
    document::{Document, Place},
};
use crate::schema::{last_token, resolve};

pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    let Some(root) = document.places.first() else { return };
    for keyword in ["title", "description"] {
        if root.schema.is_object() && !says(root, keyword) {
            let message = format!("the schema has no {keyword}");
            found.push(
                Found::new("NDX013", "", On::Value, message)
                    .hint("add one for those who read it first"),
            );
        }
    }
    if document.context.published {
        found.extend(document.places.iter().filter_map(|place| property(document, place)));
    }
    unused(document, found);
}

fn says(place: &Place<'_>, keyword: &str) -> bool {
    place.schema.get(keyword).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty())
}

/// Branches repeat the names of properties that are described elsewhere.
fn property(document: &Document<'_>, place: &Place<'_>) -> Option<Found> {
    let name = place.property()?;
    let parent = place.parent.and_then(|n| document.places.get(n))?;
    let in_branch = document.outermost(parent).pointer != parent.pointer;
    if in_branch || place.schema.is_boolean() {
        return None;
    }
    let applying = document.applying(place);
    let described = applying.iter().any(|at| says(at, "title") || says(at, "description"));
    (!described).then(|| {
        Found::new(
            "NDX013",
            &place.pointer,
            On::Key,
            format!("`{name}` has neither title nor description"),
        )
        .hint("say what it is, in the words of those who fill it in")
    })
}

fn unused(document: &Document<'_>, found: &mut Vec<Found>) {
    let Some(schema) = &document.schema else { return };
    let references = document.places.iter().filter_map(|place| place.schema.get("$ref")?.as_str());
    let targets: HashSet<String> = references
        .filter_map(|reference| resolve(document.root, &schema.inner.anchors, reference))
        .map(|target| target.pointer)
        .collect();
    for place in document.places.iter().filter(|place| matches!(place.via, "$defs" | "definitions"))
    {
        let inside = format!("{}/", place.pointer);
        if !targets.iter().any(|target| *target == place.pointer || target.starts_with(&inside)) {
            let message = format!("nothing refers to `{}`", last_token(&place.pointer));
            found.push(
                Found::new("NDX022", &place.pointer, On::Key, message)
                    .hint("remove it, or refer to it"),
            );
        }
    }
}
