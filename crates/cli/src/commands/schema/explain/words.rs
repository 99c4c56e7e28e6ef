//! A description as lines for people.

use std::fmt::Write;

use ndxp_schema::{Applied, Description, Profile};
use serde_json::Value;

/// Width of the column of names.
const NAMES: usize = 15;

pub(super) fn describe(file: &str, found: &Description, profile: &Profile) -> String {
    let mut out = String::new();
    let place = if found.pointer.is_empty() { "the record" } else { &found.pointer };
    line(&mut out, format_args!("{place}"));
    let mut row = |name: &str, text: &str| line(&mut out, format_args!("  {name:NAMES$} {text}"));
    for (name, text) in [("title", &found.title), ("description", &found.description)] {
        if let Some(text) = text {
            row(name, text);
        }
    }
    if !found.pointer.is_empty() && !found.pointer.starts_with('#') {
        row("required", if found.required { "yes" } else { "no" });
    }
    match &found.classification {
        Some(said) => row("classification", &format!("{}, said at {}", said.value, at(&said.from))),
        None => row("classification", "none, here or above"),
    }
    for (name, value) in always(found) {
        row(&called(&name), &worded(&name, &value, profile));
    }
    if !found.properties.is_empty() {
        row("properties", &found.properties.join(", "));
    }
    if let Some(example) = &found.example {
        row("example", &example.to_string());
    }
    line(&mut out, format_args!("\nwhat applies:"));
    found.schemas.iter().for_each(|applied| one(&mut out, file, applied));
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").unwrap_or_default();
}

fn at(pointer: &str) -> &str {
    if pointer.is_empty() { "the root" } else { pointer }
}

/// Rules that hold whatever the branches say; the classification has its own line.
fn always(found: &Description) -> Vec<(String, Value)> {
    let sure = found.schemas.iter().filter(|applied| applied.branch.is_none());
    let rules = sure.flat_map(|applied| applied.rules.iter().cloned());
    let told = ["$ref", "x-ndxp-classification", "x-ndxp-lint-ignore", "default", "examples"];
    rules.filter(|(name, _)| !told.contains(&name.as_str())).collect()
}

/// Names a keyword without the prefix of annotations.
fn called(keyword: &str) -> String {
    match keyword.strip_prefix("x-ndxp-") {
        Some("codelist") => "code list".to_owned(),
        Some(annotation) => annotation.replace('-', " "),
        None if keyword == "required" => "must have".to_owned(),
        None => keyword.to_owned(),
    }
}

fn worded(name: &str, value: &Value, profile: &Profile) -> String {
    let text = plain(value);
    let format = (name == "format").then(|| profile.national_format(&text)).flatten();
    match format {
        Some(format) => format!("{text}: {}", format.hint),
        None => text,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn one(out: &mut String, file: &str, applied: &Applied) {
    let Applied { pointer, at: place, branch, rules } = applied;
    let branch = branch.as_ref().map(|keyword| format!(" (in a branch of {keyword})"));
    let rules: Vec<String> = rules.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let rules = if rules.is_empty() { "no rules of its own".to_owned() } else { rules.join("; ") };
    line(
        out,
        format_args!(
            "  {file}:{}:{} {}{}: {rules}",
            place.line,
            place.column,
            at(pointer),
            branch.unwrap_or_default()
        ),
    );
}
