use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Schema;

fn look_at(schema: &Value, context: Context) -> Vec<Finding> {
    let text = serde_json::to_vec_pretty(schema).unwrap();
    lint(&text, &Profile::default(), context, &[]).unwrap().findings
}

fn ids(schema: &Value) -> Vec<String> {
    look_at(schema, Context::default()).into_iter().map(|found| found.rule).collect()
}

#[track_caller]
fn check(rule: &str, schema: Value, pointers: &[&str]) {
    let found = look_at(&schema, Context::default());
    let places: Vec<&str> =
        found.iter().filter(|f| f.rule == rule).map(|f| f.pointer.as_str()).collect();
    assert_eq!(places, pointers, "{rule}: {found:?}");
}

/// The two examples of a rule's page: what it finds, and what it wants.
fn examples(rule: &Rule) -> (Value, Value) {
    let mut blocks = rule.page.split("```json\n").skip(1);
    let mut next = || {
        let block = blocks.next().unwrap().split("```").next().unwrap();
        serde_json::from_str(block).unwrap()
    };
    (next(), next())
}

#[test]
fn every_rule_finds_its_pages_first_example_and_not_the_second() {
    for rule in RULES {
        let title = format!("# {} {}\n", rule.id, rule.name);
        assert!(rule.page.starts_with(&title), "{title}");
        let (bad, good) = examples(rule);
        assert!(ids(&bad).iter().any(|id| id == rule.id), "{} in {bad}", rule.id);
        assert!(ids(&good).iter().all(|id| id != rule.id), "{} in {good}", rule.id);
    }
}

#[test]
fn a_page_says_that_a_rule_is_mended_where_it_is() {
    for rule in RULES {
        let (bad, _) = examples(rule);
        let fixable =
            look_at(&bad, Context::default()).iter().any(|f| f.rule == rule.id && f.fixable);
        let said = rule.page.contains("mend it?** Yes");
        assert_eq!(fixable, said, "{}", rule.id);
    }
}

#[test]
fn ids_are_in_order_and_given_once() {
    assert!(RULES.windows(2).all(|pair| matches!(pair, [a, b] if a.id < b.id)));
}

#[test]
fn a_classification_is_inherited_through_references_and_branches() {
    let schema = |above: Value| {
        json!({
            "x-ndxp-owner": "tax",
            "properties": {"a": {"$ref": "#/$defs/a"}, "b": {"x-ndxp-classification": "public"}},
            "allOf": [above],
            "$defs": {"a": {"items": {"properties": {"c": {}}}}},
        })
    };
    check("NDX004", schema(json!({})), &["/$defs/a/items/properties/c"]);
    check("NDX004", schema(json!({"x-ndxp-classification": "secret"})), &[]);
}

#[test]
fn a_branch_of_a_closed_object_is_not_open() {
    let branch = json!({"properties": {"a": {}}});
    let closed = json!({"x-ndxp-owner": "tax", "allOf": [branch], "unevaluatedProperties": false});
    check("NDX007", closed, &[]);
    check("NDX007", json!({"x-ndxp-owner": "tax", "allOf": [branch]}), &["/allOf/0"]);
}

#[test]
fn a_branch_may_require_what_the_object_declares() {
    let either =
        |name: &str| json!({"properties": {"a": {}, "b": {}}, "anyOf": [{"required": [name]}]});
    check("NDX009", either("a"), &[]);
    check("NDX009", either("c"), &["/anyOf/0/required/0"]);
    check("NDX009", json!({"properties": {}, "not": {"required": ["c"]}}), &[]);
    check("NDX009", json!({"additionalProperties": {}, "required": ["c"]}), &[]);
}

