//! What a schema says about one place of a record: every rule that applies there, through references and branches, its
//! classification and where it comes from, and an example.

mod example;
mod table;
mod walk;

use serde_json::Value;

use crate::{
    Schema, fmt, pointer,
    position::{self, Position},
    schema::hidden_by_ref,
};
use walk::{At, Walk};

pub use table::markdown;

/// All that applies at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The place in the record, as a JSON Pointer; `*` stands for any item.
    pub pointer: String,
    /// What it is called, and what is said about it.
    pub title: Option<String>,
    /// The longer text.
    pub description: Option<String>,
    /// Whether the object around it must have it, whatever the branches say.
    pub required: bool,
    /// The schemas that apply, in the order of their places.
    pub schemas: Vec<Applied>,
    /// `x-ndxp-classification`, its own or inherited.
    pub classification: Option<Inherited>,
    /// The properties declared right below.
    pub properties: Vec<String>,
    /// A value that passes, where one is known.
    pub example: Option<Value>,
}

/// One schema that applies at the place.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// Its place in the schema document.
    pub pointer: String,
    /// The place in the bytes.
    pub at: Position,
    /// The keyword of the branch it stands in, for example `oneOf`; absent: it always applies.
    pub branch: Option<String>,
    /// Its rules and annotations, keyword by keyword in the order of [`crate::format`]; schemas for parts are left out.
    pub rules: Vec<(String, Value)>,
}

/// A value from the place itself or from above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inherited {
    /// The value.
    pub value: String,
    /// The place in the schema document that says so.
    pub from: String,
}

const CLASSIFICATION: &str = "x-ndxp-classification";

/// Describes the place at `pointer` of a record, for example `/site/commune_code` or `/children/*/name`; `#/…` names a
/// place of the schema instead. `bytes` are those that the schema was parsed from. `None`: nothing is declared there.
#[must_use]
pub fn describe(schema: &Schema, bytes: &[u8], pointer: &str) -> Option<Description> {
    let walk = Walk::new(schema);
    let path = match pointer.strip_prefix('#') {
        Some(place) => vec![walk.applying(vec![walk.at(place)?])],
        None => walk.path(pointer)?,
    };
    let (here, above) = path.split_last()?;
    let text = |keyword: &str| first(here, keyword).and_then(Value::as_str).map(str::to_owned);
    let last = pointer::tokens(pointer).and_then(|mut tokens| tokens.pop());
    let parent = above.last().map(Vec::as_slice).unwrap_or_default();
    Some(Description {
        pointer: pointer.to_owned(),
        title: text("title"),
        description: text("description"),
        required: last.is_some_and(|name| parent.iter().any(|at| requires(at, &name))),
        schemas: here.iter().map(|at| applied(schema, at, bytes)).collect(),
        classification: path.iter().rev().find_map(|level| classification(level)),
        properties: walk.properties(here),
        example: example::example(schema, here),
    })
}

/// The innermost word counts: a property's own title before that of the definition it refers to.
fn first<'s>(here: &[At<'s>], keyword: &str) -> Option<&'s Value> {
    here.iter().find_map(|at| at.schema.get(keyword))
}

fn requires(parent: &At<'_>, name: &str) -> bool {
    let required = parent.schema.get("required").and_then(Value::as_array);
    parent.branch.is_none() && required.is_some_and(|names| names.iter().any(|one| one == name))
}

fn classification(level: &[At<'_>]) -> Option<Inherited> {
    level.iter().find_map(|at| {
        let value = at.schema.get(CLASSIFICATION)?.as_str()?.to_owned();
        Some(Inherited { value, from: at.pointer.clone() })
    })
}

fn applied(schema: &Schema, at: &At<'_>, bytes: &[u8]) -> Applied {
    let place = position::value(bytes, &at.pointer);
    let only_ref = hidden_by_ref(schema.dialect(), at.schema);
    let members = at.schema.as_object().into_iter().flatten();
    let rules = members
        .filter(|(keyword, _)| !only_ref || *keyword == "$ref")
        .filter(|(keyword, _)| !walk::holds_schemas(schema.dialect(), keyword))
        .filter(|(keyword, _)| {
            !["$schema", "$id", "title", "description"].contains(&keyword.as_str())
        });
    let mut rules: Vec<_> = rules.map(|(name, value)| (name.clone(), value.clone())).collect();
    rules.sort_by_key(|(name, _)| fmt::rank(name));
    Applied {
        pointer: at.pointer.clone(),
        at: place.map_or_else(|| position::at(bytes, 0), |span| span.start),
        branch: at.branch.map(str::to_owned),
        rules,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod tests;
