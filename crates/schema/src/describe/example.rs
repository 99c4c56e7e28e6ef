//! A value that passes: one that the schema names, else the national profile's, else a plain one of the type.

use serde_json::{Value, json};

use super::walk::At;
use crate::{Schema, explain};

/// Plain texts of JSON Schema's formats.
const TEXTS: [(&str, &str); 8] = [
    ("date-time", "2025-07-01T08:00:00+07:00"),
    ("date", "2025-07-01"),
    ("time", "08:00:00+07:00"),
    ("email", "name@example.vn"),
    ("uri", "https://example.vn"),
    ("uuid", "00000000-0000-4000-8000-000000000000"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
];

/// Returns the first candidate that no schema refuses which always applies.
pub(super) fn example(schema: &Schema, here: &[At<'_>]) -> Option<Value> {
    let passes = |value: &Value| {
        let always = here.iter().filter(|at| at.branch.is_none());
        always
            .into_iter()
            .all(|at| explain::refusal_at(&schema.inner, &at.pointer, value).is_none())
    };
    here.iter().flat_map(named).chain(here.iter().flat_map(|at| plain(schema, at))).find(passes)
}

fn named(at: &At<'_>) -> Vec<Value> {
    let list =
        |keyword: &str| at.schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
    let one = |keyword: &str| at.schema.get(keyword).into_iter();
    list("examples")
        .chain(one("const"))
        .chain(list("enum"))
        .chain(one("default"))
        .cloned()
        .collect()
}

fn plain(schema: &Schema, at: &At<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    if let Some(format) = at.schema.get("format").and_then(Value::as_str) {
        let national = schema.inner.profile.national_format(format);
        found.extend(national.map(|format| json!(format.example)));
        let standard = TEXTS.iter().filter(|(name, _)| *name == format);
        found.extend(standard.map(|(_, text)| json!(text)));
    }
    let bounds = ["minimum", "maximum"];
    found.extend(bounds.iter().filter_map(|keyword| at.schema.get(keyword)).cloned());
    // Texts that only a pattern or a length describes are left to `generate`.
    if at.schema.get("type").is_some() && at.schema.get("pattern").is_none() {
        found.extend([json!(0), json!(1), json!(true), json!("text")]);
    }
    found
}
