use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Schema;

fn infer(records: &[Value]) -> Value {
    let mut samples = Samples::new(&Profile::default());
    records.iter().for_each(|record| samples.add(record));
    samples.schema()
}

#[track_caller]
fn check(records: &[Value], pointer: &str, expected: Value) {
    let schema = infer(records);
    assert_eq!(schema.pointer(pointer).unwrap_or(&Value::Null), &expected, "{schema:#}");
}

fn many(record: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..20).map(record).collect()
}

#[test]
fn nothing_is_required_of_fewer_than_twenty_records() {
    let records = many(|n| if n == 0 { json!({"a": 1}) } else { json!({"a": 1, "b": 2}) });
    check(&records[1..], "/required", Value::Null);
    check(&records, "/required", json!(["a"]));
}

#[test]
fn an_inner_object_seen_seldom_requires_nothing() {
    let records = many(|n| if n < 5 { json!({"in": {"a": 1}}) } else { json!({}) });
    check(&records, "/properties/in/required", Value::Null);
}

#[test]
fn a_format_is_told_by_the_texts_and_where_digits_say_little_by_the_name() {
    for (name, text, format) in [
        ("when", "2025-07-01T08:00:00+07:00", json!("date-time")),
        ("day", "2025-07-01", json!("date")),
        ("x", "001950000001", json!("vn-cccd")),
        ("province_code", "01", json!("vn-province")),
        ("month", "01", Value::Null),
        ("phone", "0912345678", json!("vn-phone")),
        ("seller_tax_code", "0912345678", json!("vn-tax-code")),
        ("postal_code", "0912345678", Value::Null),
        ("agency_id", "H29", json!("vn-agency-id")),
        ("id", "H29", Value::Null),
        ("note", "", Value::Null),
    ] {
        check(&[json!({ name: text })], &format!("/properties/{name}/format"), format);
    }
}

#[test]
fn a_short_list_is_an_enum_unless_it_is_personal() {
    let of = |name: &str| many(|n| json!({ name: if n % 2 == 0 { "a" } else { "b" } }));
    check(&of("status"), "/properties/status/enum", json!(["a", "b"]));
    check(&of("status")[1..], "/properties/status/enum", Value::Null);
    check(&of("full_name"), "/properties/full_name/enum", Value::Null);
    let with_null = many(|n| if n == 0 { json!(null) } else { json!("a") });
    assert_eq!(with_null.len(), 20);
    let mut longer = with_null;
    longer.push(json!("a"));
    check(&longer, "/enum", json!(["a", null]));
}

#[test]
fn what_looks_personal_is_proposed_as_personal() {
    check(&[json!({"phone": 1})], "/properties/phone/x-ndxp-personal-data", json!("basic"));
    check(&[json!({"health": "x"})], "/properties/health/x-ndxp-personal-data", json!("sensitive"));
    check(&[json!({"count": 1})], "/properties/count/x-ndxp-classification", json!("internal"));
}

#[test]
fn names_that_are_data_make_a_map() {
    let people = json!({"001950000001": {"n": 1}, "001950000002": {"n": "x"}});
    let schema = infer(&[people]);
    assert!(!schema.to_string().contains("00195"), "{schema}");
    assert_eq!(
        schema["additionalProperties"]["properties"]["n"]["type"],
        json!(["string", "integer"])
    );
}

#[test]
fn of_nothing_but_null_no_type_is_guessed() {
    check(&[json!({"a": null})], "/properties/a/type", Value::Null);
    check(&[json!({"a": null}), json!({"a": 1})], "/properties/a/type", json!(["integer", "null"]));
}

fn records() -> impl Strategy<Value = Vec<Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5_i64..5).prop_map(Value::from),
        (-5.0_f64..5.0).prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "a",
            "01",
            "2025-07-01",
            "2025-02-30",
            "001950000001",
            "0912345678",
            "a@b.vn"
        ])
        .prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 24, 4, |inner| {
        let name = prop::sample::select(vec!["a", "phone", "province", "001950000001", "tax_code"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..4).prop_map(|members| json!(members)),
        ]
    });
    (prop::collection::vec(value, 1..6), 1_usize..8).prop_map(|(values, times)| {
        values.iter().cycle().take(values.len() * times).cloned().collect()
    })
}

proptest! {
    #[test]
    fn the_schema_accepts_every_sample_and_passes_lint_without_errors(records in records()) {
        let text = infer(&records).to_string();
        let schema = Schema::parse(text.as_bytes(), &Profile::default()).unwrap();
        let validator = schema.compile().unwrap();
        for record in &records {
            prop_assert!(validator.decide(record), "{record} under {text}");
        }
        let context = crate::lint::Context { published: true, ..Default::default() };
        let report = crate::lint::lint(text.as_bytes(), &Profile::default(), context, &[]).unwrap();
        let errors: Vec<_> = report.findings.iter().filter(|f| f.severity == crate::lint::Severity::Error).collect();
        // A place of which nothing but empty arrays was seen has no value to classify.
        prop_assert!(errors.iter().all(|f| f.rule == "NDX004"), "{errors:?}");
    }
}
