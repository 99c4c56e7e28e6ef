#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod properties;

use ndxp_model::{AgencyId, AgreementRef, DatasetName, FieldGrant, Operation, PurposeGrant, Terms};

use super::*;
use crate::Standing;

const START: i64 = 1_000;
const END: i64 = 2_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// An active agreement on `tax/income` for `social`, SUBSCRIBE, purpose `benefit`.
fn standing(id: &str) -> Standing {
    let terms = Terms {
        id: id.parse().unwrap(),
        provider: "tax".parse().unwrap(),
        consumer: "social".parse().unwrap(),
        dataset: "tax/income".parse().unwrap(),
        operations: [Operation::Subscribe].into(),
        purposes: [purpose_grant("benefit", "law-1")].into(),
        fields: [FieldGrant { path: "/amount".parse().unwrap() }].into(),
        rows: None,
        valid: Validity { not_before: at(START), not_after: at(END) },
    };
    let reference = AgreementRef { id: terms.id.clone(), revision: 1 };
    Standing { reference, terms, terms_hash: format!("hash of {id}"), status: Status::Active }
}

fn purpose_grant(code: &str, basis: &str) -> PurposeGrant {
    PurposeGrant { code: code.parse().unwrap(), basis: basis.parse().unwrap() }
}

/// What is asked, owned so that a test can change one thing.
#[derive(Debug, Clone)]
struct Ask {
    consumer: AgencyId,
    dataset: DatasetName,
    operation: Operation,
    purpose: PurposeCode,
    agreement: Option<AgreementId>,
    provider_active: bool,
    consumer_active: bool,
}

fn ask() -> Ask {
    Ask {
        consumer: "social".parse().unwrap(),
        dataset: "tax/income".parse().unwrap(),
        operation: Operation::Subscribe,
        purpose: "benefit".parse().unwrap(),
        agreement: None,
        provider_active: true,
        consumer_active: true,
    }
}

fn verdict(agreements: &Agreements, ask: &Ask, now: i64) -> Decision {
    let request = AccessRequest {
        consumer: &ask.consumer,
        dataset: &ask.dataset,
        operation: ask.operation,
        purpose: &ask.purpose,
        agreement: ask.agreement.as_ref(),
        provider_active: ask.provider_active,
        consumer_active: ask.consumer_active,
    };
    decide(agreements, &request, at(now))
}

fn index(standings: impl IntoIterator<Item = Standing>) -> Agreements {
    let mut agreements = Agreements::new();
    standings.into_iter().for_each(|standing| agreements.insert(standing));
    agreements
}

#[track_caller]
fn grant_of(decision: Decision) -> Grant {
    match decision {
        Decision::Allow(grant) => grant,
        Decision::Deny(denial) => panic!("denied: {denial:?}"),
    }
}

#[track_caller]
fn denial_of(decision: Decision) -> Denial {
    match decision {
        Decision::Deny(denial) => denial,
        Decision::Allow(grant) => panic!("allowed: {grant:?}"),
    }
}

/// Checks one agreement's answer: `Ok` with its id, `Err` with the reason.
#[track_caller]
fn check(change: impl FnOnce(&mut Standing, &mut Ask), now: i64, expected: Result<(), Reason>) {
    let (mut standing, mut ask) = (standing("agr-1"), ask());
    change(&mut standing, &mut ask);
    let decision = verdict(&index([standing.clone()]), &ask, now);
    match expected {
        Ok(()) => assert_eq!(grant_of(decision).agreement, standing.reference),
        Err(reason) => {
            let denial = denial_of(decision);
            assert_eq!((denial.reason, denial.clause), (reason, reason.clause()));
        }
    }
}

#[test]
fn an_agreement_in_force_allows_what_it_names() {
    let grant = grant_of(verdict(&index([standing("agr-1")]), &ask(), 1_500));
    assert_eq!(grant.agreement.to_string(), "agr-1@1");
    assert_eq!(grant.terms_hash, "hash of agr-1");
    assert_eq!(grant.basis.as_str(), "law-1");
    assert_eq!(grant.holds_until, at(END));
}

#[test]
fn validity_includes_its_start_and_excludes_its_end() {
    check(|_, _| (), START - 1, Err(Reason::OutsideTimeWindow));
    check(|_, _| (), START, Ok(()));
    check(|_, _| (), END - 1, Ok(()));
    check(|_, _| (), END, Err(Reason::AgreementExpired));
}

#[test]
fn suspended_and_terminated_refuse() {
    check(|s, _| s.status = Status::Suspended, 1_500, Err(Reason::AgreementSuspended));
    check(|s, _| s.status = Status::Terminated, 1_500, Err(Reason::AgreementTerminated));
}

