//! The next step: what a person should do about a value that is wrong, told without the value.

use serde_json::Value;

use super::walk::Walk;

/// Formats of JSON Schema that people write otherwise, with an example of nothing in particular.
const EXAMPLES: [(&str, &str); 8] = [
    ("date", "2025-07-01"),
    ("date-time", "2025-07-01T08:00:00+07:00"),
    ("duration", "P1Y2M"),
    ("email", "office@example.vn"),
    ("ipv4", "192.0.2.1"),
    ("time", "08:00:00+07:00"),
    ("uri", "https://example.vn/page"),
    ("uuid", "0192c3e4-0000-7000-8000-000000000001"),
];

/// Returns the next step for a leaf keyword that does not hold, where there is more to say than what was expected.
pub(super) fn leaf(walk: &Walk<'_>, keyword: &str, rule: &Value, value: &Value) -> Option<String> {
    match keyword {
        "type" => quotes(rule, value).map(str::to_owned),
        "enum" | "const" => case(rule, value).map(str::to_owned),
        "format" => format(walk, rule.as_str()?),
        _ => None,
    }
}

/// A number in quotes, or a text without.
fn quotes(rule: &Value, value: &Value) -> Option<&'static str> {
    let allowed = |name: &str| match rule {
        Value::Array(names) => names.iter().any(|known| known == name),
        one => one == name,
    };
    match value {
        Value::String(text) if allowed("number") || allowed("integer") => {
            let number = serde_json::from_str::<serde_json::Number>(text).is_ok();
            number.then_some("numbers stand without quotes")
        }
        Value::String(text) if allowed("boolean") => matches!(text.as_str(), "true" | "false")
            .then_some("true and false stand without quotes"),
        Value::Number(_) if allowed("string") => {
            Some("texts stand in quotes, also those of digits")
        }
        _ => None,
    }
}

/// A text that differs from a member in case or space alone.
fn case(rule: &Value, value: &Value) -> Option<&'static str> {
    let text = value.as_str()?.trim().to_lowercase();
    let members = rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
    let near = members.iter().filter_map(Value::as_str).any(|member| member.to_lowercase() == text);
    near.then_some("upper and lower case and spaces count")
}

fn format(walk: &Walk<'_>, name: &str) -> Option<String> {
    if let Some(national) = walk.schema.profile.national_format(name) {
        return national.note.clone();
    }
    let example = EXAMPLES.iter().find(|(known, _)| *known == name);
    example.map(|(_, example)| format!("as {example}"))
}

/// Says what kind of text was found: of digits alone, their number says more.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| super::words::count(text.len(), "digit"))
}

/// Names what a missing property would have to be.
pub(super) fn wanted(rules: &serde_json::Map<String, Value>, name: &str) -> String {
    let schema = rules.get("properties").and_then(|named| named.get(name));
    let Some(kind) = schema.and_then(|schema| schema.get("type")) else { return String::new() };
    format!(", {}", super::words::types(kind))
}

/// Tells how far an alternative is from holding, in one word: the keyword that it fails first.
pub(super) fn failing(violations: &[super::Violation]) -> &str {
    violations.first().map_or("unknown", |violation| violation.keyword.as_str())
}
