//! The allow-list as a tree: a record is walked along it, so what it does not name is never met.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What is granted at one place of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// Everything here and beneath.
    Whole,
    /// Only what is named further down.
    Parts {
        /// By name, if the value is an object.
        members: BTreeMap<String, Node>,
        /// In each element, if the value is an array.
        elements: Option<Box<Node>>,
    },
}

impl Default for Node {
    /// Grants nothing.
    fn default() -> Self {
        Self::Parts { members: BTreeMap::new(), elements: None }
    }
}

impl Node {
    /// Grants the place that `path` leads to. A place granted whole stays so.
    pub(super) fn grant(&mut self, mut path: impl Iterator<Item = String>) {
        let Some(token) = path.next() else {
            *self = Self::Whole;
            return;
        };
        match self {
            Self::Whole => {}
            Self::Parts { elements, .. } if token == "*" => {
                elements.get_or_insert_default().grant(path);
            }
            Self::Parts { members, .. } => members.entry(token).or_default().grant(path),
        }
    }

    /// Says whether all of what `path` leads to is granted.
    pub(super) fn grants(&self, mut path: impl Iterator<Item = String>) -> bool {
        let Self::Parts { members, elements } = self else { return true };
        let Some(token) = path.next() else { return false };
        let next = if token == "*" { elements.as_deref() } else { members.get(&token) };
        next.is_some_and(|node| node.grants(path))
    }

    /// Returns what of `value` is granted, or `None` if it is of another type than the grants need.
    /// Recursion ends with the tree, and a pointer's length bounds that.
    pub(super) fn project(&self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Whole, any) => Some(any.clone()),
            // Without a granted member, an object is here where the grants need an array.
            (Self::Parts { members, .. }, Value::Object(object)) if !members.is_empty() => {
                Some(Value::Object(project_members(members, object)))
            }
            (Self::Parts { elements: Some(each), .. }, Value::Array(array)) => {
                Some(array.iter().filter_map(|element| each.project(element)).collect())
            }
            (Self::Parts { .. }, _) => None,
        }
    }
}

fn project_members(
    members: &BTreeMap<String, Node>,
    object: &Map<String, Value>,
) -> Map<String, Value> {
    let granted = members.iter().filter_map(|(name, node)| {
        let value = node.project(object.get(name)?)?;
        Some((name.clone(), value))
    });
    granted.collect()
}
