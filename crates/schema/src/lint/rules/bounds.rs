//! NDX010: bounds that no value keeps. NDX020: keywords about a type that the value cannot have.

use serde_json::{Map, Value};

use super::super::{
    Found, On,
    document::{Document, Place},
};

/// Counts that contradict each other when the first is above the second.
const COUNTS: [(&str, &str); 4] = [
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
];

/// Types, and the keywords that are about them alone.
const ABOUT: &[(&[&str], &[&str])] = &[
    (
        &["number", "integer"],
        &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
    ),
    (&["string"], &["minLength", "maxLength", "pattern", "format", "contentEncoding"]),
    (
        &["array"],
        &[
            "items",
            "prefixItems",
            "minItems",
            "maxItems",
            "uniqueItems",
            "contains",
            "unevaluatedItems",
        ],
    ),
    (
        &["object"],
        &[
            "properties",
            "patternProperties",
            "required",
            "minProperties",
            "maxProperties",
            "propertyNames",
            "additionalProperties",
            "unevaluatedProperties",
            "dependentRequired",
        ],
    ),
];

/// A misspelt type is its own finding; what it was meant to be is not known.
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    for place in &document.places {
        let Value::Object(members) = place.schema else { continue };
        found.extend(COUNTS.iter().filter_map(|pair| counts(place, members, *pair)));
        found.extend(numbers(place, members));
        found.extend(required(place, members));
        idle(place, members, found);
    }
}

fn number(members: &Map<String, Value>, keyword: &str) -> Option<f64> {
    members.get(keyword).and_then(Value::as_f64)
}

fn contradiction(place: &Place<'_>, keyword: &str, message: String) -> Found {
    Found::new("NDX010", place.keyword(keyword), On::Value, message)
        .hint("no value keeps both: mend one of the two")
}

fn counts(
    place: &Place<'_>,
    members: &Map<String, Value>,
    (low, high): (&str, &str),
) -> Option<Found> {
    let (least, most) = (number(members, low)?, number(members, high)?);
    (least > most)
        .then(|| contradiction(place, low, format!("{low} {least} is above {high} {most}")))
}

/// A bound: its keyword, its value, and whether the value itself is left out.
type Bound = (&'static str, f64, bool);

fn numbers(place: &Place<'_>, members: &Map<String, Value>) -> Option<Found> {
    let bound = |keyword: &'static str, open| Some((keyword, number(members, keyword)?, open));
    let (low, high) = (
        tighter(bound("minimum", false), bound("exclusiveMinimum", true), |a, b| a > b)?,
        tighter(bound("maximum", false), bound("exclusiveMaximum", true), |a, b| a < b)?,
    );
    let empty = low.1 > high.1 || low.1.total_cmp(&high.1).is_eq() && (low.2 || high.2);
    let integers = members.get("type").is_some_and(|kind| kind == "integer");
    if empty {
        let text = format!("{} {} leaves nothing below {} {}", low.0, low.1, high.0, high.1);
        return Some(contradiction(place, low.0, text));
    }
    (integers && first_integer(low) > last_integer(high)).then(|| {
        let text = format!("no integer lies between {} {} and {} {}", low.0, low.1, high.0, high.1);
        contradiction(place, low.0, text)
    })
}

fn tighter(a: Option<Bound>, b: Option<Bound>, is_tighter: fn(f64, f64) -> bool) -> Option<Bound> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if is_tighter(a.1, b.1) { a } else { b }),
        (one, other) => one.or(other),
    }
}

fn first_integer((_, value, open): Bound) -> f64 {
    if open { (value + 1.0).floor() } else { value.ceil() }
}

fn last_integer((_, value, open): Bound) -> f64 {
    if open { (value - 1.0).ceil() } else { value.floor() }
}

fn required(place: &Place<'_>, members: &Map<String, Value>) -> Option<Found> {
    let (names, most) =
        (members.get("required")?.as_array()?.len(), members.get("maxProperties")?.as_u64()?);
    (u64::try_from(names).unwrap_or(u64::MAX) > most).then(|| {
        contradiction(
            place,
            "maxProperties",
            format!("{names} names are required, at most {most} allowed"),
        )
    })
}

fn idle(place: &Place<'_>, members: &Map<String, Value>, found: &mut Vec<Found>) {
    let types: Vec<&str> = match members.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    if types.iter().any(|kind| !TYPES.contains(kind)) {
        return;
    }
    for (about, keywords) in ABOUT {
        if about.iter().any(|kind| types.contains(kind)) {
            continue;
        }
        let written = keywords.iter().filter(|keyword| members.contains_key(**keyword));
        found.extend(written.map(|keyword| {
            let message = format!("{keyword} says nothing about {}", types.join(" or "));
            Found::new("NDX020", place.keyword(keyword), On::Key, message).hint(format!(
                "it is about {}: mend the type, or remove the keyword",
                about.join(" and ")
            ))
        }));
    }
}
