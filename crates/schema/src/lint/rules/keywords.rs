//! NDX017: a keyword exists. NDX018: in draft-07 nothing but annotations stands beside a `$ref`.

use serde_json::Value;

use super::super::{
    Found, On,
    document::{Document, Place},
};
use crate::{
    Dialect, fmt,
    schema::{closest, hidden_by_ref},
};

/// Words of other schema languages, and what JSON Schema says instead.
const FOREIGN: &[(&str, &str)] = &[
    ("example", "write \"examples\": […]"),
    ("nullable", "write \"type\": [\"string\", \"null\"]"),
    ("optional", "leave the name out of `required`"),
    ("discriminator", "give each branch a property with a `const`"),
    ("divisibleBy", "write multipleOf"),
    ("extends", "write allOf with a $ref"),
    ("id", "write $id"),
];

/// Keywords that only one of the two dialects has.
const NEW: &[&str] = &[
    "$anchor",
    "$defs",
    "contentSchema",
    "dependentRequired",
    "dependentSchemas",
    "deprecated",
    "maxContains",
    "minContains",
    "prefixItems",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Keywords of draft-07 that 2020-12 ignores.
const OLD: &[(&str, &str)] = &[("additionalItems", "write prefixItems with items")];

pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    for place in &document.places {
        let Value::Object(members) = place.schema else { continue };
        if hidden_by_ref(document.dialect, place.schema) {
            found.extend(
                members.keys().filter(|name| decides(name)).map(|name| hidden(place, name)),
            );
            continue;
        }
        found.extend(members.keys().filter_map(|name| unknown(document.dialect, place, name)));
    }
}

fn unknown(dialect: Dialect, place: &Place<'_>, name: &str) -> Option<Found> {
    let newer = dialect == Dialect::Draft7 && NEW.contains(&name);
    let old = OLD.iter().find(|(old, _)| *old == name && dialect == Dialect::Draft202012);
    // `$defs` and `deprecated` do no harm in draft-07: they only hold or say something.
    let harmless = name.starts_with("x-") || matches!(name, "$defs" | "deprecated" | "$comment");
    if harmless || fmt::is_known(name) && !newer && old.is_none() {
        return None;
    }
    let message = if newer || old.is_some() {
        format!("this dialect has no {name}: it decides nothing")
    } else {
        format!("there is no keyword {name}: it decides nothing")
    };
    let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == name).or(old);
    let hint = match (foreign, newer) {
        (Some((_, hint)), _) => (*hint).to_owned(),
        (None, true) => "2020-12 has it: change $schema".to_owned(),
        (None, false) => match closest(name, fmt::known()) {
            Some(near) => format!("did you mean {near}?"),
            None => "a word of your own begins with x-".to_owned(),
        },
    };
    Some(Found::new("NDX017", place.keyword(name), On::Key, message).hint(hint))
}

/// Tells whether a keyword decides about records.
fn decides(name: &str) -> bool {
    let said = [
        "$ref",
        "$comment",
        "title",
        "description",
        "default",
        "examples",
        "definitions",
        "deprecated",
    ];
    fmt::is_known(name) && !name.starts_with("x-") && !said.contains(&name)
}

fn hidden(place: &Place<'_>, name: &str) -> Found {
    let message = format!("draft-07 ignores {name} beside a $ref");
    Found::new("NDX018", place.keyword(name), On::Key, message)
        .hint("write \"allOf\": [{\"$ref\": …}, {…}], or change $schema to 2020-12")
}
