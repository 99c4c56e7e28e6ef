#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use ndxp_model::Timestamp;

use super::*;
use crate::{Cause, Closing, KeyHash, Letter, LetterState, Place, RejectReason, Verdict};

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

#[test]
fn stored_form_of_an_opening_that_tells_its_view_is_the_second_version() {
    let view = Some("agr-0042@7".parse().unwrap());
    let opened = Opened { sub: sub(), epoch: 3, start: vec![0, 17], view };
    let golden = include_str!("../../golden/opened.v2.json");
    check_stored(golden, "statistics/units/3/opened", opened);
}

fn failure(offset: u64) -> Failure {
    let place = Place { partition: 1, offset };
    Failure { place, counted: 2, pending: 1, first: Timestamp::from_millis(1_790_000_000_000) }
}

fn span(first: u64, last: u64) -> Span {
    Span { partition: 0, first, last }
}

#[test]
fn stored_form_of_what_older_streams_left_is_the_golden_file() {
    let base = Base {
        sub: sub(),
        epoch: 3,
        positions: vec![10, 17],
        reached: vec![21, 19],
        replayed_below: vec![0, 5],
        settled: vec![span(12, 14), span(20, 20)],
        handed: handed().ranges,
        failures: vec![failure(17)],
        views: vec!["agr-0042@6".parse().unwrap(), "agr-0042@7".parse().unwrap()],
        streak: 3,
        failing_since: Some(Timestamp::from_millis(1_790_000_000_000)),
        probes: 2,
    };
    check_stored(include_str!("../../golden/base.v1.json"), "statistics/units/3/base", base);
}

#[test]
fn stored_form_of_each_later_kind_is_the_golden_file() {
    let settled = Settled { sub: sub(), epoch: 3, spans: vec![span(12, 14), span(20, 20)] };
    let golden = include_str!("../../golden/settled.v1.json");
    check_stored(golden, "statistics/units/3/settled", settled);
    let failed = Failed { sub: sub(), epoch: 3, n: 4, failures: vec![failure(17), failure(18)] };
    let golden = include_str!("../../golden/failed.v1.json");
    check_stored(golden, "statistics/units/3/failed/4", failed);
    let outage = Outage { sub: sub(), epoch: 3, streak: 0, failing_since: None, probes: 0 };
    let golden = include_str!("../../golden/outage.v1.json");
    check_stored(golden, "statistics/units/3/outage", outage);
    let sought = Sought { sub: sub(), epoch: 4, positions: vec![0, 9] };
    let golden = include_str!("../../golden/sought.v1.json");
    check_stored(golden, "statistics/units/4/sought", sought);
    let viewed = Viewed { sub: sub(), epoch: 3, view: "agr-0042@7".parse().unwrap() };
    let golden = include_str!("../../golden/viewed.v1.json");
    check_stored(golden, "statistics/units/3/viewed", viewed);
}

#[test]
fn stored_form_of_each_state_of_a_letter_is_the_golden_file() {
    let due = Timestamp::from_millis(1_790_000_060_000);
    let closed = LetterState::Closed;
    let states = [
        LetterState::Dead,
        LetterState::Redriven { due },
        closed(Closing::Acknowledged),
        closed(Closing::Purged),
        closed(Closing::Expired),
        closed(Closing::Superseded),
        closed(Closing::Withdrawn),
    ];
    let golden = include_str!("../../golden/letter.v1.ndjson");
    assert_eq!(golden.lines().count(), states.len());
    for (n, (state, golden)) in (1..).zip(states.into_iter().zip(golden.lines())) {
        let cause = match n % 2 {
            0 => Cause::Exhausted,
            _ => Cause::Rejected(RejectReason::new("no such unit").unwrap()),
        };
        let letter = Letter {
            place: Place { partition: 1, offset: 17 },
            key: KeyHash(0xbeef),
            verdict: Verdict(2),
            cause,
            attempts: 21,
            first_failed: Timestamp::from_millis(1_790_000_000_000),
            since: Timestamp::from_millis(1_790_003_600_000),
        };
        let changed = LetterChanged { sub: sub(), epoch: 3, n, letter, state };
        check_stored(golden, &format!("statistics/units/3/letter/{n}"), changed);
    }
}

#[test]
fn key_reads_back_for_its_own_subscription_alone() {
    let check = |text: &str, reads: bool| {
        assert_eq!(RecordKey::parse(text, &sub()).is_some(), reads, "{text}");
    };
    for kind in ["opened", "base", "cursor", "settled", "outage", "sought", "viewed"] {
        check(&format!("statistics/units/3/{kind}"), true);
        check(&format!("statistics/units/3/{kind}/1"), false);
    }
    for kind in ["handed", "failed", "letter"] {
        check(&format!("statistics/units/3/{kind}/12"), true);
        check(&format!("statistics/units/3/{kind}"), false);
    }
    check("statistics/unit/3/base", false);
    check("statistics/units2/3/base", false);
    check("statistics/units/03/base", false);
    check("statistics/units/3/base/", false);
}

#[test]
fn impossible_letter_stops_the_reader() {
    let golden = include_str!("../../golden/letter.v1.ndjson").lines().next().unwrap();
    let check = |from: &str, to: &str, what: &str| {
        let expected = format!("delivery record has an impossible letter: {what}");
        check_unreadable(&golden.replace(from, to), &expected);
    };
    check("0000beef", "beef", "its key");
    check("no such unit", &"x".repeat(257), "its reason");
    check(":17,", ":18446744073709551615,", "its offset");
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
