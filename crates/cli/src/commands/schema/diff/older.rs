//! Drafts 4, 6 and 2019-09, rewritten to the dialects that are compared, where that changes no meaning.
//!
//! What would mean something else is left as it is, and then refused as the hub refuses it.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Keywords that draft-04 does not know, and therefore ignores.
const NEWER_THAN_4: &[&str] = &[
    "const",
    "contains",
    "propertyNames",
    "if",
    "then",
    "else",
    "contentEncoding",
    "contentMediaType",
];
/// Formats that all drafts know.
const OLD_FORMATS: &[&str] = &["date-time", "email", "hostname", "ipv4", "ipv6", "uri"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Older {
    Draft4,
    Draft6,
    Draft201909,
}

/// Returns the schema in a dialect that is compared; the same bytes if it already is, or cannot be rewritten.
pub(super) fn modern(bytes: &[u8]) -> Cow<'_, [u8]> {
    rewritten(bytes).map_or(Cow::Borrowed(bytes), Cow::Owned)
}

fn rewritten(bytes: &[u8]) -> Option<Vec<u8>> {
    // Strictly first: a duplicate key must not get lost on the way.
    let limits = ndxp_schema::SchemaLimits::default().json;
    let mut schema = ndxp_schema::json::read(bytes, &limits).ok()?;
    let (older, uri) = match schema.get("$schema")?.as_str()?.trim_end_matches('#') {
        "http://json-schema.org/draft-04/schema" => {
            (Older::Draft4, "http://json-schema.org/draft-07/schema#")
        }
        "http://json-schema.org/draft-06/schema" => {
            (Older::Draft6, "http://json-schema.org/draft-07/schema#")
        }
        "https://json-schema.org/draft/2019-09/schema" => {
            (Older::Draft201909, "https://json-schema.org/draft/2020-12/schema")
        }
        _ => return None,
    };
    rewrite(&mut schema, older)?;
    schema.as_object_mut()?.insert("$schema".to_owned(), Value::String(uri.to_owned()));
    serde_json::to_vec(&schema).ok()
}

/// Rewrites one schema and those inside. `None`: it would mean something else.
fn rewrite(schema: &mut Value, older: Older) -> Option<()> {
    let Some(members) = schema.as_object_mut() else { return Some(()) };
    match older {
        Older::Draft4 => draft4(members)?,
        Older::Draft6 => {
            ["if", "then", "else"].iter().for_each(|newer| drop(members.remove(*newer)));
            members.get("format").is_none_or(has_old_format).then_some(())?;
        }
        Older::Draft201909 => draft201909(members)?,
    }
    for (keyword, value) in members.iter_mut() {
        match (keyword.as_str(), value) {
            ("enum" | "const" | "default" | "examples" | "required" | "type", _) => {}
            (
                "properties" | "patternProperties" | "definitions" | "$defs" | "dependencies"
                | "dependentSchemas",
                Value::Object(named),
            ) => {
                named
                    .values_mut()
                    .filter(|inner| inner.is_object())
                    .try_for_each(|inner| rewrite(inner, older))?;
            }
            (_, Value::Array(items)) => {
                items.iter_mut().try_for_each(|inner| rewrite(inner, older))?
            }
            (_, inner) => rewrite(inner, older)?,
        }
    }
    Some(())
}

fn draft4(members: &mut Map<String, Value>) -> Option<()> {
    // Draft-04 leaves it to the program whether 1.0 is an integer: here numbers are what they count, as in every
    // later draft, however they are written.
    members.get("format").is_none_or(has_old_format).then_some(())?;
    NEWER_THAN_4.iter().for_each(|newer| drop(members.remove(*newer)));
    members.remove("id");
    for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        match members.remove(exclusive) {
            Some(Value::Bool(true)) => {
                if let Some(value) = members.remove(bound) {
                    members.insert(exclusive.to_owned(), value);
                }
            }
            Some(Value::Bool(false)) | None => {}
            Some(_) => return None,
        }
    }
    Some(())
}

fn draft201909(members: &mut Map<String, Value>) -> Option<()> {
    // What contains evaluates, and references that depend on the way, changed their meaning.
    let changed = ["unevaluatedItems", "$recursiveRef", "$recursiveAnchor"];
    (!changed.iter().any(|keyword| members.contains_key(*keyword))).then_some(())?;
    members.remove("prefixItems");
    let rest = members.remove("additionalItems");
    if members.get("items").is_some_and(Value::is_array)
        && let Some(listed) = members.remove("items")
    {
        members.insert("prefixItems".to_owned(), listed);
        members.extend(rest.map(|rest| ("items".to_owned(), rest)));
    }
    Some(())
}

fn has_old_format(format: &Value) -> bool {
    format.as_str().is_some_and(|format| OLD_FORMATS.contains(&format))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(older: &str, newer: Option<&str>) {
        let found = rewritten(older.as_bytes());
        let found: Option<Value> = found.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        assert_eq!(found, newer.and_then(|text| serde_json::from_str(text).ok()), "{older}");
    }

    #[test]
    fn older_drafts_are_rewritten_or_left() {
        let four = r#"{"$schema":"http://json-schema.org/draft-04/schema#","minimum":1,"exclusiveMinimum":true,"const":3}"#;
        let seven = r#"{"$schema":"http://json-schema.org/draft-07/schema#","exclusiveMinimum":1}"#;
        check(four, Some(seven));
        check(
            r#"{"$schema":"http://json-schema.org/draft-04/schema#","items":{"type":"integer"}}"#,
            Some(
                r#"{"$schema":"http://json-schema.org/draft-07/schema#","items":{"type":"integer"}}"#,
            ),
        );
        check(r#"{"$schema":"http://json-schema.org/draft-04/schema#","format":"date"}"#, None);
        check(
            r#"{"$schema":"https://json-schema.org/draft/2019-09/schema","items":[{}],"additionalItems":false}"#,
            Some(
                r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","prefixItems":[{}],"items":false}"#,
            ),
        );
        check(seven, None);
    }
}
