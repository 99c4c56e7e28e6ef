//! Schemas and records made to be slow, deep or large: an answer all the same, within a test thread's 2 MiB of stack.

use super::*;

/// Explains with the hub's budget; a refused record has at least one violation.
fn check(schema: &str, record: &Value) -> Explanation {
    let schema = Schema::parse(schema.as_bytes(), &Profile::default()).unwrap();
    let validator = schema.compile().unwrap();
    let found = validator.explain(record, Budget::default());
    assert_eq!(found.violations.is_empty(), validator.decide(record));
    assert!(found.violations.len() <= 10);
    found
}

fn nested(depth: usize, inner: Value, wrap: impl Fn(Value) -> Value) -> Value {
    (0..depth).fold(inner, |value, _| wrap(value))
}

#[test]
fn recursive_any_of_does_not_explode() {
    let array = |value| Value::Array(vec![value]);
    let twice = r##"{"anyOf":[{"type":"null"},{"items":{"$ref":"#"},"type":"array"},{"items":{"$ref":"#"},"type":"array","maxItems":9}]}"##;
    for depth in [1, 15, 63] {
        let found = check(twice, &nested(depth, Value::from(1), array));
        assert_eq!(found.violations.len(), 1, "{found:?}");
    }
    let one_of = twice.replace("anyOf", "oneOf");
    check(&one_of, &nested(63, Value::from(1), array));
    let members = r##"{"anyOf":[{"properties":{"a":{"$ref":"#"}},"required":["a"]},{"additionalProperties":{"$ref":"#"},"required":["b"]},{"not":{"required":["a"]},"properties":{"a":{"$ref":"#"}},"required":["c"]}]}"##;
    check(members, &nested(63, serde_json::json!({}), |value| serde_json::json!({ "a": value })));
}

#[test]
fn wide_choices_stay_within_the_budget() {
    let branches: Vec<String> = (0..900)
        .map(|n| format!(r##"{{"properties":{{"k":{{"multipleOf":{}.5}},"c":{{"$ref":"#"}}}},"required":["k"]}}"##, n + 2))
        .collect();
    let schema = format!("{{\"oneOf\":[{}]}}", branches.join(","));
    let schema = schema.replace("\"properties\"", "\"x-a\":1,\"properties\"");
    if Schema::parse(schema.as_bytes(), &Profile::default()).is_err() {
        // Over 2,000 schemas: refused before any record is seen.
        return;
    }
    let record =
        nested(60, serde_json::json!({"k": 1}), |value| serde_json::json!({ "k": 1, "c": value }));
    check(&schema, &record);
}

#[test]
fn long_chains_through_deep_records_fit_the_stack() {
    let mut definitions: Vec<String> = (0..30)
        .map(|n| format!(r##""d{n}":{{"allOf":[{{"$ref":"#/$defs/d{}"}}]}}"##, n + 1))
        .collect();
    definitions.push(r##""d30":{"items":{"$ref":"#"},"type":"array"}"##.to_owned());
    // Half the steps of the chain are references, half `allOf`: 15 of each fit.
    let short = definitions.iter().skip(16).cloned().collect::<Vec<_>>().join(",");
    let schema = format!(r##"{{"$ref":"#/$defs/d16","$defs":{{{short}}}}}"##);
    check(&schema, &nested(62, Value::from(1), |value| Value::Array(vec![value])));
}

#[test]
fn long_chains_of_references_through_properties_compile_on_a_small_stack() {
    let links: Vec<String> = (0..990)
        .map(|n| format!(r##""d{n}":{{"properties":{{"a":{{"$ref":"#/$defs/d{}"}}}}}}"##, n + 1))
        .collect();
    let schema = format!(
        r##"{{"$ref":"#/$defs/d0","$defs":{{{},"d990":{{"type":"null"}}}}}}"##,
        links.join(",")
    );
    check(&schema, &nested(63, Value::from(1), |value| serde_json::json!({ "a": value })));
}

#[test]
fn large_records_get_an_answer() {
    let schema = r#"{"items":{"type":"object","required":["a"],"properties":{"a":{"enum":[1,2,3]},"b":{"pattern":"^(a|b)*$"}}},"uniqueItems":true}"#;
    let items: Vec<Value> = (0..60_000).map(|n| serde_json::json!({ "a": n % 5 })).collect();
    check(schema, &Value::Array(items));
    let text = Value::String("ab".repeat(500_000) + "c");
    check(r#"{"pattern":"^(a|b|ab)*$","format":"vn-date","minLength":2}"#, &text);
}

#[test]
fn large_enums_and_constants_get_an_answer() {
    let members: Vec<String> = (0..1000).map(|n| format!("{{\"a\":[{n},{n}]}}")).collect();
    let schema = format!("{{\"items\":{{\"enum\":[{}]}}}}", members.join(","));
    let items: Vec<Value> = (0..5000).map(|_| serde_json::json!({ "a": [1, 2] })).collect();
    check(&schema, &Value::Array(items));
}
