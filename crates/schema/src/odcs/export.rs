//! From a schema to a contract.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{
    Fate, Unmapped,
    words::{PERSONAL, TIMES, WHOLE, custom, options},
    yaml,
};
use crate::{
    fmt::{Node, Tree, rank},
    pointer,
};

/// What a contract says besides the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// The contract's id.
    pub id: String,
    /// The name of the dataset; the name of the schema's object too.
    pub name: String,
    /// The contract's version.
    pub version: String,
    /// `proposed`, `draft`, `active`, `deprecated` or `retired`.
    pub status: String,
}

/// Writes a schema as a contract in YAML, with all that is kept only as custom properties. `bytes` are the schema's text:
/// properties stand in the contract in the order that people gave them.
#[must_use]
pub fn export(document: &Value, bytes: &[u8], contract: &Contract) -> (String, Vec<Unmapped>) {
    let (node, unmapped) = build(document, bytes, contract);
    (yaml::print(&node), unmapped)
}

pub(super) fn build(
    document: &Value,
    bytes: &[u8],
    contract: &Contract,
) -> (Node<'static>, Vec<Unmapped>) {
    let mut writer = Writer { order: Tree::of(bytes), unmapped: Vec::new() };
    let object = writer.object(document, &contract.name);
    let node = members(vec![
        ("apiVersion", text("v3.1.0")),
        ("kind", text("DataContract")),
        ("id", text(&contract.id)),
        ("name", text(&contract.name)),
        ("version", text(&contract.version)),
        ("status", text(&contract.status)),
        ("schema", Node::Array(vec![object])),
    ]);
    (node, writer.unmapped)
}

struct Writer<'t> {
    order: Tree<'t>,
    unmapped: Vec<Unmapped>,
}

/// A schema's members, and those of the contract that are made of them.
struct Parts<'v> {
    left: Map<String, Value>,
    out: Vec<(&'v str, Node<'static>)>,
}

impl Parts<'_> {
    /// Moves a keyword over, if its value has the form that the contract wants.
    fn take(&mut self, keyword: &str, word: &'static str, is: fn(&Value) -> bool) {
        if self.left.get(keyword).is_some_and(is)
            && let Some(value) = self.left.remove(keyword)
        {
            self.out.push((word, node(&value)));
        }
    }
}

impl Writer<'_> {
    /// The root: an object of the contract, which has fewer words than a property.
    fn object(&mut self, schema: &Value, name: &str) -> Node<'static> {
        let Value::Object(members_of) = schema else { return self.whole(schema, name) };
        let mut parts = Parts { left: members_of.clone(), out: vec![("name", text(name))] };
        parts.take("title", "businessName", Value::is_string);
        parts.take("description", "description", Value::is_string);
        if parts.left.get("type").is_some_and(|kind| kind == "object") {
            parts.take("type", "logicalType", Value::is_string);
        }
        self.properties(&mut parts, "");
        self.customs(&mut parts, "");
        members(parts.out)
    }

    fn property(
        &mut self,
        name: Option<&str>,
        schema: &Value,
        at: &str,
        required: bool,
    ) -> Node<'static> {
        let Value::Object(members_of) = schema else {
            return self.whole(schema, name.unwrap_or_default());
        };
        let named = name.map(|name| ("name", text(name)));
        let mut parts = Parts { left: members_of.clone(), out: named.into_iter().collect() };
        parts.take("title", "businessName", Value::is_string);
        parts.take("description", "description", Value::is_string);
        logical_type(&mut parts);
        if required {
            parts.out.push(("required", plain("true")));
        }
        if parts.left.get("x-ndxp-key") == Some(&Value::Bool(true)) {
            parts.left.remove("x-ndxp-key");
            parts.out.push(("primaryKey", plain("true")));
            parts.out.push(("primaryKeyPosition", plain("1")));
        }
        parts.take("x-ndxp-classification", "classification", Value::is_string);
        // Others than this tool look at tags; the level itself is kept as it is.
        let level = parts.left.get("x-ndxp-personal-data").and_then(Value::as_str);
        if level.is_some_and(|level| level != "none") {
            parts.out.push(("tags", Node::Array(vec![text(PERSONAL)])));
        }
        parts.take("examples", "examples", Value::is_array);
        self.items(&mut parts, at);
        self.properties(&mut parts, at);
        self.customs(&mut parts, at);
        members(parts.out)
    }

    /// A schema that is `true` or `false`.
    fn whole(&mut self, schema: &Value, name: &str) -> Node<'static> {
        let kept = members(vec![("property", text(WHOLE)), ("value", node(schema))]);
        members(vec![("name", text(name)), ("customProperties", Node::Array(vec![kept]))])
    }

    fn items(&mut self, parts: &mut Parts<'_>, at: &str) {
        let is_array =
            parts.out.iter().any(|(word, value)| *word == "logicalType" && *value == text("array"));
        if is_array
            && parts.left.get("items").is_some_and(Value::is_object)
            && let Some(items) = parts.left.remove("items")
        {
            let items = self.property(None, &items, &pointer::join(at, "items"), false);
            parts.out.push(("items", items));
        }
    }

    fn properties(&mut self, parts: &mut Parts<'_>, at: &str) {
        let Some(Value::Object(named)) = parts.left.remove("properties") else { return };
        let here = pointer::join(at, "properties");
        let names = self.order.names(&here).unwrap_or_else(|| named.keys().cloned().collect());
        let required = required(&mut parts.left, &names);
        let list = names.iter().filter_map(|name| {
            let schema = named.get(name)?;
            let at = pointer::join(&here, name);
            Some(self.property(Some(name), schema, &at, required.contains(name)))
        });
        let list = list.collect();
        parts.out.push(("properties", Node::Array(list)));
    }

    /// Keeps what is left under its own name.
    fn customs(&mut self, parts: &mut Parts<'_>, at: &str) {
        let mut left: Vec<_> = std::mem::take(&mut parts.left).into_iter().collect();
        left.sort_by_key(|(keyword, _)| rank(keyword));
        let mut list = Vec::new();
        for (keyword, value) in left {
            // Custom properties are where the standard wants annotations.
            if !keyword.starts_with("x-") && keyword != "$schema" {
                let pointer = pointer::join(at, &keyword);
                self.unmapped.push(Unmapped { pointer, fate: Fate::Kept });
            }
            list.push(members(vec![
                ("property", text(&custom(&keyword))),
                ("value", node(&value)),
            ]));
        }
        if !list.is_empty() {
            parts.out.push(("customProperties", Node::Array(list)));
        }
    }
}