#[test]
fn bounds_that_leave_no_value_contradict() {
    for (schema, pointers) in [
        (json!({"minimum": 1, "maximum": 1}), &[][..]),
        (json!({"exclusiveMinimum": 1, "maximum": 1}), &["/exclusiveMinimum"]),
        (json!({"minimum": 0, "exclusiveMinimum": 3, "maximum": 2}), &["/exclusiveMinimum"]),
        (json!({"type": "integer", "minimum": 1.2, "maximum": 1.8}), &["/minimum"]),
        (
            json!({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2}),
            &["/exclusiveMinimum"],
        ),
        (json!({"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 2}), &[]),
        (json!({"minItems": 2, "maxItems": 1}), &["/minItems"]),
        (json!({"required": ["a", "b"], "maxProperties": 1}), &["/maxProperties"]),
    ] {
        check("NDX010", schema, pointers);
    }
}

#[test]
fn a_short_pattern_is_a_format_only_under_its_name() {
    let two = json!({"type": "string", "pattern": "^[0-9]{2}$"});
    check("NDX006", json!({"properties": {"month": two}}), &[]);
    check(
        "NDX006",
        json!({"properties": {"province_code": two}}),
        &["/properties/province_code/pattern"],
    );
}

#[test]
fn an_ignore_holds_for_its_place_and_below_with_a_reason() {
    let pattern = json!({"pattern": "x"});
    let schema = |reason: &str| {
        json!({
            "title": "t", "description": "d",
            "properties": {"a": {"items": pattern, "x-ndxp-lint-ignore": {"NDX021": reason}}, "b": pattern},
        })
    };
    assert_eq!(ids(&schema("free text")), ["NDX021"]);
    assert_eq!(ids(&schema(" ")), ["NDX021", "NDX090", "NDX021"]);
    let report =
        lint(schema("free").to_string().as_bytes(), &Profile::default(), Context::default(), &[]);
    assert_eq!(report.unwrap().ignored, 1);
}

#[test]
fn what_the_hub_refuses_is_never_ignored() {
    let schema = json!({
        "title": "t", "description": "d", "type": "strin",
        "x-ndxp-lint-ignore": {"NDX000": "we know"},
    });
    assert_eq!(ids(&schema), ["NDX000", "NDX091"]);
}

#[test]
fn findings_have_their_place() {
    let text = b"{\n  \"title\": \"t\", \"description\": \"d\",\n  \"enum\": [1,\n    1.0]\n}";
    let found = lint(text, &Profile::default(), Context::default(), &[]).unwrap().findings;
    let start = found.first().unwrap().span.start;
    assert_eq!((start.line, start.column), (4, 5));
}

fn mend(text: &str) -> Fixed {
    fix(text.as_bytes(), &Profile::default(), Context::default(), &[]).unwrap()
}

#[test]
fn a_fix_leaves_everything_else_as_it_was_written() {
    let text = "{ \"x-ndxp-clasification\" : \"Public\",\n  \"enum\": [ 1.50, 1.5 , 2,1.5],\n  \"x-ndxp-lint-ignore\": {\n    \"NDX021\": \"free\"\n  }, \"minimum\": 1e0 }";
    let fixed = mend(text);
    let expected =
        "{ \"x-ndxp-classification\" : \"public\",\n  \"enum\": [ 1.50, 2],\n  \"minimum\": 1e0 }";
    assert_eq!(String::from_utf8(fixed.bytes).unwrap(), expected);
    assert_eq!(fixed.count, 6);
}

#[test]
fn an_annotation_that_decides_is_not_guessed() {
    assert_eq!(mend(r#"{"x-ndxp-bigin": true}"#).count, 0);
    assert_eq!(mend(r#"{"x-ndxp-key": "a", "x-ndxp-keyy": true}"#).count, 0);
}

#[test]
fn an_agencys_rule_is_about_what_it_says() {
    let rule = json!({
        "$id": "TAX001", "title": "names are in capitals", "x-lint-applies": "property", "x-lint-severity": "warning",
        "properties": {"title": {"pattern": "^[A-Z]+$"}},
    });
    let rule = AgencyRule::parse(rule.to_string().as_bytes(), &Profile::default()).unwrap();
    let schema = br#"{"title": "t", "description": "d", "properties": {"a": {"title": "x"}, "b": {"title": "X"}}}"#;
    let report = lint(schema, &Profile::default(), Context::default(), &[rule]).unwrap();
    let found: Vec<_> =
        report.findings.iter().map(|f| (f.rule.as_str(), f.pointer.as_str())).collect();
    assert_eq!(found, [("TAX001", "/properties/a/title")]);
}

#[test]
fn an_agencys_rule_has_an_id_of_its_own() {
    for id in ["NDX001", "tax001", "TAX01", "T001", ""] {
        let rule = json!({"$id": id, "title": "t"}).to_string();
        assert!(AgencyRule::parse(rule.as_bytes(), &Profile::default()).is_err(), "{id}");
    }
}

/// Schemas with much to find, also what the hub refuses.
fn schema() -> impl Strategy<Value = Value> {
    let value = prop::sample::select(vec![
        json!(1),
        json!(1.0),
        json!(2),
        json!("a"),
        json!("b"),
        json!(null),
        json!("Public"),
        json!(true),
    ]);
    let members = prop::collection::vec(value.clone(), 0..5);
    let annotation = prop::sample::select(vec![
        "x-ndxp-classification",
        "x-ndxp-clasification",
        "x-ndxp-mask",
        "x-ndxp-bigint",
        "x-ndxp-personaldata",
    ]);
    let ignore = prop::sample::select(vec!["NDX011", "NDX021", "NDX003", "XYZ"]);
    let leaf = (members, annotation, value, ignore, "[ab]{0,2}", any::<u8>()).prop_map(
        |(members, annotation, value, ignore, reason, which)| {
            let mut schema = json!({});
            let bit = |n: u8| which & (1 << n) != 0;
            for (keyword, rule, there) in [
                ("enum", json!(members), bit(0) && !members.is_empty()),
                (annotation, value, bit(1)),
                ("x-ndxp-lint-ignore", json!({ignore: reason}), bit(2)),
                ("type", json!("integer"), bit(3)),
                ("pattern", json!("a"), bit(4)),
                ("default", json!("a"), bit(5)),
            ] {
                if there {
                    schema[keyword] = rule;
                }
            }
            schema
        },
    );
    leaf.prop_recursive(3, 16, 3, |inner| {
        (prop::collection::vec(inner.clone(), 1..3), inner).prop_map(|(all, mut schema)| {
            schema["properties"] = json!({"a": all.first(), "phone": all.last()});
            schema["allOf"] = json!(all);
            schema
        })
    })
}

proptest! {
    #[test]
    fn a_fix_changes_no_verdict_and_a_second_changes_nothing(
        schema in schema(), pretty: bool, record in prop::sample::select(vec![
            json!(1), json!(2), json!("a"), json!(null), json!({"a": 1}), json!({"a": "b", "phone": 2}), json!({}),
        ]),
    ) {
        let text = if pretty { serde_json::to_string_pretty(&schema) } else { serde_json::to_string(&schema) };
        let text = text.unwrap();
        let once = mend(&text);
        prop_assert_eq!(&mend(str::from_utf8(&once.bytes).unwrap()).bytes, &once.bytes);
        let left = lint(&once.bytes, &Profile::default(), Context::default(), &[]).unwrap().findings;
        prop_assert!(left.iter().all(|found| !found.fixable), "{left:?}");
        if let Ok(before) = Schema::parse(text.as_bytes(), &Profile::default()) {
            let after = Schema::parse(&once.bytes, &Profile::default()).unwrap();
            let decide = |schema: &Schema| schema.compile().unwrap().decide(&record);
            prop_assert_eq!(decide(&before), decide(&after));
        }
    }
}
