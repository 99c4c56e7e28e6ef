#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod naive;
mod properties;
mod texts;

use serde_json::Value;

use super::*;

pub(crate) fn grants(paths: &[&str]) -> BTreeSet<FieldGrant> {
    paths.iter().map(|path| FieldGrant { path: path.parse().unwrap() }).collect()
}

/// The plan on values, through their text.
impl Plan {
    fn project(&self, record: &Value) -> Value {
        let mut out = Vec::new();
        self.cut.document(record.to_string().as_bytes(), &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn passes_rows(&self, record: &Value) -> bool {
        self.admits(record.to_string().as_bytes()).unwrap()
    }
}

fn plan(paths: &[&str]) -> Plan {
    Plan::compile(&grants(paths), None)
}

#[track_caller]
fn check(paths: &[&str], record: Value, expected: Value) {
    assert_eq!(plan(paths).project(&record), expected, "{paths:?} of {record}");
}

#[test]
fn only_listed_fields_are_released() {
    check(&["/a"], json!({"a": 1, "b": 2}), json!({"a": 1}));
    check(&["/a/b"], json!({"a": {"b": 1, "c": 2}, "b": 3}), json!({"a": {"b": 1}}));
    check(&[], json!({"a": 1}), json!({}));
}

#[test]
fn a_pointer_to_an_object_releases_what_is_beneath() {
    check(&["/a"], json!({"a": {"b": [{"c": null}]}}), json!({"a": {"b": [{"c": null}]}}));
    check(&["/a/b", "/a"], json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 1, "c": 2}}));
}

#[test]
fn a_star_is_every_element_of_an_array_and_nothing_else() {
    let items = json!({"items": [{"code": 1, "price": 2}, {"price": 3}]});
    check(&["/items/*/code"], items.clone(), json!({"items": [{"code": 1}, {}]}));
    check(&["/items/*"], items.clone(), items.clone());
    check(&["/items/0"], items, json!({}));
    check(&["/items/*"], json!({"items": {"*": 1, "x": 2}}), json!({}));
    check(&["/*"], json!({"*": 1}), json!({}));
}

#[test]
fn absent_stays_absent_and_null_stays_null() {
    check(&["/a", "/b"], json!({"b": null}), json!({"b": null}));
    check(&["/a/b"], json!({"a": {"c": 1}}), json!({"a": {}}));
    check(&["/a/b"], json!({}), json!({}));
}

#[test]
fn an_unexpected_type_is_left_out() {
    check(&["/a/b"], json!({"a": "secret"}), json!({}));
    check(&["/a/b"], json!({"a": [{"b": 1}]}), json!({}));
    check(&["/a/*/b"], json!({"a": {"b": 1}}), json!({}));
    check(
        &["/a/*/b"],
        json!({"a": ["secret", {"b": 1}, null, [{"b": 2}]]}),
        json!({"a": [{"b": 1}]}),
    );
    for record in [json!("secret"), json!(null), json!([1]), json!(5)] {
        check(&["/a"], record, json!({}));
    }
}

#[test]
fn escaped_names_are_names_not_paths() {
    let record = json!({"a/b": 1, "a": {"b": 2}, "m~n": 3, "~1": 4, "": 5});
    check(&["/a~1b"], record.clone(), json!({"a/b": 1}));
    check(&["/a/b"], record.clone(), json!({"a": {"b": 2}}));
    check(&["/m~0n"], record.clone(), json!({"m~n": 3}));
    check(&["/~01"], record.clone(), json!({"~1": 4}));
    check(&["/"], record, json!({"": 5}));
}

#[test]
fn row_filter_needs_the_very_text() {
    let filter = RowFilter { field: "/at/province".parse().unwrap(), equals: "01".to_owned() };
    let plan = Plan::compile(&grants(&["/x"]), Some(&filter));
    assert!(plan.filters_rows());
    assert!(plan.passes_rows(&json!({"at": {"province": "01"}})));
    let others = [
        json!({"at": {"province": "02"}}),
        json!({"at": {"province": 1}}),
        json!({"at": {"province": ["01"]}}),
        json!({"at": {"province": null}}),
        json!({"at": {}}),
        json!({"at": "01"}),
        json!([]),
    ];
    for record in others {
        assert!(!plan.passes_rows(&record), "{record}");
    }
}

#[test]
fn row_filter_follows_no_array_and_no_star() {
    for field in ["/a/0", "/a/*"] {
        let filter = RowFilter { field: field.parse().unwrap(), equals: "x".to_owned() };
        let plan = Plan::compile(&grants(&["/a"]), Some(&filter));
        assert!(!plan.passes_rows(&json!({"a": ["x"]})), "{field}");
    }
    let star = RowFilter { field: "/*".parse().unwrap(), equals: "x".to_owned() };
    assert!(!Plan::compile(&grants(&["/a"]), Some(&star)).passes_rows(&json!({"*": "x"})));
}

#[test]
fn row_filter_sees_fields_that_are_not_released() {
    let filter = RowFilter { field: "/province".parse().unwrap(), equals: "01".to_owned() };
    let plan = Plan::compile(&grants(&["/name"]), Some(&filter));
    let record = json!({"province": "01", "name": "n"});
    assert!(plan.passes_rows(&record));
    assert_eq!(plan.project(&record), json!({"name": "n"}));
}

#[test]
fn key_passes_only_if_each_of_its_fields_does() {
    let keys = |paths: &[&str]| -> Vec<Pointer> {
        paths.iter().map(|path| path.parse().unwrap()).collect()
    };
    let plan = plan(&["/a", "/b/c", "/d/*/e"]);
    for granted in [&["/a"][..], &["/a/x", "/b/c"], &["/d/*/e"]] {
        assert!(plan.passes(&keys(granted)), "{granted:?}");
    }
    for refused in [&["/b"][..], &["/a", "/z"], &["/d/0/e"], &["/d"], &["/*"], &[]] {
        assert!(!plan.passes(&keys(refused)), "{refused:?}");
    }
}

#[test]
fn plan_hash_names_fields_and_rows_alone() {
    let by_hand = hex::encode(Sha256::digest(r#"{"fields":["/a","/b~1c"]}"#));
    assert_eq!(plan(&["/b~1c", "/a"]).hash(), by_hand);
    let filter = RowFilter { field: "/a".parse().unwrap(), equals: "\"ư\n".to_owned() };
    let filtered = Plan::compile(&grants(&["/a"]), Some(&filter));
    let bytes = "{\"fields\":[\"/a\"],\"rows\":{\"equals\":\"\\\"ư\\n\",\"field\":\"/a\"}}";
    assert_eq!(filtered.hash(), hex::encode(Sha256::digest(bytes)));
}
