//! What kinds of values a schema has for the properties of a flat record, for tables without types.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Inner,
    declares::{applying, below},
};

/// The kinds of the root's properties, by the schemas that speak of them.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    kinds: BTreeMap<String, BTreeSet<String>>,
    none: BTreeSet<String>,
}

impl Columns {
    pub(super) fn of(schema: &Inner) -> Self {
        let root = applying(schema, vec![&schema.root]);
        let named = root.iter().filter_map(|at| at.get("properties")?.as_object());
        let names: BTreeSet<&String> = named.flat_map(serde_json::Map::keys).collect();
        let kinds = names.into_iter().map(|name| {
            let below = root.iter().flat_map(|at| below(schema.dialect, at, name)).collect();
            (name.clone(), applying(schema, below).into_iter().flat_map(kinds).collect())
        });
        Self { kinds: kinds.collect(), none: BTreeSet::new() }
    }

    /// Returns the names of the types that `type`, `const` and `enum` give the property; none where nothing does.
    #[must_use]
    pub fn kinds(&self, property: &str) -> &BTreeSet<String> {
        self.kinds.get(property).unwrap_or(&self.none)
    }
}

fn kinds(schema: &Value) -> Vec<String> {
    let named = match schema.get("type") {
        Some(Value::String(name)) => vec![name.clone()],
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    let members = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let values = members.chain(schema.get("const"));
    named.into_iter().chain(values.map(|value| kind(value).to_owned())).collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use crate::{Profile, Schema};

    #[test]
    fn kinds_come_from_types_constants_and_references() {
        let schema = r##"{"allOf": [{"properties": {"a": {"type": ["integer", "null"]}}}],
            "properties": {"a": {}, "b": {"$ref": "#/$defs/b"}, "c": {}},
            "$defs": {"b": {"enum": [1, "x"]}}}"##;
        let columns = Schema::parse(schema.as_bytes(), &Profile::default()).unwrap().columns();
        let kinds = |name: &str| columns.kinds(name).iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(
            [kinds("a"), kinds("b"), kinds("c"), kinds("d")],
            ["integer null", "number string", "", ""]
        );
    }
}
