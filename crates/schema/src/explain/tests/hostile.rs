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
    let branches: Vec<String> =
        (0..990).map(|n| format!(r##"{{"items":{{"$ref":"#"}},"const":{n}}}"##)).collect();
    let record = nested(63, Value::Null, |value| serde_json::json!([value, 1]));
    let found = check(&format!("{{\"anyOf\":[{}]}}", branches.join(",")), &record);
    assert!(found.truncated);
}

#[test]
fn patterns_are_bounded_together() {
    let refused = |pattern: &str| {
        let all: Vec<String> =
            (0..1900).map(|n| format!(r#"{{"pattern":"{pattern}{n}"}}"#)).collect();
        let schema = format!("{{\"anyOf\":[{}]}}", all.join(","));
        let problems = Schema::parse(schema.as_bytes(), &Profile::default()).unwrap_err();
        problems.0.iter().filter(|problem| problem.keyword == "limit").count()
    };
    // Large ones, ones that are too large, and ones that are no patterns.
    assert_eq!(refused(r"^[\\p{L}]{1,30}"), 1);
    assert_eq!(refused(r"^([\\p{L}]{1,100}){1,100}"), 1);
    assert_eq!(refused("("), 1);
}

#[test]
fn many_references_to_anchors_are_found_at_once() {
    let refs: Vec<String> = (0..990).map(|n| format!(r##""p{n}":{{"$ref":"#z"}}"##)).collect();
    let places = "{},".repeat(900);
    let schema = format!(
        r#"{{"properties":{{{}}},"$defs":{{"x":{{"allOf":[{places}{{"$anchor":"z","type":"null"}}]}}}}}}"#,
        refs.join(",")
    );
    let found = check(&schema, &serde_json::json!({ "p989": 1 }));
    assert_eq!(found.violations.first().unwrap().schema_path, "/$defs/x/allOf/900/type");
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
