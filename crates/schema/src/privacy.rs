//! Which values may be shown to a person who mends a record.

use std::collections::HashSet;

use serde_json::Value;

use crate::{
    pointer,
    schema::{Inner, applying, children},
};

/// The annotation that marks a place as personal; every value but `none` does.
const ANNOTATION: &str = "x-ndxp-personal-data";

/// What of records may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Names that the schema knows, no value.
    Names,
    /// Values, but none of a place that the schema marks as personal, nor of one that it does not know.
    Values,
    /// Everything.
    Everything,
}

/// Tells the personal places of a schema's records from the others.
#[derive(Debug, Clone)]
pub struct Privacy {
    schema: std::sync::Arc<Inner>,
    names: HashSet<String>,
    marked: bool,
}

impl Privacy {
    pub(crate) fn of(schema: &std::sync::Arc<Inner>) -> Self {
        let mut names = HashSet::new();
        let mut marked = false;
        let mut open = vec![&schema.root];
        while let Some(at) = open.pop() {
            let named = ["properties", "dependentRequired", "dependencies"];
            let named = named.iter().filter_map(|keyword| at.get(keyword)?.as_object());
            names.extend(named.flat_map(serde_json::Map::keys).cloned());
            let required = at.get("required").and_then(Value::as_array);
            names.extend(
                required.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned),
            );
            marked |= is_marked(at);
            open.extend(children(schema.dialect, at, "").into_iter().map(|(_, _, inner)| inner));
        }
        Self { schema: schema.clone(), names, marked }
    }

    /// Tells whether the schema names such a property anywhere.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Tells whether the value at `pointer` may be shown.
    #[must_use]
    pub fn allows(&self, show: Show, pointer: &str) -> bool {
        match show {
            Show::Names => false,
            Show::Values => !self.is_personal(pointer),
            Show::Everything => true,
        }
    }

    /// Tells whether a place is marked as personal, or lies below such a place.
    ///
    /// Where the schema marks any place, one that it does not know counts too: it may be a marked one, misspelt.
    #[must_use]
    pub fn is_personal(&self, pointer: &str) -> bool {
        let Some(tokens) = pointer::tokens(pointer) else { return true };
        let mut here = applying(&self.schema, vec![&self.schema.root]);
        for token in &tokens {
            if self.hides(&here) {
                return true;
            }
            let below = here.into_iter().flat_map(|at| self.below(at, token)).collect();
            here = applying(&self.schema, below);
            if here.is_empty() {
                return self.marked;
            }
        }
        self.hides(&here)
    }

    /// A reference out of the document leads to annotations that are not seen here.
    fn hides(&self, schemas: &[&Value]) -> bool {
        let elsewhere = |at: &Value| {
            at.get("$dynamicRef").is_some()
                || at.get("$ref").and_then(Value::as_str).is_some_and(|target| {
                    crate::schema::resolve(&self.schema.root, &self.schema.anchors, target)
                        .is_none()
                })
        };
        schemas.iter().any(|at| is_marked(at) || elsewhere(at))
    }

    /// Returns every schema that may apply to the part `token`: rather one too many than one too few.
    fn below<'s>(&self, at: &'s Value, token: &str) -> Vec<&'s Value> {
        let parts = children(self.schema.dialect, at, "").into_iter();
        parts
            .filter(|(keyword, place, _)| self.may_apply(at, keyword, place, token))
            .map(|(_, _, inner)| inner)
            .filter(|inner| **inner != Value::Bool(false))
            .collect()
    }

    fn may_apply(&self, at: &Value, keyword: &str, place: &str, token: &str) -> bool {
        let last = || pointer::tokens(place).and_then(|mut tokens| tokens.pop());
        match keyword {
            "properties" => last().as_deref() == Some(token),
            "patternProperties" => last().is_some_and(|pattern| {
                self.schema.leaves.pattern(&pattern, &Value::from(token)) != Some(false)
            }),
            "additionalProperties" => {
                at.get("properties").is_none_or(|named| named.get(token).is_none())
            }
            "unevaluatedProperties" => true,
            "items" | "prefixItems" | "contains" | "additionalItems" | "unevaluatedItems" => {
                token.parse::<usize>().is_ok()
            }
            _ => false,
        }
    }
}

fn is_marked(schema: &Value) -> bool {
    schema.get(ANNOTATION).is_some_and(|mark| mark.as_str() != Some("none"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::{Profile, Schema};

    #[test]
    fn personal_places_are_found_through_every_keyword() {
        let schema = r##"{
            "properties": {
                "id": {"$ref": "#/$defs/id"}, "code": {"x-ndxp-personal-data": "none"},
                "person": {"x-ndxp-personal-data": "basic", "properties": {"name": {}}},
                "list": {"items": {"anyOf": [{"$ref": "#/$defs/id"}, {}]}},
                "map": {"additionalProperties": {"$ref": "#/$defs/id"}}
            },
            "patternProperties": {"^s_": {"x-ndxp-personal-data": "sensitive"}},
            "$defs": {"id": {"x-ndxp-personal-data": "sensitive"}}
        }"##;
        let privacy = Schema::parse(schema.as_bytes(), &Profile::default()).unwrap().privacy();
        for personal in ["/id", "/person", "/person/name", "/list/3", "/map/x", "/s_a", "/idd/x/y"]
        {
            assert!(privacy.is_personal(personal), "{personal}");
        }
        assert!(!privacy.is_personal("/list") && !privacy.is_personal(""));
        assert!(privacy.allows(Show::Everything, "/id") && !privacy.allows(Show::Names, "/list"));
        assert!(privacy.knows("name") && !privacy.knows("idd"));
    }

    #[test]
    fn places_unknown_to_a_schema_without_marks_are_not_personal() {
        let schema = br#"{"properties": {"code": {"type": "string"}}}"#;
        let privacy = Schema::parse(schema, &Profile::default()).unwrap().privacy();
        assert!(!privacy.is_personal("/code") && !privacy.is_personal("/other"));
    }
}
