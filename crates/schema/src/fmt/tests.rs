use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::hash;

fn lay_out(text: &str) -> String {
    format(text.as_bytes(), &json::Limits::default()).unwrap()
}

#[test]
fn keywords_get_their_order_and_names_keep_theirs() {
    let found = lay_out(
        r##"{"$defs":{"b":{"maximum":2,"minimum":1},"a":true},"required":["z"],"x-else":1,
            "properties":{"z":{"enum":[2,1],"type":"integer","$ref":"#/$defs/b"},"a":{}},
            "type":"object","title":"T","$schema":"https://json-schema.org/draft/2020-12/schema"}"##,
    );
    let expected = r##"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "T",
  "type": "object",
  "properties": {
    "z": {
      "$ref": "#/$defs/b",
      "type": "integer",
      "enum": [
        2,
        1
      ]
    },
    "a": {}
  },
  "required": [
    "z"
  ],
  "x-else": 1,
  "$defs": {
    "b": {
      "minimum": 1,
      "maximum": 2
    },
    "a": true
  }
}
"##;
    assert_eq!(found, expected);
}

#[test]
fn numbers_and_strings_keep_their_spelling() {
    let text = r#"{"const":1.50E+2,"default":-0.0,"description":"\u00e9\/\"\\","examples":[]}"#;
    let found = lay_out(text);
    for spelling in ["1.50E+2", "-0.0", r#""\u00e9\/\"\\""#, r#""examples": []"#] {
        assert!(found.contains(spelling), "{spelling} in {found}");
    }
}

#[test]
fn data_that_looks_like_a_schema_keeps_its_order() {
    let text = r#"{"default":{"type":1,"title":2},"const":{"properties":{"b":1},"$id":"x"}}"#;
    let found = lay_out(text).replace([' ', '\n'], "");
    assert!(found.contains(r#"{"type":1,"title":2}"#), "{found}");
    assert!(found.contains(r#"{"properties":{"b":1},"$id":"x"}"#), "{found}");
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    let refusal = format(b"{\"a\":1,\n\"a\":2}", &json::Limits::default()).unwrap_err();
    assert_eq!((refusal.at.line, refusal.at.column), (2, 1));
}

/// Documents that hold schema keywords at schema places and elsewhere.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1000_i32..1000).prop_map(Value::from),
        (-1e9_f64..1e9).prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let key = prop_oneof![
            prop::sample::select(vec![
                "type",
                "title",
                "properties",
                "allOf",
                "items",
                "not",
                "$defs",
                "default",
                "enum",
                "required",
                "x-ndxp-key",
                "x-other",
            ])
            .prop_map(str::to_owned),
            "\\PC{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(key, inner, 0..6).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #[test]
    fn a_second_layout_changes_nothing_and_none_changes_the_hash(value in document(), spaced: bool) {
        let text = if spaced { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let once = lay_out(&text.unwrap());
        prop_assert_eq!(&lay_out(&once), &once);
        let read: Value = serde_json::from_str(&once).unwrap();
        prop_assert_eq!(hash(&read), hash(&value));
    }
}
