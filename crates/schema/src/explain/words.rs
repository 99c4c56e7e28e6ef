//! The words of a violation: what was expected from the schema, what kind of thing was found, never a value.

use serde_json::{Map, Value};

use super::{hints, leaf, walk::Walk};
use crate::{
    codes::{KEYWORD, Standing},
    schema,
};

/// Says what kind of thing a value is, and its size.
pub(super) fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) if leaf::is_a("integer", value) => "an integer".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(text) => format!("a string of {}", count(text.chars().count(), "character")),
        Value::Array(items) => format!("an array of {}", count(items.len(), "item")),
        Value::Object(members) => format!("an object of {}", count(members.len(), "member")),
    }
}

pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Words a leaf keyword that does not hold.
pub(super) fn leaf(walk: &Walk<'_>, keyword: &str, rule: &Value, value: &Value) -> String {
    if let Some(message) = membership(walk, keyword, rule, value) {
        return message;
    }
    let found = match keyword {
        "format" | "pattern" => hints::text(value).unwrap_or_else(|| kind(value)),
        _ => kind(value),
    };
    let expected = match keyword {
        "type" => types(rule),
        "const" => short(rule),
        "enum" => one_of(rule),
        "minimum" => format!("at least {rule}"),
        "maximum" => format!("at most {rule}"),
        "exclusiveMinimum" => format!("more than {rule}"),
        "exclusiveMaximum" => format!("less than {rule}"),
        "multipleOf" => format!("a multiple of {rule}"),
        "minLength" => format!("at least {}", counted(rule, "character")),
        "maxLength" => format!("at most {}", counted(rule, "character")),
        "minItems" => format!("at least {}", counted(rule, "item")),
        "maxItems" => format!("at most {}", counted(rule, "item")),
        "minProperties" => format!("at least {}", counted(rule, "member")),
        "maxProperties" => format!("at most {}", counted(rule, "member")),
        "uniqueItems" => {
            return format!("expected items that differ, found two equal ones in {found}");
        }
        "pattern" => format!("a text that matches {}", short(rule)),
        "format" => format(walk, rule),
        other => return format!("the rule {other} does not hold for {found}"),
    };
    match hints::leaf(walk, keyword, rule, value) {
        Some(hint) => format!("expected {expected}, found {found}; {hint}"),
        None => format!("expected {expected}, found {found}"),
    }
}

/// Words a text that is no code of its list on the day asked about; `None` if its form is wrong already.
fn membership(walk: &Walk<'_>, keyword: &str, rule: &Value, value: &Value) -> Option<String> {
    if keyword == "format" && !leaf::has_shape(walk, rule, value) {
        return None;
    }
    let (dataset, standing) = leaf::standing(walk, keyword, rule, value)?;
    let day = walk.codes?.day;
    let of = match rule.as_str() {
        Some(format) if keyword == "format" => format!("{dataset} ({format})"),
        Some(named) if keyword == KEYWORD => named.to_owned(),
        _ => dataset.to_owned(),
    };
    let (found, next) = match standing {
        Standing::InForce => return None,
        Standing::Ended(end) => (
            format!("one that was in force until {}", end.before()),
            "use the code that took its place, or the event time at which it was in force",
        ),
        Standing::Begins(begin) => (
            format!("one that is in force from {begin}"),
            "use the code of that day, or mend the event time",
        ),
        Standing::Unknown => (
            format!("{} that it does not have", hints::text(value).unwrap_or_else(|| kind(value))),
            "look the code up in the list; a new one counts once its owner has pinned it",
        ),
    };
    Some(format!("expected a code of {of} in force on {day}, found {found}; {next}"))
}

/// A size that a schema names: an integer, which it may write as `1.0`.
fn counted(rule: &Value, noun: &str) -> String {
    if rule.as_f64() == Some(1.0) { count(1, noun) } else { format!("{rule} {noun}s") }
}

pub(super) fn types(rule: &Value) -> String {
    match rule {
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

fn one_of(rule: &Value) -> String {
    const LISTED: usize = 6;
    let members = rule.as_array().map(Vec::as_slice).unwrap_or_default();
    let listed: Vec<String> = members.iter().take(LISTED).map(short).collect();
    let more = members.len().saturating_sub(LISTED);
    let rest = if more > 0 { format!(" or {more} more") } else { String::new() };
    format!("one of {}{rest}", listed.join(", "))
}

fn format(walk: &Walk<'_>, rule: &Value) -> String {
    let name = rule.as_str().unwrap_or_default();
    match walk.schema.profile.national_format(name) {
        Some(format) => format!("{} ({name})", format.hint),
        None => format!("a text of format {name}"),
    }
}

/// Prints a value of the schema, cut at 64 characters.
pub(super) fn short(rule: &Value) -> String {
    let text = rule.to_string();
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Words a `not` that holds; one that forbids a single property says so.
pub(super) fn excluded(rule: &Value, value: &Value) -> String {
    let names = rule.get("required").and_then(Value::as_array).map(Vec::as_slice);
    let alone = rule.as_object().is_some_and(|rules| rules.len() == 1);
    match names {
        Some([Value::String(name)]) if alone => format!("property {name} must be absent here"),
        _ => format!("{} of a kind that is excluded here", kind(value)),
    }
}

/// Words an unexpected member: the nearest name that the schema knows and the object lacks, and never a value.
pub(super) fn unexpected(rules: &Map<String, Value>, object: &Value, name: &str) -> String {
    let known = rules.get("properties").and_then(Value::as_object);
    let names = known.into_iter().flat_map(Map::keys).map(String::as_str);
    match schema::closest(name, names.filter(|known| object.get(*known).is_none())) {
        Some(nearest) => format!("unexpected property; did you mean {nearest}?"),
        None => "unexpected property".to_owned(),
    }
}
