//! From a contract to a schema.

use std::borrow::Cow;

use serde_json::{Map, Value};
use thiserror::Error;

use super::{
    Fate, Unmapped,
    export::node,
    words::{PERSONAL, TIMES, WHOLE, kept, options},
};
use crate::{
    Dialect,
    fmt::{Node, print_schema},
    pointer,
};

/// A schema made of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The schema's text, laid out; properties stand in the contract's order.
    pub text: String,
    /// What the contract says and a schema has no word for.
    pub unmapped: Vec<Unmapped>,
}

/// Why there is no schema.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImportError {
    /// It is no contract of version 3.
    #[error("a contract says apiVersion: v3.… and kind: DataContract")]
    NoContract,
    /// The contract has no object of that name, or has several and none was named.
    #[error("the contract has {}: name one", if .0.is_empty() { "no schema".to_owned() } else { format!("the schemas {}", .0.join(", ")) })]
    Which(Vec<String>),
}

/// Members of a contract that name it, and are no part of a schema.
const NAMES: [&str; 7] = ["apiVersion", "kind", "id", "name", "version", "status", "schema"];

/// Makes a schema of the contract's object `name`; without a name, of its only one.
///
/// # Errors
/// [`ImportError`].
pub fn import(contract: &Value, name: Option<&str>) -> Result<Imported, ImportError> {
    let version = contract.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if !version.starts_with("v3.") || contract.get("kind").is_none_or(|kind| kind != "DataContract")
    {
        return Err(ImportError::NoContract);
    }
    let objects =
        contract.get("schema").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let named = |object: &Value| text(object, "name");
    let which = || ImportError::Which(objects.iter().map(named).collect());
    let (at, object) = match (name, objects) {
        (None, [one]) => (0, one),
        (None, _) => return Err(which()),
        (Some(name), _) => objects
            .iter()
            .enumerate()
            .find(|(_, object)| named(object) == name)
            .ok_or_else(which)?,
    };
    let key = composite_key(object);
    let mut reader = Reader { unmapped: Vec::new(), composite: !key.is_empty() };
    let members = contract.as_object().into_iter().flatten();
    members
        .filter(|(key, _)| !NAMES.contains(&key.as_str()))
        .for_each(|(key, _)| reader.drop("", key));
    let mut root = reader.schema(object, &format!("/schema/{at}"), "object");
    if let Node::Object(members) = &mut root
        && !key.is_empty()
        && custom(object, "x-ndxp-key").is_none()
    {
        members.push(member("x-ndxp-key", &key.into()));
    }
    if let Node::Object(members) = &mut root
        && !members.iter().any(|(key, _)| key == "\"$schema\"")
        && !has_whole(object)
    {
        members.push(member("$schema", &"https://json-schema.org/draft/2020-12/schema".into()));
    }
    let kept = custom(object, "$schema").unwrap_or(Value::Null);
    let dialect = Dialect::or_newest(&serde_json::json!({ "$schema": kept }));
    Ok(Imported { text: print_schema(&mut root, dialect), unmapped: reader.unmapped })
}

struct Reader {
    unmapped: Vec<Unmapped>,
    /// Whether the key has several parts: then the root lists them.
    composite: bool,
}

/// The members of a schema, by keyword.
type Members = Vec<(Cow<'static, str>, Node<'static>)>;

impl Reader {
    fn drop(&mut self, at: &str, key: &str) {
        self.unmapped.push(Unmapped { pointer: pointer::join(at, key), fate: Fate::Dropped });
    }

