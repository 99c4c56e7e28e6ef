//! How many schemas apply to one value in a row: the validator's stack grows with it, and a cycle would never end.

use std::collections::HashMap;

use serde_json::Value;

use super::{Found, Places};
use crate::schema::{
    Anchors, Dialect,
    keywords::{children, hidden_by_ref, in_place},
    places,
};

pub(super) fn check(
    root: &Value,
    dialect: Dialect,
    places: &Places<'_>,
    anchors: &Anchors,
    max: usize,
) -> Option<Found> {
    let mut walk = Walk { root, dialect, anchors, max, lengths: HashMap::new(), open: Vec::new() };
    places.iter().find_map(|(start, schema)| {
        let message = walk.length(start, schema).err()?;
        Some(Found { pointer: start.clone(), keyword: "$ref".to_owned(), message })
    })
}

struct Walk<'s> {
    root: &'s Value,
    dialect: Dialect,
    anchors: &'s Anchors,
    max: usize,
    /// Finished places and the schemas in the longest row from there.
    lengths: HashMap<String, usize>,
    open: Vec<String>,
}

impl<'s> Walk<'s> {
    /// Recursion is bounded: `open` never grows beyond `max`.
    fn length(&mut self, place: &str, schema: &'s Value) -> Result<usize, String> {
        if let Some(known) = self.lengths.get(place) {
            return Ok(*known);
        }
        if self.open.iter().any(|open| open == place) {
            return Err(
                "the schema refers to itself without a property or an item between".to_owned()
            );
        }
        if self.open.len() >= self.max {
            return Err(self.too_long());
        }
        self.open.push(place.to_owned());
        let mut longest = 0;
        for (place, inner) in self.next(place, schema) {
            longest = longest.max(self.length(&place, inner)?);
        }
        self.open.pop();
        let length = longest + 1;
        if self.open.len() + length > self.max {
            return Err(self.too_long());
        }
        self.lengths.insert(place.to_owned(), length);
        Ok(length)
    }

    fn too_long(&self) -> String {
        format!("more than {} schemas apply to one value in a row", self.max)
    }

    fn next(&self, place: &str, schema: &'s Value) -> Vec<(String, &'s Value)> {
        let mut next = Vec::new();
        let target = schema.get("$ref").and_then(Value::as_str);
        if let Some(target) = target.and_then(|to| places::resolve(self.root, self.anchors, to)) {
            next.push((target.pointer, target.schema));
        }
        if !hidden_by_ref(self.dialect, schema) {
            let inner = children(self.dialect, schema, place).into_iter();
            next.extend(
                inner.filter(|(k, ..)| in_place(k)).map(|(_, place, schema)| (place, schema)),
            );
        }
        next
    }
}