#[test]
fn what_is_final_is_told_before_what_may_pass() {
    check(|s, _| s.status = Status::Suspended, END, Err(Reason::AgreementExpired));
    check(|s, _| s.status = Status::Terminated, END, Err(Reason::AgreementTerminated));
    check(|s, _| s.status = Status::Suspended, START - 1, Err(Reason::AgreementSuspended));
}

#[test]
fn a_suspended_provider_shows_as_a_suspended_agreement_without_cause() {
    let agreements = index([standing("agr-1")]);
    let by_provider = Ask { provider_active: false, ..ask() };
    let provider = denial_of(verdict(&agreements, &by_provider, 1_500));
    let stopped = Standing { status: Status::Suspended, ..standing("agr-1") };
    assert_eq!(provider, denial_of(verdict(&index([stopped]), &ask(), 1_500)));
}

#[test]
fn a_suspended_caller_is_told_before_anything_else() {
    check(|_, a| a.consumer_active = false, 1_500, Err(Reason::AgencySuspended));
    let denial = denial_of(verdict(
        &index([standing("agr-1")]),
        &Ask { consumer_active: false, ..ask() },
        1_500,
    ));
    assert_eq!(denial.agreement, None);
}

#[test]
fn operation_comes_before_purpose() {
    let other = |a: &mut Ask| a.purpose = "statistics".parse().unwrap();
    check(|_, a| other(a), 1_500, Err(Reason::PurposeNotAllowed));
    check(|_, a| a.operation = Operation::Publish, 1_500, Err(Reason::OperationNotGranted));
    let both = |_: &mut Standing, a: &mut Ask| {
        a.operation = Operation::Publish;
        other(a);
    };
    check(both, 1_500, Err(Reason::OperationNotGranted));
}

#[test]
fn a_refusal_says_what_was_asked_and_what_is_allowed() {
    let mut standing = standing("agr-1");
    standing.terms.purposes.insert(purpose_grant("benefit", "law-2"));
    standing.terms.purposes.insert(purpose_grant("audit", "law-3"));
    let other = Ask { purpose: "statistics".parse().unwrap(), ..ask() };
    let denial = denial_of(verdict(&index([standing]), &other, 1_500));
    assert_eq!(denial.asked.as_deref(), Some("statistics"));
    assert_eq!(denial.allowed, ["audit", "benefit"]);
    assert_eq!(denial.agreement.unwrap().to_string(), "agr-1@1");
    assert_eq!(denial.next_step, Reason::PurposeNotAllowed.next_step());

    let early = denial_of(verdict(&index([self::standing("agr-1")]), &ask(), 0));
    assert_eq!(early.asked.as_deref(), Some("1970-01-01T00:00:00Z"));
    assert_eq!(early.allowed, ["1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z"]);
}

#[test]
fn a_caller_without_an_agreement_learns_nothing() {
    let agreements = index([standing("agr-1")]);
    let stranger = Ask { consumer: "health".parse().unwrap(), ..ask() };
    let named = Ask { agreement: Some("agr-1".parse().unwrap()), ..stranger.clone() };
    let elsewhere = Ask { dataset: "tax/debt".parse().unwrap(), ..ask() };
    let nothing = Denial::new(Reason::AgreementMissing, None);
    for ask in [stranger, named, elsewhere] {
        for provider_active in [true, false] {
            let ask = Ask { provider_active, ..ask.clone() };
            assert_eq!(denial_of(verdict(&agreements, &ask, 1_500)), nothing);
        }
    }
}

#[test]
fn of_several_the_named_one_is_taken_else_the_lowest_id() {
    let agreements = index([standing("agr-3"), standing("agr-1"), standing("agr-2")]);
    let taken = |named: Option<&str>| {
        let agreement = named.map(|id| id.parse().unwrap());
        let decision = verdict(&agreements, &Ask { agreement, ..ask() }, 1_500);
        grant_of(decision).agreement.id.to_string()
    };
    assert_eq!(taken(None), "agr-1");
    assert_eq!(taken(Some("agr-2")), "agr-2");
    assert_eq!(taken(Some("agr-9")), "agr-1");
}

#[test]
fn a_named_agreement_that_refuses_gives_way_to_one_that_allows() {
    let stopped = Standing { status: Status::Suspended, ..standing("agr-1") };
    let agreements = index([stopped, standing("agr-2")]);
    let named = Ask { agreement: Some("agr-1".parse().unwrap()), ..ask() };
    assert_eq!(grant_of(verdict(&agreements, &named, 1_500)).agreement.id.as_str(), "agr-2");
}

#[test]
fn the_explanation_is_of_the_agreement_that_fails_latest() {
    let ended = Standing { status: Status::Terminated, ..standing("agr-1") };
    let stopped = Standing { status: Status::Suspended, ..standing("agr-2") };
    let mut other_purpose = standing("agr-3");
    other_purpose.terms.purposes = [purpose_grant("audit", "law-1")].into();
    let explained = |standings: Vec<Standing>| {
        denial_of(verdict(&index(standings), &ask(), 1_500)).agreement.unwrap().id.to_string()
    };
    assert_eq!(explained(vec![ended.clone(), stopped.clone()]), "agr-2");
    assert_eq!(explained(vec![ended.clone(), stopped, other_purpose]), "agr-3");
    let also_ended = Standing { status: Status::Terminated, ..standing("agr-0") };
    assert_eq!(explained(vec![ended, also_ended]), "agr-0");
}

