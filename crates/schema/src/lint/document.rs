//! A document under the rules: every schema in it, with its place, its parent and how it got there.

use std::collections::HashMap;

use serde_json::Value;

use super::Context;
use crate::{
    Dialect, Schema, SchemaProblem, pointer,
    profile::Profile,
    schema::{self, Anchors, in_place},
};

/// One schema of the document.
#[derive(Debug)]
pub(super) struct Place<'s> {
    pub(super) pointer: String,
    pub(super) schema: &'s Value,
    /// The keyword that holds it; empty for the root.
    pub(super) via: &'s str,
    pub(super) parent: Option<usize>,
}

impl Place<'_> {
    /// Returns the name, for a property.
    pub(super) fn property(&self) -> Option<String> {
        (self.via == "properties").then(|| schema::last_token(&self.pointer))
    }

    pub(super) fn keyword(&self, keyword: &str) -> String {
        pointer::join(&self.pointer, keyword)
    }
}

pub(super) struct Document<'s> {
    pub(super) root: &'s Value,
    pub(super) dialect: Dialect,
    pub(super) profile: &'s Profile,
    pub(super) context: Context,
    /// Empty when there are more than the profile allows: [`Document::problems`] says so.
    pub(super) places: Vec<Place<'s>>,
    index: HashMap<*const Value, usize>,
    anchors: Anchors,
    /// The schema, where the hub accepts it.
    pub(super) schema: Option<Schema>,
    pub(super) problems: Vec<SchemaProblem>,
}

impl<'s> Document<'s> {
    pub(super) fn new(
        bytes: &[u8],
        root: &'s Value,
        profile: &'s Profile,
        context: Context,
    ) -> Self {
        let (schema, problems) = match Schema::parse(bytes, profile) {
            Ok(schema) => (Some(schema), Vec::new()),
            Err(problems) => (None, problems.0),
        };
        let dialect = Dialect::or_newest(root);
        let places = places(root, dialect, profile.schema.max_subschemas);
        let index =
            places.iter().enumerate().map(|(n, place)| (std::ptr::from_ref(place.schema), n));
        let index = index.collect();
        let owned = root.get("x-ndxp-owner").is_some();
        let context = Context { published: context.published || owned, ..context };
        let anchors =
            schema.as_ref().map(|schema| schema.inner.anchors.clone()).unwrap_or_default();
        Self { root, dialect, profile, context, places, index, anchors, schema, problems }
    }

    /// Returns the schemas that apply where `place` does, itself first: through references and in-place keywords.
    pub(super) fn applying(&self, place: &Place<'s>) -> Vec<&Place<'s>> {
        schema::applying_in(self.root, self.dialect, &self.anchors, vec![place.schema])
            .into_iter()
            .filter_map(|schema| self.place(schema))
            .collect()
    }

    /// Returns the place of a schema of this document.
    pub(super) fn place(&self, schema: &Value) -> Option<&Place<'s>> {
        self.index.get(&std::ptr::from_ref(schema)).and_then(|n| self.places.get(*n))
    }

    /// Returns the place that applies to the same value and is not itself a branch of another.
    pub(super) fn outermost<'p>(&'p self, place: &'p Place<'s>) -> &'p Place<'s> {
        let mut at = place;
        while in_place(at.via)
            && let Some(parent) = at.parent.and_then(|n| self.places.get(n))
        {
            at = parent;
        }
        at
    }

    /// Tells whether the place stands below a `not`, where rules mean their opposite.
    pub(super) fn negated(&self, place: &Place<'s>) -> bool {
        let mut at = Some(place);
        while let Some(here) = at {
            if here.via == "not" {
                return true;
            }
            at = here.parent.and_then(|n| self.places.get(n));
        }
        false
    }
}

fn places(root: &Value, dialect: Dialect, max: usize) -> Vec<Place<'_>> {
    let mut places = vec![Place { pointer: String::new(), schema: root, via: "", parent: None }];
    let mut next = 0;
    while let Some(place) = places.get(next) {
        let children = schema::children(dialect, place.schema, &place.pointer);
        places.extend(children.into_iter().map(|(via, pointer, schema)| Place {
            pointer,
            schema,
            via,
            parent: Some(next),
        }));
        if places.len() > max {
            return Vec::new();
        }
        next += 1;
    }
    places
}
