#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use proptest::prelude::*;

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn deny(system: &str, dataset: Option<&str>, why: &str) -> Deny {
    Deny {
        by: Caller::Principal(format!("agency/tax/system/{system}").parse().unwrap()),
        ds: dataset.map(|ds| ds.parse().unwrap()),
        op: "SUBSCRIBE".parse().unwrap(),
        why: why.parse().unwrap(),
        clause: None,
        purp: None,
        agr: None,
        n: NonZeroU64::MIN,
    }
}

fn portal() -> Deny {
    deny("portal", Some("land/parcel@2"), "AGREEMENT_MISSING")
}

#[test]
fn the_first_is_written_at_once_and_repeats_are_counted() {
    let mut denials = Denials::new();
    assert_eq!(denials.record(portal(), at(0)), Some(portal()));
    for now in 1..=41 {
        assert_eq!(denials.record(portal(), at(now)), None);
    }
    assert_eq!(denials.next_due(), Some(at(DENIAL_WINDOW_MS)));
    assert!(denials.due(at(DENIAL_WINDOW_MS - 1)).is_empty());
    let due = denials.due(at(DENIAL_WINDOW_MS));
    assert_eq!(due, [Deny { n: NonZeroU64::new(41).unwrap(), ..portal() }]);
    assert_eq!(denials.next_due(), None);
    assert_eq!(denials.record(portal(), at(DENIAL_WINDOW_MS)), Some(portal()));
}

#[test]
fn a_denial_without_repeats_is_written_once() {
    let mut denials = Denials::new();
    assert!(denials.record(portal(), at(0)).is_some());
    assert!(denials.due(at(DENIAL_WINDOW_MS)).is_empty());
    assert_eq!(denials.next_due(), None);
}

#[test]
fn another_system_dataset_or_reason_is_another_denial() {
    let mut denials = Denials::new();
    assert!(denials.record(portal(), at(0)).is_some());
    let others = [
        deny("desk", Some("land/parcel@2"), "AGREEMENT_MISSING"),
        deny("portal", Some("land/owner@2"), "AGREEMENT_MISSING"),
        deny("portal", None, "AGREEMENT_MISSING"),
        deny("portal", Some("land/parcel@2"), "AGREEMENT_EXPIRED"),
    ];
    for other in others {
        assert!(denials.record(other, at(1)).is_some());
    }
    let other_version = deny("portal", Some("land/parcel"), "AGREEMENT_MISSING");
    assert_eq!(denials.record(other_version, at(1)), None);
}

#[test]
fn a_clock_set_back_ends_the_window() {
    let mut denials = Denials::new();
    assert!(denials.record(portal(), at(100_000)).is_some());
    assert!(denials.record(portal(), at(100_001)).is_none());
    assert_eq!(denials.due(at(5)).len(), 1);
}

#[test]
fn repeats_of_an_overdue_window_go_with_the_next() {
    let mut denials = Denials::new();
    assert!(denials.record(portal(), at(0)).is_some());
    assert!(denials.record(portal(), at(1)).is_none());
    let next = denials.record(portal(), at(DENIAL_WINDOW_MS)).unwrap();
    assert_eq!(next.n.get(), 2);
    assert!(denials.drain().is_empty());
}

#[test]
fn beyond_the_bound_each_denial_is_written() {
    let mut denials = Denials::new();
    for n in 0..MAX_DENIAL_KEYS {
        let _ = denials.record(deny(&format!("s-{n}"), None, "ROLE_REQUIRED"), at(0));
    }
    let late = deny("late", None, "ROLE_REQUIRED");
    for _ in 0..3 {
        assert_eq!(denials.record(late.clone(), at(1)), Some(late.clone()));
    }
    assert_eq!(denials.record(deny("s-7", None, "ROLE_REQUIRED"), at(1)), None);
    let _ = denials.due(at(DENIAL_WINDOW_MS));
    assert!(denials.record(late.clone(), at(DENIAL_WINDOW_MS)).is_some());
    assert!(denials.record(late, at(DENIAL_WINDOW_MS)).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

    /// Whatever the clock does and whenever `due` is asked.
    #[test]
    fn every_denial_is_counted_once(
        steps in prop::collection::vec((0_usize..4, 0_i64..40_000, any::<bool>()), 0..60),
    ) {
        let mut denials = Denials::new();
        let (mut asked, mut written) = ([0_u64; 4], Vec::new());
        for (key, now, ask_due) in steps {
            let system = format!("s-{key}");
            written.extend(denials.record(deny(&system, None, "ROLE_REQUIRED"), at(now)));
            asked[key] += 1;
            if ask_due {
                written.extend(denials.due(at(now)));
            }
        }
        written.extend(denials.drain());
        for (key, count) in asked.into_iter().enumerate() {
            let by = deny(&format!("s-{key}"), None, "ROLE_REQUIRED").by;
            let total: u64 = written.iter().filter(|d| d.by == by).map(|d| d.n.get()).sum();
            prop_assert_eq!(total, count);
        }
    }
}