/// Takes `required` over into the properties, if they can say all of it.
fn required(left: &mut Map<String, Value>, names: &[String]) -> Vec<String> {
    let listed = left.get("required").and_then(Value::as_array);
    let listed: Option<Vec<String>> =
        listed.map(|list| list.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect());
    let Some(listed) = listed else { return Vec::new() };
    let in_order: Vec<&String> = names.iter().filter(|name| listed.contains(name)).collect();
    if !listed.is_empty() && in_order.iter().copied().eq(&listed) {
        left.remove("required");
    }
    listed
}

/// Moves type, format and bounds over; a list of types is kept besides, since a contract has one type.
fn logical_type(parts: &mut Parts<'_>) {
    let kind = match parts.left.get("type") {
        Some(Value::String(one)) if one != "null" => one.clone(),
        Some(Value::Array(many)) => {
            let mut kinds = many.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
            match (kinds.next(), kinds.next()) {
                (Some(one), None) => one.to_owned(),
                _ => return,
            }
        }
        _ => return,
    };
    if parts.left.get("type").is_some_and(Value::is_string) {
        parts.left.remove("type");
    }
    let format = parts.left.get("format").and_then(Value::as_str);
    let time = TIMES.iter().find(|(known, _)| kind == "string" && format == Some(known));
    let logical = time.map_or(kind.as_str(), |(_, logical)| logical);
    if time.is_some() {
        parts.left.remove("format");
    }
    parts.out.push(("logicalType", text(logical)));
    let mut found = Vec::new();
    for keyword in options(logical) {
        if let Some(value) = parts.left.remove(*keyword) {
            found.push((*keyword, node(&value)));
        }
    }
    if !found.is_empty() {
        parts.out.push(("logicalTypeOptions", members(found)));
    }
}

fn members(list: Vec<(&str, Node<'static>)>) -> Node<'static> {
    Node::Object(list.into_iter().map(|(key, value)| (quoted(key), value)).collect())
}

fn text(text: &str) -> Node<'static> {
    Node::Scalar(quoted(text))
}

fn plain(word: &'static str) -> Node<'static> {
    Node::Scalar(Cow::Borrowed(word))
}

fn quoted(text: &str) -> Cow<'static, str> {
    Cow::Owned(Value::from(text).to_string())
}

pub(super) fn node(value: &Value) -> Node<'static> {
    match value {
        Value::Array(items) => Node::Array(items.iter().map(node).collect()),
        Value::Object(named) => {
            Node::Object(named.iter().map(|(key, value)| (quoted(key), node(value))).collect())
        }
        scalar => Node::Scalar(Cow::Owned(scalar.to_string())),
    }
}
