//! Random schemas and records: the walk against the verdict.

use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::*;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..4_i32).prop_map(Value::from),
        (-6..7_i32).prop_map(|n| Value::from(f64::from(n) / 2.0)),
        "[ab]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name(), inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    "[ab]{1,2}"
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        Just(json!({"$ref": "#/$defs/d"})),
        prop_oneof![
            Just("null"),
            Just("integer"),
            Just("number"),
            Just("string"),
            Just("array"),
            Just("object")
        ]
        .prop_map(|name| json!({ "type": name })),
        value().prop_map(|value| json!({ "const": value })),
        vec(value(), 1..3).prop_map(|members| json!({ "enum": members })),
        (-2..3_i32).prop_map(|n| json!({ "minimum": n })),
        (-2..3_i32).prop_map(|n| json!({ "exclusiveMaximum": f64::from(n) + 0.5 })),
        (1..4_u8).prop_map(|n| json!({ "multipleOf": f64::from(n) / 2.0 })),
        (0..3_u8).prop_map(|n| json!({ "minLength": n, "maxItems": n })),
        (0..3_u8).prop_map(|n| json!({ "maxLength": n, "minProperties": n })),
        Just(json!({ "uniqueItems": true })),
        prop_oneof![Just("^a"), Just("b$"), Just("a|b")]
            .prop_map(|pattern| json!({ "pattern": pattern })),
        vec(name(), 1..2).prop_map(|names| json!({ "required": names })),
        (name(), name()).prop_map(|(a, b)| json!({ "dependentRequired": { a: [b] } })),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let one = |keyword: &'static str| inner.clone().prop_map(move |s| json!({ keyword: s }));
        let many = |keyword: &'static str| {
            vec(inner.clone(), 1..4).prop_map(move |s| json!({ keyword: s }))
        };
        let named = |keyword: &'static str| {
            (name(), inner.clone()).prop_map(move |(n, s)| json!({ keyword: { n: s } }))
        };
        let rest = (named("properties"), one("additionalProperties"), one("unevaluatedProperties"));
        prop_oneof![
            one("not"),
            one("items"),
            one("contains"),
            one("propertyNames"),
            many("allOf"),
            many("anyOf"),
            many("oneOf"),
            named("properties"),
            named("dependentSchemas"),
            named("patternProperties"),
            (many("prefixItems"), one("items")).prop_map(|(a, b)| merged([a, b])),
            (one("if"), one("then"), one("else")).prop_map(|(a, b, c)| merged([a, b, c])),
            (many("anyOf"), one("unevaluatedProperties")).prop_map(|(a, b)| merged([a, b])),
            (rest, any::<bool>())
                .prop_map(|((a, b, c), closed)| merged([a, if closed { b } else { c }])),
        ]
    })
}

fn merged<const N: usize>(schemas: [Value; N]) -> Value {
    let members = schemas.into_iter().filter_map(|schema| schema.as_object().cloned()).flatten();
    members.collect()
}

proptest! {
    #[test]
    fn the_walk_agrees_with_the_verdict(schema in schema(), inner in schema(), records in vec(value(), 1..6)) {
        let mut root = merged([schema]);
        if let Some(members) = root.as_object_mut() {
            members.insert("$defs".to_owned(), json!({ "d": inner }));
        }
        // A random reference may be a cycle, which is refused.
        let Ok(schema) = Schema::parse(root.to_string().as_bytes(), &Profile::default()) else { return Ok(()) };
        let validator = schema.compile().unwrap();
        for record in records {
            let decided = validator.decide(&record);
            prop_assert_eq!(Walk::new(&schema.inner, None, 10_000).holds(schema.document(), &record), Some(decided));
            for steps in [0, 7, 10_000] {
                let found = validator.explain(&record, Budget { steps, errors: 3 });
                prop_assert_eq!(found.violations.is_empty(), decided);
                prop_assert!(found.violations.len() <= 3);
                for violation in found.violations {
                    prop_assert!(root.pointer(&violation.schema_path).is_some(), "{:?}", violation);
                    let outer = violation.instance_path.rsplit_once('/').map_or("", |(outer, _)| outer);
                    prop_assert!(record.pointer(outer).is_some(), "{:?}", violation);
                    prop_assert!(steps < 10_000 || violation.keyword != "limit", "{:?}", violation);
                }
            }
        }
    }
}
