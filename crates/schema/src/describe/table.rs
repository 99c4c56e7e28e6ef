//! A schema as a page for people: one row a place.

use std::fmt::Write;

use serde_json::Value;

use super::{Description, describe};
use crate::{Schema, pointer};

/// Places below each other; a schema that refers to itself goes no deeper on the page.
const MAX_DEPTH: usize = 6;
/// Rows of one page.
const MAX_ROWS: usize = 2_000;

/// Writes a schema as Markdown: what it is, and every place with its rules, whether it is required, its classification
/// and whether it is personal. `bytes` are those that the schema was parsed from.
#[must_use]
pub fn markdown(schema: &Schema, bytes: &[u8]) -> String {
    let root = describe(schema, bytes, "");
    let said = |keyword: &str| schema.document().get(keyword).and_then(Value::as_str);
    let mut out = format!("# {}\n", cell(said("title").unwrap_or("A schema")));
    if let Some(text) = said("description") {
        out += &format!("\n{}\n", cell(text));
    }
    out += &format!("\n`{}`\n\n", schema.hash());
    for (name, keyword) in [
        ("Owner", "owner"),
        ("Legal basis", "legal-basis"),
        ("Retention", "retention"),
        ("Purpose", "purpose"),
    ] {
        if let Some(text) = said(&format!("x-ndxp-{keyword}")) {
            out += &format!("- {name}: {}\n", cell(text));
        }
    }
    out += "\n| field | what it is | rules | required | classification | personal data |\n|---|---|---|---|---|---|\n";
    let mut rows = Rows { schema, bytes, out, left: MAX_ROWS };
    if let Some(root) = root {
        rows.below(&root, 0);
    }
    rows.out
}

struct Rows<'s> {
    schema: &'s Schema,
    bytes: &'s [u8],
    out: String,
    left: usize,
}

impl Rows<'_> {
    fn below(&mut self, found: &Description, depth: usize) {
        if depth >= MAX_DEPTH {
            return;
        }
        let items = pointer::join(&found.pointer, "*");
        let properties = found.properties.iter().map(|name| pointer::join(&found.pointer, name));
        let places = properties.chain([items]);
        let mut found: Vec<Description> =
            places.filter_map(|place| describe(self.schema, self.bytes, &place)).collect();
        // As people wrote them, not by name.
        found.sort_by_key(|found| found.schemas.first().map(|applied| applied.at.offset));
        for found in found {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            self.row(&found);
            self.below(&found, depth + 1);
        }
    }

    fn row(&mut self, found: &Description) {
        let name = found.pointer.trim_start_matches('/').replace("/*", "[]").replace('/', ".");
        let texts = [&found.title, &found.description];
        let what: Vec<String> = texts.into_iter().flatten().map(|text| cell(text)).collect();
        let classification = found.classification.as_ref().map_or("", |said| &said.value);
        let personal = rule(found, "x-ndxp-personal-data").unwrap_or_default();
        writeln!(
            self.out,
            "| `{}` | {} | {} | {} | {classification} | {personal} |",
            cell(&name),
            what.join(": "),
            cell(&rules(found)),
            if found.required { "yes" } else { "" },
        )
        .unwrap_or_default();
    }
}

fn rule(found: &Description, keyword: &str) -> Option<String> {
    let mut rules = found.schemas.iter().flat_map(|applied| &applied.rules);
    rules.find(|(name, _)| name == keyword).map(|(_, value)| plain(value))
}

/// What a record has to keep; annotations have columns of their own.
fn rules(found: &Description) -> String {
    let applied = found.schemas.iter().filter(|applied| applied.branch.is_none());
    let silent = ["$ref", "required", "default", "examples", "deprecated"];
    let rules = applied.flat_map(|applied| &applied.rules).filter(|(name, _)| {
        let codes = name == "x-ndxp-codelist";
        codes || !name.starts_with("x-") && !silent.contains(&name.as_str())
    });
    let worded = rules.map(|(name, value)| match name.as_str() {
        "type" | "format" => plain(value),
        "x-ndxp-codelist" => format!("code of {}", plain(value)),
        "enum" => format!("one of {}", plain(value)),
        _ => format!("{name} {}", plain(value)),
    });
    let mut list: Vec<String> = worded.collect();
    if found.schemas.iter().any(|applied| applied.branch.is_some()) {
        list.push("more in branches".to_owned());
    }
    list.join("; ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Keeps a text within its cell.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;")
}
