//! The allow-list as a tree.

use std::collections::BTreeMap;

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
}
