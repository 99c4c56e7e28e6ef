use serde_json::{Value, json};

use super::{export::build, *};
use crate::{format, hash, json as reader};

fn contract() -> Contract {
    let text = |text: &str| text.to_owned();
    Contract {
        id: text("urn:x"),
        name: text("permits"),
        version: text("1.0.0"),
        status: text("draft"),
    }
}

/// Exports and imports again; the contract is read as JSON, which its YAML says too.
fn back(schema: &Value) -> (Value, Vec<Unmapped>) {
    let bytes = schema.to_string().into_bytes();
    let (node, unmapped) = build(schema, &bytes, &contract());
    let contract: Value = serde_json::from_str(&node.print()).unwrap();
    let imported = import(&contract, None).unwrap();
    assert_eq!(imported.unmapped, [], "{contract:#}");
    let laid_out = format(imported.text.as_bytes(), &reader::Limits::default()).unwrap();
    assert_eq!(laid_out, imported.text);
    (serde_json::from_str(&imported.text).unwrap(), unmapped)
}

#[track_caller]
fn check(mut schema: Value, kept: &[&str]) {
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    let (found, unmapped) = back(&schema);
    assert_eq!(hash(&found), hash(&schema), "{found:#}");
    let pointers: Vec<&str> = unmapped.iter().map(|one| one.pointer.as_str()).collect();
    assert_eq!(pointers, kept);
}

#[test]
fn what_a_contract_has_words_for_needs_no_custom_property() {
    check(
        json!({
            "title": "Permits", "description": "Building permits.", "type": "object",
            "properties": {
                "area": {"title": "Area", "type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5},
                "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5, "x-ndxp-classification": "public", "x-ndxp-key": true},
                "day": {"type": "string", "format": "date", "examples": ["2025-07-01"]},
                "list": {"type": "array", "maxItems": 3, "items": {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}},
                "when": {"type": "string", "format": "date-time", "x-ndxp-personal-data": "sensitive"},
            },
            "required": ["area", "day"], "x-ndxp-owner": "construction",
        }),
        &[],
    );
}

#[test]
fn every_other_keyword_is_kept_and_listed() {
    check(
        json!({
            "properties": {
                "a": {"type": ["string", "null"], "format": "vn-cccd", "default": null},
                "b": {"$ref": "#/$defs/b", "oneOf": [{"const": 1}, true]},
                "c": true,
                "d": {"type": "integer", "minLength": 3},
                "e": {"items": false, "type": "array", "prefixItems": [{}]},
            },
            "required": ["z", "a"], "additionalProperties": false, "$defs": {"b": {"type": "null"}},
        }),
        &[
            "/properties/a/type",
            "/properties/a/default",
            "/properties/b/$ref",
            "/properties/b/oneOf",
            "/properties/d/minLength",
            "/properties/e/prefixItems",
            "/properties/e/items",
            "/required",
            "/additionalProperties",
            "/$defs",
        ],
    );
}

#[test]
fn a_foreign_contract_says_what_got_lost() {
    let contract = json!({
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "version": "1", "status": "active",
        "servers": [], "schema": [{
            "name": "t", "physicalType": "table",
            "properties": [
                {"name": "b", "logicalType": "timestamp", "primaryKey": true, "primaryKeyPosition": 2, "unique": true},
                {"name": "a", "logicalType": "date", "logicalTypeOptions": {"format": "dd/MM/yyyy"}, "primaryKey": true, "primaryKeyPosition": 1,
                 "required": true, "classification": "restricted", "tags": ["finance", "personal-data"],
                 "customProperties": [{"property": "other", "value": 1}]},
            ],
        }],
    });
    let imported = import(&contract, None).unwrap();
    let schema: Value = serde_json::from_str(&imported.text).unwrap();
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["x-ndxp-key"], json!(["/a", "/b"]));
    assert_eq!(schema["required"], json!(["a"]));
    assert_eq!(schema["properties"]["b"], json!({"type": "string", "format": "date-time"}));
    let a = json!({"type": "string", "format": "date", "x-ndxp-personal-data": "basic"});
    assert_eq!(schema["properties"]["a"], a);
    assert!(imported.text.find("\"b\": {") < imported.text.find("\"a\": {"), "{}", imported.text);
    let mut lost: Vec<&str> = imported.unmapped.iter().map(|one| one.pointer.as_str()).collect();
    lost.sort_unstable();
    assert_eq!(
        lost,
        [
            "/schema/0/physicalType",
            "/schema/0/properties/0/unique",
            "/schema/0/properties/1/classification",
            "/schema/0/properties/1/customProperties/0",
            "/schema/0/properties/1/logicalTypeOptions/format",
            "/schema/0/properties/1/tags/0",
            "/servers",
        ]
    );
}

#[test]
fn one_of_several_schemas_is_named() {
    let objects = json!([{"name": "a"}, {"name": "b", "description": "B"}]);
    let contract = json!({"apiVersion": "v3.0.2", "kind": "DataContract", "schema": objects});
    assert_eq!(
        import(&contract, None),
        Err(ImportError::Which(vec!["a".to_owned(), "b".to_owned()]))
    );
    assert!(import(&contract, Some("b")).unwrap().text.contains("\"B\""));
    assert!(import(&contract, Some("c")).is_err());
    assert_eq!(import(&json!({"kind": "DataContract"}), None), Err(ImportError::NoContract));
}

#[test]
fn properties_keep_the_order_of_the_text() {
    let text = r#"{"properties":{"b":{"title":"x: y\n- \"z\""},"a":{}}}"#;
    let document = serde_json::from_str(text).unwrap();
    let (yaml, _) = export(&document, text.as_bytes(), &contract());
    let expected = "apiVersion: \"v3.1.0\"\nkind: \"DataContract\"\nid: \"urn:x\"\nname: \"permits\"\nversion: \"1.0.0\"\nstatus: \"draft\"\nschema:\n  - name: \"permits\"\n    properties:\n      - name: \"b\"\n        businessName: \"x: y\\n- \\\"z\\\"\"\n      - name: \"a\"\n";
    assert_eq!(yaml, expected);
}