#[test]
fn the_purpose_of_one_agreement_never_meets_the_operation_of_another() {
    let mut publish = standing("agr-1");
    publish.terms.operations = [Operation::Publish].into();
    let mut audit = standing("agr-2");
    audit.terms.purposes = [purpose_grant("audit", "law-1")].into();
    let denial = denial_of(verdict(&index([publish, audit]), &ask(), 1_500));
    assert_eq!(denial.reason, Reason::PurposeNotAllowed);
}

#[test]
fn an_agreement_that_begins_later_ends_what_holds() {
    let mut later = standing("agr-1");
    later.terms.valid.not_before = at(1_700);
    let agreements = index([later, standing("agr-2")]);
    let before = grant_of(verdict(&agreements, &ask(), 1_500));
    assert_eq!((before.agreement.id.as_str(), before.holds_until), ("agr-2", at(1_700)));
    let after = grant_of(verdict(&agreements, &ask(), 1_700));
    assert_eq!((after.agreement.id.as_str(), after.holds_until), ("agr-1", at(END)));
}

#[test]
fn a_new_revision_replaces_the_old_one_even_under_another_consumer() {
    let mut agreements = index([standing("agr-1")]);
    let mut moved = standing("agr-1");
    moved.reference.revision = 2;
    moved.terms.consumer = "health".parse().unwrap();
    agreements.insert(moved);
    assert_eq!(agreements.len(), 1);
    assert_eq!(denial_of(verdict(&agreements, &ask(), 1_500)).reason, Reason::AgreementMissing);
    let health = Ask { consumer: "health".parse().unwrap(), ..ask() };
    assert_eq!(grant_of(verdict(&agreements, &health, 1_500)).agreement.to_string(), "agr-1@2");
}

#[test]
fn a_removed_agreement_is_gone() {
    let mut agreements = index([standing("agr-1")]);
    let id: AgreementId = "agr-1".parse().unwrap();
    assert_eq!(agreements.remove(&id), Some(standing("agr-1")));
    assert_eq!(agreements.remove(&id), None);
    assert!(agreements.is_empty() && agreements.get(&id).is_none());
    assert_eq!(denial_of(verdict(&agreements, &ask(), 1_500)).reason, Reason::AgreementMissing);
}

#[test]
fn suspending_and_resuming_keeps_the_compiled_plan() {
    let mut agreements = index([standing("agr-1")]);
    let before = grant_of(verdict(&agreements, &ask(), 1_500));
    agreements.insert(Standing { status: Status::Suspended, ..standing("agr-1") });
    agreements.insert(standing("agr-1"));
    let after = grant_of(verdict(&agreements, &ask(), 1_500));
    assert!(Arc::ptr_eq(&before.plan, &after.plan));
    let mut wider = standing("agr-1");
    wider.terms.fields.insert(FieldGrant { path: "/year".parse().unwrap() });
    agreements.insert(wider);
    assert_ne!(grant_of(verdict(&agreements, &ask(), 1_500)).plan, before.plan);
}

/// What a decision and an update look at is the agreements under one key; it does not grow.
#[test]
fn ten_thousand_agreements_cost_a_decision_no_more_than_ten() {
    let many = |count: u32| {
        index((0..count).map(|n| {
            let mut other = standing(&format!("agr-{n}"));
            other.terms.consumer = format!("agency-{}", n / 100).parse().unwrap();
            other.terms.dataset = format!("tax/set-{}", n % 100).parse().unwrap();
            other
        }))
    };
    for count in [10, 10_000] {
        let agreements = many(count);
        let (consumer, dataset) = ("agency-0".parse().unwrap(), "tax/set-3".parse().unwrap());
        assert_eq!(agreements.candidates(&consumer, &dataset).len(), 1, "of {count}");
    }
    let mut agreements = many(10_000);
    let (consumer, dataset) = ("agency-0".parse().unwrap(), "tax/set-4".parse().unwrap());
    let neighbour = Arc::clone(&agreements.candidates(&consumer, &dataset)[0]);
    agreements.insert(standing("agr-3"));
    let same = &agreements.candidates(&consumer, &dataset)[0];
    assert!(Arc::ptr_eq(&neighbour, same), "an update left other keys alone");
}

#[test]
fn reasons_are_looked_for_in_the_order_of_their_clauses() {
    assert!(Reason::ALL.is_sorted());
    assert!(Reason::ALL.is_sorted_by_key(|reason| reason.clause()));
}
