use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    Budget, Mode, National, Policy, Profile, Schema, Verdict, compare, generate::Generator,
};

const UNITS: &str = "home-affairs/administrative-units";

fn national() -> std::sync::Arc<National> {
    Profile::default().national
}

fn list(rows: &[Value]) -> CodeList {
    let rows = (0..).zip(rows).map(|(n, row): (u32, _)| (format!("{n:06}"), row.clone()));
    CodeList::of_rows(UNITS, &rows.collect()).unwrap()
}

fn lists(rows: &[Value]) -> CodeLists {
    let mut lists = CodeLists::new(&national());
    lists.put_in_force(list(rows), &national()).unwrap();
    lists
}

/// One commune from ever, one that ended, one that begins, one province.
fn units() -> CodeLists {
    lists(&[
        json!({"code": "00004", "level": 2}),
        json!({"code": "00001", "level": 2, "valid_to": "2025-07-01"}),
        json!({"code": "00009", "level": 2, "valid_from": "2025-07-01", "valid_to": null}),
        json!({"code": "01", "level": 1}),
    ])
}

fn schema(text: &Value) -> Schema {
    Schema::parse(text.to_string().as_bytes(), &Profile::default()).unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn decide(schema: &Schema, lists: &CodeLists, on: &str, value: &Value) -> bool {
    schema.compile_at(lists, day(on)).unwrap().decide(value)
}

#[test]
fn a_commune_counts_on_the_days_of_its_row() {
    let (schema, lists) = (schema(&json!({"format": "vn-commune"})), units());
    for (code, on, expected) in [
        ("00001", "2025-06-30", true),
        ("00001", "2025-07-01", false),
        ("00009", "2025-06-30", false),
        ("00009", "2025-07-01", true),
        ("00004", "1900-01-01", true),
        ("99999", "2025-07-01", false),
        // A province's code is in the list, but no commune's.
        ("01", "2025-07-01", false),
    ] {
        assert_eq!(decide(&schema, &lists, on, &json!(code)), expected, "{code} {on}");
    }
    assert!(decide(&schema, &lists, "2025-07-01", &json!(4)), "a format is about texts");
}

#[test]
fn a_keyword_asks_for_any_row_and_a_list_that_is_not_at_hand_decides_nothing() {
    let asks = schema(&json!({"x-ndxp-codelist": UNITS}));
    assert!(decide(&asks, &units(), "2025-07-01", &json!("01")));
    assert!(!decide(&asks, &units(), "2025-07-01", &json!("02")));
    let empty = CodeLists::new(&national());
    assert!(decide(&asks, &empty, "2025-07-01", &json!("02")));
    assert!(decide(&asks, &units().without(UNITS), "2025-07-01", &json!("02")));
    assert!(asks.compile().unwrap().decide(&json!("02")));
}

#[test]
fn a_schema_may_name_one_state() {
    let old = list(&[json!({"code": "07", "level": 1})]);
    let asks = schema(&json!({"x-ndxp-codelist": format!("{UNITS}@{}", old.sha256())}));
    let mut lists = units();
    assert!(decide(&asks, &lists, "2025-07-01", &json!("01")), "the state is not at hand");
    lists.add(old.clone(), &national()).unwrap();
    assert!(!decide(&asks, &lists, "2025-07-01", &json!("01")));
    assert!(decide(&asks, &lists, "2025-07-01", &json!("07")));
    assert_eq!(
        asks.code_lists(),
        [CodeListRef { dataset: UNITS.to_owned(), sha256: Some(old.sha256().to_owned()) }]
    );
    for wrong in ["units", "A/b", "a/b@sha256:00", "a/b/c"] {
        let text = json!({"x-ndxp-codelist": wrong}).to_string();
        assert!(Schema::parse(text.as_bytes(), &Profile::default()).is_err(), "{wrong}");
    }
}

#[test]
fn a_validator_says_for_which_days_it_decides() {
    let lists = units();
    let asks = schema(&json!({"properties": {"c": {"format": "vn-commune"}}}));
    let before = asks.compile_at(&lists, day("2025-06-30")).unwrap().span();
    assert_eq!(before, Span { from: None, to: Some(day("2025-07-01")) });
    let after = asks.compile_at(&lists, day("2026-01-01")).unwrap().span();
    assert_eq!(after, Span { from: Some(day("2025-07-01")), to: None });
    // Provinces have no turn, and who asks nothing decides for ever.
    for other in [json!({"format": "vn-province"}), json!({"format": "date"})] {
        assert_eq!(schema(&other).span(&lists, day("2025-06-30")), Span::default(), "{other}");
    }
}

#[test]
fn a_day_begins_at_midnight_in_the_country() {
    let lists = units();
    // 2025-06-30T17:00:00Z is midnight of 1 July in Ha Noi.
    assert_eq!(lists.day(1_751_302_800_000), day("2025-07-01"));
    assert_eq!(lists.day(1_751_302_799_999), day("2025-06-30"));
}

#[test]
fn an_explanation_names_list_day_and_next_step_and_no_value() {
    let asks = schema(&json!({"$defs": {"c": {"format": "vn-commune"}}, "properties": {
        "a": {"$ref": "#/$defs/c"}, "b": {"x-ndxp-codelist": UNITS}}}));
    let validator = asks.compile_at(&units(), day("2025-07-02")).unwrap();
    let said = |record: Value| {
        let found = validator.explain(&record, Budget::default()).violations;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(!found[0].message.contains("00001") && !found[0].message.contains("99999"));
        found.into_iter().next().unwrap()
    };
    let ended = said(json!({"a": "00001"}));
    assert_eq!(
        (ended.instance_path.as_str(), ended.schema_path.as_str(), ended.keyword.as_str()),
        ("/a", "/$defs/c/format", "format")
    );
    assert_eq!(
        ended.message,
        "expected a code of home-affairs/administrative-units (vn-commune) in force on 2025-07-02, found one that was \
         in force until 2025-06-30; use the code that took its place, or the event time at which it was in force"
    );
    let unknown = said(json!({"b": "99999"}));
    assert_eq!(
        (unknown.schema_path.as_str(), unknown.keyword.as_str()),
        ("/properties/b/x-ndxp-codelist", "x-ndxp-codelist")
    );
    assert!(unknown.message.contains("found 5 digits that it does not have"), "{unknown:?}");
    // A wrong form is told as ever.
    assert!(said(json!({"a": "1"})).message.starts_with("expected 5 digits (vn-commune), found 1"));
}

#[test]
fn a_list_counts_inside_of_alternatives_and_unevaluated_places() {
    let asks = schema(&json!({
        "properties": {"c": {"anyOf": [{"type": "null"}, {"format": "vn-commune"}]}},
        "unevaluatedProperties": {"format": "vn-province"}
    }));
    let validator = asks.compile_at(&units(), day("2025-07-02")).unwrap();
    for (record, good) in [
        (json!({"c": null, "p": "01"}), true),
        (json!({"c": "00004"}), true),
        (json!({"c": "00001"}), false),
        (json!({"p": "99"}), false),
    ] {
        assert_eq!(validator.decide(&record), good, "{record}");
        let found = validator.explain(&record, Budget::default()).violations;
        assert_eq!(found.is_empty(), good, "{record} {found:?}");
    }
}

#[test]
fn an_identity_names_the_lists_in_force() {
    let validator = schema(&json!({})).compile_at(&units(), day("2025-07-02")).unwrap();
    let identity = validator.identity();
    assert_eq!(identity.code_list_sha256s, units().sha256s());
    let mut other = identity.clone();
    other.code_list_sha256s.clear();
    let part = identity.difference(&other).unwrap().part;
    assert_eq!(part, format!("code list {UNITS}"));
}

#[test]
fn rows_that_cannot_be_looked_up_are_refused_with_their_number() {
    for (row, told) in [
        (json!({"level": 2}), "row 1: the code stands in code as a text"),
        (json!({"code": 4}), "row 1: the code stands in code as a text"),
        (json!({"code": "4", "valid_from": "1.7.2025"}), "row 1: valid_from is a date"),
        (json!({"code": "4", "valid_to": "2025-02-30"}), "row 1: valid_to is a date"),
        (
            json!({"code": "4", "valid_from": "2025-07-01", "valid_to": "2025-07-01"}),
            "row 1: valid_to is not after valid_from",
        ),
    ] {
        let mut lists = CodeLists::new(&national());
        let refused = lists.put_in_force(list(&[row]), &national()).unwrap_err();
        assert!(refused.to_string().starts_with(told), "{refused}");
    }
    let day = |n: i64| Day::of_millis(n * 86_400_000, 0).to_string();
    let rows: Vec<Value> =
        (0..1_001).map(|n| json!({"code": "4", "valid_from": day(n * 2)})).collect();
    let mut lists = CodeLists::new(&national());
    let refused = lists.put_in_force(list(&rows), &national());
    assert_eq!(refused, Err(CodeListError::TooManyDays));
}

#[test]
fn a_comparison_never_calls_compatible_what_a_list_may_refute() {
    let plain = json!({"type": "string"});
    let keyed = json!({"type": "string", "x-ndxp-codelist": UNITS});
    let other = json!({"type": "string", "x-ndxp-codelist": "tax/offices"});
    let two = json!({"enum": ["01", "99"]});
    let listed = json!({"enum": ["01", "99"], "format": "vn-province"});
    let shaped = json!({"pattern": "^[0-9]{2}$", "type": "string"});
    let format = json!({"format": "vn-province", "type": "string"});
    let decided = |old: &Value, new: &Value, mode| {
        compare(&schema(old), &schema(new), mode, Policy::Strict, crate::Effort::default()).verdict
    };
    // Formats compare by name: what the pattern of one lets through is not asked.
    assert_ne!(decided(&shaped, &format, Mode::Backward), Verdict::Compatible);
    for (narrow, wide) in [(&keyed, &plain), (&listed, &two)] {
        assert_eq!(decided(narrow, wide, Mode::Backward), Verdict::Compatible, "{narrow} {wide}");
        assert_ne!(decided(wide, narrow, Mode::Backward), Verdict::Compatible, "{wide} {narrow}");
    }
    for mode in [Mode::Backward, Mode::Forward] {
        assert_ne!(decided(&keyed, &other, mode), Verdict::Compatible);
    }
    let titled = json!({"type": "string", "title": "t", "x-ndxp-codelist": UNITS});
    assert_eq!(decided(&keyed, &titled, Mode::Full), Verdict::Compatible);
    // Another loss beside a list is still found, with a record.
    let with = |more: Value| json!({"properties": {"p": {"format": "vn-province"}, "n": more}});
    let (old, new) = (with(json!({"type": "integer"})), with(json!({"type": "boolean"})));
    assert_eq!(decided(&old, &new, Mode::Backward), Verdict::Breaking);
}

#[test]
fn generated_records_have_codes_in_force() {
    let asks = schema(&json!({"type": "object", "required": ["c", "p", "l"], "properties": {
        "c": {"type": "string", "format": "vn-commune", "x-ndxp-codelist": UNITS},
        "p": {"type": "string", "format": "vn-province", "x-ndxp-codelist": UNITS},
        "l": {"type": "string", "x-ndxp-codelist": UNITS, "pattern": "^[0-9]{5}$"}
    }, "additionalProperties": false}));
    let on = day("2025-07-02");
    let validator = asks.compile_at(&units(), on).unwrap();
    let mut records = Generator::with_lists(&asks, &units(), on, 1).unwrap();
    for _ in 0..50 {
        let record = records.valid().unwrap();
        assert!(validator.decide(&record), "{record}");
    }
}

#[test]
fn a_state_is_named_by_its_bytes() {
    let list = list(&[json!({"level": 2, "code": "00004"}), json!({"code": "01"})]);
    let text = "{\"code\":\"00004\",\"level\":2}\n{\"code\":\"01\"}\n";
    assert_eq!(list.bytes(), text.as_bytes());
    assert_eq!(CodeList::parse(UNITS, text.as_bytes()).unwrap(), list);
    assert_eq!(list.rows(), 2);
}

proptest! {
    #[test]
    fn a_verdict_is_that_of_a_scan_over_the_rows(
        rows in proptest::collection::vec((0_u8..4, proptest::option::of(0_i64..40), proptest::option::of(0_i64..40)), 0..12),
        code in 0_u8..5,
        on in -2_i64..42,
    ) {
        let day = |n: i64| Day::of_millis((n + 20_000) * 86_400_000, 0);
        let rows: Vec<_> = rows.into_iter().filter(|(_, a, b)| a.zip(*b).is_none_or(|(a, b)| a < b)).collect();
        let written: Vec<Value> = rows.iter().map(|(code, from, to)| {
            let text = |n: &Option<i64>| n.map(|n| day(n).to_string());
            json!({"code": format!("0000{code}"), "level": 2, "valid_from": text(from), "valid_to": text(to)})
        }).collect();
        let lists = lists(&written);
        let asks = schema(&json!({"format": "vn-commune"}));
        let validator = asks.compile_at(&lists, day(on)).unwrap();
        let scan = |on: i64| rows.iter().any(|(known, from, to)| {
            *known == code && from.is_none_or(|from| from <= on) && to.is_none_or(|to| on < to)
        });
        let text = json!(format!("0000{code}"));
        prop_assert_eq!(validator.decide(&text), scan(on));
        prop_assert_eq!(validator.explain(&text, Budget::default()).violations.is_empty(), scan(on));
        // What it says holds for its whole span, and the span ends where a row does.
        for other in -3..44 {
            if validator.span().contains(day(other)) {
                prop_assert_eq!(scan(other), scan(on), "{}", other);
            } else {
                prop_assert_ne!(asks.span(&lists, day(other)), validator.span());
            }
        }
    }

    #[test]
    fn a_day_is_read_as_it_is_written(n in -700_000_i64..2_900_000) {
        let written = Day::of_millis(n * 86_400_000, 0);
        prop_assert_eq!(Day::parse(&written.to_string()), Some(written));
    }
}

#[test]
fn days_are_counted_as_everywhere() {
    for (text, days) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("2025-07-01", 20_270)] {
        assert_eq!(Day::parse(text), Some(Day::of_millis(days * 86_400_000, 0)), "{text}");
    }
    for wrong in ["2025-02-29", "2025-13-01", "2025-00-10", "2025-7-1", "2025-07-01T", "+025-07-01"]
    {
        assert_eq!(Day::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn of_two_rows_the_nearer_end_is_told() {
    let rows = BTreeMap::from([
        ("a".to_owned(), json!({"code": "1", "valid_to": "2001-01-01"})),
        (
            "b".to_owned(),
            json!({"code": "1", "valid_from": "2010-01-01", "valid_to": "2020-01-01"}),
        ),
    ]);
    let list = CodeList::of_rows("a/b", &rows).unwrap();
    let mut lists = CodeLists::new(&national());
    lists.put_in_force(list, &national()).unwrap();
    let asks = schema(&json!({"x-ndxp-codelist": "a/b"}));
    let message = |on: &str| {
        let validator = asks.compile_at(&lists, day(on)).unwrap();
        let found = validator.explain(&json!("1"), Budget::default()).violations;
        found.into_iter().next().map(|one| one.message).unwrap_or_default()
    };
    assert!(message("2005-01-01").contains("until 2000-12-31"));
    assert!(message("2025-01-01").contains("until 2019-12-31"));
    assert_eq!(message("2015-01-01"), "");
}
