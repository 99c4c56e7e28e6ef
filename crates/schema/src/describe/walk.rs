//! Down a record's path, with all schemas that apply at each step and the branch that each stands in.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::{
    Dialect, Schema, pointer,
    schema::{children, hidden_by_ref, in_place, resolve, shape},
};

/// A schema that applies at a place of the record.
#[derive(Debug, Clone)]
pub(super) struct At<'s> {
    pub(super) schema: &'s Value,
    pub(super) pointer: String,
    /// The keyword under which it applies only sometimes.
    pub(super) branch: Option<&'s str>,
}

pub(super) struct Walk<'s> {
    schema: &'s Schema,
}

/// Tells whether the keyword's value is schemas, which are places of their own.
pub(super) fn holds_schemas(dialect: Dialect, keyword: &str) -> bool {
    shape(dialect, keyword).is_some()
}

impl<'s> Walk<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        Self { schema }
    }

    /// Returns the schema at a place of the document.
    pub(super) fn at(&self, place: &str) -> Option<At<'s>> {
        let schema = self.schema.document().pointer(place)?;
        (schema.is_object() || schema.is_boolean()).then(|| At {
            schema,
            pointer: place.to_owned(),
            branch: None,
        })
    }

    /// Returns what applies at the root and at each step of a record's path; `None` where nothing does.
    pub(super) fn path(&self, path: &str) -> Option<Vec<Vec<At<'s>>>> {
        let mut levels = vec![self.applying(vec![self.at("")?])];
        for token in pointer::tokens(path)? {
            let here = levels.last()?;
            let below = here.iter().flat_map(|at| self.below(at, &token)).collect();
            levels.push(self.applying(below));
            if levels.last()?.is_empty() {
                return None;
            }
        }
        Some(levels)
    }

    /// Adds what applies through references and in-place keywords, each schema once.
    pub(super) fn applying(&self, start: Vec<At<'s>>) -> Vec<At<'s>> {
        let mut seen = HashSet::new();
        let mut open: Vec<At<'s>> = start.into_iter().rev().collect();
        let mut found = Vec::new();
        while let Some(at) = open.pop() {
            if !seen.insert((at.pointer.clone(), at.branch)) {
                continue;
            }
            open.extend(self.beside(&at));
            found.push(at);
        }
        found
    }

    fn beside(&self, at: &At<'s>) -> Vec<At<'s>> {
        let inner = &self.schema.inner;
        let target = at.schema.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|reference| resolve(&inner.root, &inner.anchors, reference));
        let target = target.map(|found| At {
            schema: found.schema,
            pointer: found.pointer,
            branch: at.branch,
        });
        if hidden_by_ref(inner.dialect, at.schema) {
            return target.into_iter().collect();
        }
        let applied = children(inner.dialect, at.schema, &at.pointer).into_iter();
        let applied = applied.filter(|(keyword, ..)| in_place(keyword) && *keyword != "not");
        let applied = applied.map(|(keyword, pointer, schema)| {
            let branch = if keyword == "allOf" { at.branch } else { Some(keyword) };
            At { schema, pointer, branch }
        });
        target.into_iter().chain(applied).collect()
    }

    /// Returns what the schema says about its part `token`: a property's name, an item's index, or `*`.
    fn below(&self, at: &At<'s>, token: &str) -> Vec<At<'s>> {
        let dialect = self.schema.dialect();
        if hidden_by_ref(dialect, at.schema) {
            return Vec::new();
        }
        let part = |keyword: &str, pointer: &str| {
            let own =
                |part: &str| *pointer == pointer::join(&pointer::join(&at.pointer, keyword), part);
            match keyword {
                "properties" | "prefixItems" => own(token),
                "patternProperties" => self.matching(at, token).iter().any(|name| own(name)),
                "items"
                    if dialect == Dialect::Draft7
                        && at.schema.get("items").is_some_and(Value::is_array) =>
                {
                    own(token)
                }
                "items" => token == "*" || is_index(token) && !has_prefix(at, token),
                _ => false,
            }
        };
        let found = children(dialect, at.schema, &at.pointer).into_iter();
        let mut named: Vec<At<'s>> = found
            .filter(|(keyword, pointer, _)| part(keyword, pointer))
            .map(|(_, pointer, schema)| At { schema, pointer, branch: at.branch })
            .collect();
        if named.is_empty()
            && let Some(schema) =
                at.schema.get("additionalProperties").filter(|rest| rest.is_object())
        {
            let pointer = pointer::join(&at.pointer, "additionalProperties");
            named.push(At { schema, pointer, branch: at.branch });
        }
        named
    }

    fn matching(&self, at: &At<'s>, name: &str) -> Vec<&'s str> {
        let patterns = at.schema.get("patternProperties").and_then(Value::as_object);
        let leaves = &self.schema.inner.leaves;
        let name = Value::from(name);
        let matches = |pattern: &&str| leaves.pattern(pattern, &name) == Some(true);
        patterns
            .into_iter()
            .flat_map(|named| named.keys().map(String::as_str))
            .filter(matches)
            .collect()
    }

    /// Returns the names of the properties declared right below.
    pub(super) fn properties(&self, here: &[At<'s>]) -> Vec<String> {
        let declared = here.iter().filter_map(|at| at.schema.get("properties")?.as_object());
        let names: BTreeSet<&String> = declared.flat_map(|named| named.keys()).collect();
        names.into_iter().cloned().collect()
    }
}

fn is_index(token: &str) -> bool {
    token.parse::<usize>().is_ok()
}

fn has_prefix(at: &At<'_>, token: &str) -> bool {
    let prefix = at.schema.get("prefixItems").and_then(Value::as_array);
    token.parse().is_ok_and(|index: usize| prefix.is_some_and(|prefix| index < prefix.len()))
}