    /// Reads an object, property or item.
    fn schema(&mut self, from: &Value, at: &str, usual: &str) -> Node<'static> {
        if let Some(whole) = whole(from) {
            return node(&whole);
        }
        let Value::Object(members) = from else { return Node::Object(Vec::new()) };
        let kept = kept_keywords(from);
        let mut out: Members = Vec::new();
        for (key, value) in members {
            self.word(key, value, from, at, &mut out);
        }
        let logical = text(from, "logicalType");
        if logical.is_empty() && !usual.is_empty() && kept.is_empty() {
            out.push(member("type", &usual.into()));
        }
        // What was kept under its own name is exact, whatever another word made of it.
        out.retain(|(key, _)| !kept.iter().any(|(keyword, _)| *key == quoted(keyword)));
        out.extend(kept.iter().map(|(keyword, value)| member(keyword, value)));
        Node::Object(out)
    }

    fn word(&mut self, key: &str, value: &Value, from: &Value, at: &str, out: &mut Members) {
        match (key, value) {
            ("name" | "required" | "primaryKeyPosition", _) => {}
            ("businessName", Value::String(_)) => out.push(member("title", value)),
            ("description", Value::String(_)) => out.push(member("description", value)),
            ("classification", Value::String(level)) if is_level(level) => {
                out.push(member("x-ndxp-classification", value));
            }
            ("examples", Value::Array(_)) => out.push(member("examples", value)),
            ("logicalType", Value::String(kind)) => logical_type(kind, out),
            ("logicalTypeOptions", Value::Object(found)) => {
                self.options(found, &text(from, "logicalType"), at, out);
            }
            ("primaryKey", Value::Bool(is_key)) => {
                let alone = *is_key && !self.composite;
                out.extend(alone.then(|| member("x-ndxp-key", value)));
            }
            ("items", Value::Object(_)) => {
                let items = self.schema(value, &pointer::join(at, "items"), "");
                out.push((quoted("items"), items));
            }
            ("properties", Value::Array(list)) => self.properties(list, at, out),
            ("tags", Value::Array(tags)) => self.tags(tags, at, out),
            ("customProperties", Value::Array(list)) => self.customs(list, at),
            _ => self.drop(at, key),
        }
    }

    fn options(&mut self, found: &Map<String, Value>, kind: &str, at: &str, out: &mut Members) {
        let here = pointer::join(at, "logicalTypeOptions");
        for (keyword, value) in found {
            if options(kind).contains(&keyword.as_str()) {
                out.push(member(keyword, value));
            } else {
                self.drop(&here, keyword);
            }
        }
    }

    fn properties(&mut self, list: &[Value], at: &str, out: &mut Members) {
        let here = pointer::join(at, "properties");
        let (mut named, mut required) = (Vec::new(), Vec::new());
        for (n, property) in list.iter().enumerate() {
            let (name, place) = (text(property, "name"), format!("{here}/{n}"));
            named.push((quoted(&name), self.schema(property, &place, "")));
            if property.get("required") == Some(&Value::Bool(true)) {
                required.push(Value::from(name));
            }
        }
        out.push((quoted("properties"), Node::Object(named)));
        if !required.is_empty() {
            out.push(member("required", &required.into()));
        }
    }

    fn tags(&mut self, tags: &[Value], at: &str, out: &mut Members) {
        let here = pointer::join(at, "tags");
        for (n, tag) in tags.iter().enumerate() {
            if tag == PERSONAL {
                out.push(member("x-ndxp-personal-data", &"basic".into()));
            } else {
                self.drop(&here, &n.to_string());
            }
        }
    }

    /// Lists custom properties of others; ours are read by [`kept_keywords`].
    fn customs(&mut self, list: &[Value], at: &str) {
        let here = pointer::join(at, "customProperties");
        for (n, custom) in list.iter().enumerate() {
            let property = text(custom, "property");
            if kept(&property).is_none() && property != WHOLE {
                self.drop(&here, &n.to_string());
            }
        }
    }
}

/// Returns the pointers of a key of several fields, in their order; nothing for a key of one.
fn composite_key(object: &Value) -> Vec<Value> {
    let properties = object.get("properties").and_then(Value::as_array).into_iter().flatten();
    let mut parts: Vec<(i64, String)> = properties
        .filter(|property| property.get("primaryKey") == Some(&Value::Bool(true)))
        .map(|property| {
            let position = property.get("primaryKeyPosition").and_then(Value::as_i64);
            (position.unwrap_or(i64::MAX), pointer::join("", &text(property, "name")))
        })
        .collect();
    parts.sort_by_key(|(position, _)| *position);
    let whole = if parts.len() > 1 { parts } else { Vec::new() };
    whole.into_iter().map(|(_, pointer)| pointer.into()).collect()
}

fn logical_type(kind: &str, out: &mut Members) {
    match TIMES.iter().find(|(_, logical)| *logical == kind) {
        Some((format, _)) => {
            out.push(member("type", &"string".into()));
            out.push(member("format", &(*format).into()));
        }
        None => out.push(member("type", &kind.into())),
    }
}

fn is_level(level: &str) -> bool {
    ["public", "internal", "confidential", "secret"].contains(&level)
}

fn kept_keywords(from: &Value) -> Vec<(String, Value)> {
    let list = from.get("customProperties").and_then(Value::as_array);
    let found = list.into_iter().flatten().filter_map(|custom| {
        let property = custom.get("property")?.as_str()?;
        Some((kept(property)?.to_owned(), custom.get("value")?.clone()))
    });
    found.collect()
}

fn custom(from: &Value, keyword: &str) -> Option<Value> {
    kept_keywords(from).into_iter().find(|(kept, _)| kept == keyword).map(|(_, value)| value)
}

/// Returns a schema that was `true` or `false`.
fn whole(from: &Value) -> Option<Value> {
    let list = from.get("customProperties").and_then(Value::as_array)?;
    let whole = list.iter().find(|custom| text(custom, "property") == WHOLE)?;
    whole.get("value").filter(|value| value.is_boolean()).cloned()
}

fn has_whole(from: &Value) -> bool {
    whole(from).is_some()
}

fn text(from: &Value, member: &str) -> String {
    from.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn quoted(text: &str) -> Cow<'static, str> {
    Cow::Owned(Value::from(text).to_string())
}

fn member(keyword: &str, value: &Value) -> (Cow<'static, str>, Node<'static>) {
    (quoted(keyword), node(value))
}
