//! The decision procedure of the validator's crate, behind our own surface: it is marked experimental.
//!
//! It has a budget of its own that allows for a second of work, so it is asked only about small documents.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonschema::{
    PatternOptions,
    canonical::{self, CanonicalSchema, Containment},
};
use serde_json::Value;

use crate::{Schema, profile::FormatMode, schema::children};

/// Largest text of a document that it is asked about.
const MAX_BYTES: usize = 8 << 10;
/// Most schemas inside a document.
const MAX_SCHEMAS: usize = 120;
/// Most alternatives inside a document: their products are what costs.
const MAX_ALTERNATIVES: usize = 12;

/// What the oracle says about an inclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The first set is inside the second.
    Inside,
    /// It is not.
    Outside,
    /// It does not know, or was not asked.
    Unknown,
}

/// Asks whether every record of `inner` is one of `outer`, as plain sets.
pub(super) fn included(inner: &Schema, outer: &Schema) -> Answer {
    if inner.dialect() != outer.dialect() || !is_small(inner) || !is_small(outer) {
        return Answer::Unknown;
    }
    // A panic in there is its bug and not a reason to lose the process.
    let asked = catch_unwind(AssertUnwindSafe(|| {
        let (inner, outer) = (canonical(inner)?, canonical(outer)?);
        outer.covers(&inner).ok()
    }));
    match asked.ok().flatten() {
        Some(Containment::Yes) => Answer::Inside,
        Some(Containment::No) => Answer::Outside,
        Some(Containment::Unknown) | None => Answer::Unknown,
    }
}

fn canonical(schema: &Schema) -> Option<CanonicalSchema> {
    let profile = &schema.inner.profile;
    canonical::options()
        .with_draft(schema.dialect().draft())
        .offline()
        .should_validate_formats(profile.formats == FormatMode::Assert)
        .with_pattern_options(PatternOptions::regex().size_limit(profile.schema.max_pattern_bytes))
        .canonicalize(schema.document())
        .ok()
}

fn is_small(schema: &Schema) -> bool {
    let root = schema.document();
    if root.to_string().len() > MAX_BYTES {
        return false;
    }
    let (mut schemas, mut alternatives) = (0, 0);
    let mut open = vec![root];
    while let Some(at) = open.pop() {
        schemas += 1;
        alternatives += choices(at);
        open.extend(children(schema.dialect(), at, "").into_iter().map(|(.., inner)| inner));
        if schemas > MAX_SCHEMAS || alternatives > MAX_ALTERNATIVES {
            return false;
        }
    }
    true
}

fn choices(schema: &Value) -> usize {
    let branches = ["anyOf", "oneOf"].iter().filter_map(|keyword| schema.get(keyword)?.as_array());
    let branches: usize = branches.map(Vec::len).sum();
    let others = ["if", "not", "dependentSchemas", "dependencies", "contains"];
    branches + 2 * others.iter().filter(|keyword| schema.get(**keyword).is_some()).count()
}
