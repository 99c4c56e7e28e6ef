//! Random agreements between few parties, so that they meet, with equal and touching instants.

use proptest::prelude::*;

use super::*;

const PURPOSES: [&str; 2] = ["benefit", "audit"];
const STATUSES: [Status; 4] =
    [Status::Active, Status::Active, Status::Suspended, Status::Terminated];

prop_compose! {
    fn any_standing(id: usize)(
        consumer in prop::sample::select(&["social", "health"][..]),
        operations in prop::collection::btree_set(any_operation(), 1..3),
        purposes in prop::collection::btree_set(prop::sample::select(&PURPOSES[..]), 1..3),
        field in prop::sample::select(&["/a", "/b", "/c"][..]),
        (from, length) in (0_i64..12, 1_i64..12),
        status in prop::sample::select(&STATUSES[..]),
    ) -> Standing {
        let mut standing = standing(&format!("agr-{id}"));
        standing.terms.consumer = consumer.parse().unwrap();
        standing.terms.operations = operations;
        standing.terms.purposes = purposes.iter().map(|code| purpose_grant(code, "law")).collect();
        standing.terms.fields = [FieldGrant { path: field.parse().unwrap() }].into();
        standing.terms.valid = Validity { not_before: at(from), not_after: at(from + length) };
        standing.status = status;
        standing
    }
}

fn any_operation() -> impl Strategy<Value = Operation> {
    prop::sample::select(&[Operation::Subscribe, Operation::Publish][..])
}

fn any_standings() -> impl Strategy<Value = Vec<Standing>> {
    (any_standing(0), any_standing(1), any_standing(2), any_standing(3), 0_usize..5)
        .prop_map(|(a, b, c, d, count)| [a, b, c, d].into_iter().take(count).collect())
}

prop_compose! {
    fn any_ask()(
        operation in any_operation(),
        purpose in prop::sample::select(&["benefit", "audit", "unknown"][..]),
        named in prop::option::of(0_usize..5),
        provider_active in prop::bool::weighted(0.9),
        consumer_active in prop::bool::weighted(0.9),
    ) -> Ask {
        let agreement = named.map(|id| format!("agr-{id}").parse().unwrap());
        let purpose = purpose.parse().unwrap();
        Ask { operation, purpose, agreement, provider_active, consumer_active, ..ask() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_allow_is_the_same_until_it_no_longer_holds(
        standings in any_standings(), ask in any_ask(), now in 0_i64..25,
    ) {
        let agreements = index(standings);
        let decision = verdict(&agreements, &ask, now);
        if let Decision::Allow(grant) = &decision {
            prop_assert!(grant.holds_until > at(now));
            for later in now..grant.holds_until.millis() {
                prop_assert_eq!(&verdict(&agreements, &ask, later), &decision);
            }
        }
    }

    #[test]
    fn suspended_terminated_and_expired_never_allow(
        standings in any_standings(), ask in any_ask(), now in 0_i64..25,
    ) {
        if let Decision::Allow(grant) = verdict(&index(standings.clone()), &ask, now) {
            let used = standings.iter().find(|s| s.reference == grant.agreement).unwrap();
            let valid = used.terms.valid;
            prop_assert_eq!(used.status, Status::Active);
            prop_assert!(valid.not_before <= at(now) && at(now) < valid.not_after);
            prop_assert_eq!(&used.terms.consumer, &ask.consumer);
            prop_assert!(ask.provider_active && ask.consumer_active);
        }
    }

    /// An allow is what its agreement says when it is alone; where each alone refuses, so do all.
    #[test]
    fn two_agreements_are_never_united(
        standings in any_standings(), ask in any_ask(), now in 0_i64..25,
    ) {
        let alone: Vec<Decision> =
            standings.iter().map(|s| verdict(&index([s.clone()]), &ask, now)).collect();
        match verdict(&index(standings.clone()), &ask, now) {
            Decision::Allow(grant) => {
                let at = standings.iter().position(|s| s.reference == grant.agreement).unwrap();
                let Decision::Allow(single) = &alone[at] else { panic!("{grant:?} is united") };
                prop_assert_eq!(&single.plan, &grant.plan);
                prop_assert_eq!(&single.basis, &grant.basis);
                prop_assert_eq!(&single.terms_hash, &grant.terms_hash);
            }
            Decision::Deny(denial) => {
                prop_assert!(alone.iter().all(|one| matches!(one, Decision::Deny(_))));
                let reasons = alone.iter().filter_map(|one| match one {
                    Decision::Deny(one) => Some((one.agreement.as_ref(), one.reason)),
                    Decision::Allow(_) => None,
                });
                let named = |of: Option<&AgreementRef>| {
                    ask.agreement.is_some() && of.map(|of| &of.id) == ask.agreement.as_ref()
                };
                let nearest = reasons.map(|(of, reason)| (named(of), reason)).max();
                prop_assert_eq!(denial.reason, nearest.map_or(denial.reason, |(_, reason)| reason));
            }
        }
    }

    /// Incremental updates lead to the index that a fresh start would build.
    #[test]
    fn updates_in_any_order_decide_as_a_fresh_index(
        history in prop::collection::vec((any_standings(), 0_usize..4), 1..5),
        ask in any_ask(), now in 0_i64..25,
    ) {
        let mut live = Agreements::new();
        let mut current = std::collections::BTreeMap::new();
        for (standings, removed) in history {
            for standing in standings.into_iter().rev() {
                current.insert(standing.reference.id.clone(), standing.clone());
                live.insert(standing);
            }
            let removed: AgreementId = format!("agr-{removed}").parse().unwrap();
            prop_assert_eq!(live.remove(&removed), current.remove(&removed));
        }
        let fresh = index(current.into_values());
        prop_assert_eq!(live.len(), fresh.len());
        prop_assert_eq!(verdict(&live, &ask, now), verdict(&fresh, &ask, now));
    }
}
