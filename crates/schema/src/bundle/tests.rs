use std::collections::HashMap;

use serde_json::json;

use super::*;
use crate::{Profile, Schema, Validator};

/// Documents by their hash, and their addresses.
#[derive(Default)]
struct Store(HashMap<String, Vec<u8>>);

impl Store {
    fn add(&mut self, dataset: &str, document: &Value) -> String {
        let hash = hash(document);
        self.0.insert(hash.clone(), document.to_string().into_bytes());
        format!("ndxp:{dataset}@{hash}")
    }

    fn bundle(&self, root: &Value) -> Result<Bundle, BundleError> {
        bundle(root, |hash| self.0.get(hash).cloned())
    }
}

fn validator(document: &Value) -> Validator {
    Schema::parse(document.to_string().as_bytes(), &Profile::default()).unwrap().compile().unwrap()
}

#[track_caller]
fn check(bundle: &Bundle, record: Value, expected: bool) {
    assert_eq!(validator(&bundle.document).decide(&record), expected, "{record} {bundle:?}");
}

fn person() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.vn/person",
        "type": "object",
        "properties": {
            "name": {"$ref": "#name"},
            "children": {"items": {"$ref": "#"}},
            "age": {"$ref": "https://example.vn/person#/$defs/a%20b~1c"},
        },
        "$defs": {"n": {"$anchor": "name", "type": "string"}, "a b/c": {"type": "integer"}},
    })
}

#[test]
fn parts_keep_their_verdicts() {
    let mut store = Store::default();
    let person = store.add("police/citizens", &person());
    let family = json!({"properties": {"head": {"$ref": person}}, "required": ["head"]});
    let family = store.add("police/families", &family);
    let root = json!({
        "properties": {"family": {"$ref": family}, "name": {"$ref": format!("{person}#/$defs/n")}},
        "$defs": {"own": true},
    });
    let bundle = store.bundle(&root).unwrap();
    check(&bundle, json!({"family": {"head": {"name": "A", "age": 1}}, "name": "B"}), true);
    check(&bundle, json!({"family": {"head": {"children": [{"children": [{"name": 1}]}]}}}), false);
    check(&bundle, json!({"family": {"head": {"age": "1"}}}), false);
    check(&bundle, json!({"family": {}}), false);
    check(&bundle, json!({"name": 1}), false);
    assert_eq!(bundle.parts.values().collect::<Vec<_>>(), [&person, &family]);
    assert!(!bundle.document.to_string().contains("ndxp:"));
}

#[test]
fn draft_07_has_definitions() {
    let mut store = Store::default();
    let draft = "http://json-schema.org/draft-07/schema#";
    let part = store.add("a/b", &json!({"$schema": draft, "items": {"$ref": "#/definitions/x"}, "definitions": {"x": {"type": "null"}}}));
    let bundle = store.bundle(&json!({"$schema": draft, "allOf": [{"$ref": part}]})).unwrap();
    check(&bundle, json!([null]), true);
    check(&bundle, json!([1]), false);
    assert!(bundle.document.get("definitions").is_some());
}

#[test]
fn a_name_that_is_taken_is_not_taken_over() {
    let mut store = Store::default();
    let part = store.add("a/b", &json!({"type": "null"}));
    let short: String = part.chars().skip("ndxp:a/b@sha256:".len()).take(12).collect();
    let own = format!("a.b-{short}");
    let root = json!({"items": {"$ref": format!("#/$defs/{own}")}, "allOf": [{"properties": {"p": {"$ref": part}}}], "$defs": {own: {"type": "string"}}});
    let bundle = store.bundle(&root).unwrap();
    check(&bundle, json!(["text"]), true);
    check(&bundle, json!({"p": "text"}), false);
}

#[test]
fn a_schema_without_addresses_stays_as_it_is() {
    assert_eq!(Store::default().bundle(&person()).unwrap().document, person());
}

#[test]
fn what_cannot_be_followed_is_named() {
    let mut store = Store::default();
    let missing = format!("ndxp:a/b@sha256:{}", "0".repeat(64));
    let at = |reference: &str| json!({"properties": {"p": {"$ref": reference}}});
    let refused = |store: &Store, reference: &str| store.bundle(&at(reference)).unwrap_err();
    assert_eq!(
        refused(&store, &missing),
        BundleError::Missing { pointer: "/properties/p".to_owned(), address: missing.clone() }
    );
    for wrong in ["ndxp:a/b", "ndxp:a/b@sha256:00", "ndxp:a b@sha256:00", "ndxp:@sha256:00"] {
        assert!(matches!(refused(&store, wrong), BundleError::Address { .. }), "{wrong}");
    }
    let old = store.add("a/b", &json!({"$schema": "http://json-schema.org/draft-07/schema#"}));
    assert!(matches!(refused(&store, &old), BundleError::Dialect { .. }));
    let dangling = store.add("a/b", &json!({"$ref": "#/$defs/none"}));
    assert!(matches!(refused(&store, &dangling), BundleError::Dangling { .. }));
    let forged = store.add("a/b", &json!({"type": "null"}));
    store.0.values_mut().for_each(|bytes| *bytes = b"true".to_vec());
    assert!(matches!(refused(&store, &forged), BundleError::Hash { .. }));
}
