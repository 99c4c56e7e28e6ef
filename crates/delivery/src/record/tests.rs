#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;

const OPENED: &str = include_str!("../../golden/opened.v1.json");
const HANDED: &str = include_str!("../../golden/handed.v1.json");
const CURSOR: &str = include_str!("../../golden/cursor.v1.json");

fn sub() -> SubscriptionName {
    "statistics/units".parse().unwrap()
}

fn handed() -> Handed {
    let range = |partition, first, last, attempt| HandedRange { partition, first, last, attempt };
    let ranges = vec![range(0, 5, 9, 1), range(0, 11, 11, 1), range(1, 17, 18, 2)];
    Handed { sub: sub(), epoch: 3, agreement: "agr-0042@7".parse().unwrap(), n: 12, ranges }
}

fn check_stored(golden: &str, key: &str, record: impl Into<DeliveryRecord>) {
    let record = record.into();
    assert_eq!(String::from_utf8(record.encode()).unwrap(), golden.trim_end());
    assert_eq!(DeliveryRecord::decode(golden.as_bytes()).unwrap(), record);
    assert_eq!(record.key(), key);
}

#[test]
fn stored_form_of_each_kind_is_the_golden_file() {
    let opened = Opened { sub: sub(), epoch: 3, start: vec![0, 17], view: None };
    check_stored(OPENED, "statistics/units/3/opened", opened);
    check_stored(HANDED, "statistics/units/3/handed/12", handed());
    let cursor = Cursor { sub: sub(), epoch: 3, positions: vec![10, u64::MAX] };
    check_stored(CURSOR, "statistics/units/3/cursor", cursor);
}

fn check_unreadable(stored: &str, expected: &str) {
    let error = DeliveryRecord::decode(stored.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), expected, "{stored}");
}

#[test]
fn unknown_version_or_type_stops_the_reader() {
    check_unreadable(
        r#"{"v":2,"type":"cursor","sub":"a/b","epoch":1,"positions":[1]}"#,
        r#"delivery record is of unknown type "cursor" in version 2"#,
    );
    check_unreadable(
        r#"{"v":1,"type":"parked","sub":"a/b","epoch":1}"#,
        r#"delivery record is of unknown type "parked" in version 1"#,
    );
}

#[test]
fn member_too_many_or_too_few_stops_the_reader() {
    let expected = "delivery record does not have the form of its type";
    for stored in [
        "",
        "{}",
        "[1]",
        r#"{"v":1,"type":"cursor","sub":"a/b","epoch":1}"#,
        r#"{"v":1,"type":"cursor","sub":"a/b","epoch":1,"positions":[1],"lease":4}"#,
        r#"{"v":1,"type":"cursor","sub":"a/b","epoch":1,"epoch":2,"positions":[1]}"#,
        r#"{"v":1,"type":"cursor","sub":"a/b","epoch":1,"positions":[-1]}"#,
        r#"{"v":1,"type":"cursor","sub":"a/b","epoch":1,"positions":[1]}{}"#,
        r#"{"v":1,"type":"opened","sub":"A/b","epoch":1,"start":[1]}"#,
        r#"{"v":1,"type":"handed","sub":"a/b","epoch":1,"agreement":"x","n":1,"ranges":[]}"#,
    ] {
        check_unreadable(stored, expected);
    }
}

#[test]
fn impossible_range_stops_the_reader() {
    let check = |range: &str, expected: &str| {
        let head = r#"{"v":1,"type":"handed","sub":"a/b","epoch":1,"agreement":"x@1","n":1"#;
        let expected = format!("delivery record has an impossible range {expected}");
        check_unreadable(&format!(r#"{head},"ranges":[{range}]}}"#), &expected);
    };
    check("[0,5,4,1]", "5 to 4, attempt 1");
    check("[0,5,5,0]", "5 to 5, attempt 0");
    check("[0,5,18446744073709551615,1]", "5 to 18446744073709551615, attempt 1");
}
