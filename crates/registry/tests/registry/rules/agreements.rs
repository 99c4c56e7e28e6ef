use ndxp_model::{FieldGrant, RowFilter, Terms};
use ndxp_registry::Command;

use super::check;
use crate::{
    sample::{self, new_dataset, terms_with},
    world::World,
};

const PROVIDER: &str = "tax/officer/steward-1";
const CONSUMER: &str = "stats/officer/steward-1";
const NEEDS_PARTY: &str = "needs an officer with role steward of the provider or the consumer";

fn proposal() -> Command {
    Command::ProposeAgreement(sample::terms("agr-1"))
}

#[test]
fn a_steward_of_either_party_proposes_and_nobody_else() {
    let world = World::nation();
    for party in [PROVIDER, CONSUMER] {
        check(&world, party, proposal(), "agreement-proposed");
    }
    for other in [
        "land/officer/steward-1",
        "hub/officer/officer-1",
        "tax/officer/approver-1",
        "tax/system/portal",
    ] {
        check(&world, other, proposal(), NEEDS_PARTY);
    }
}

#[test]
fn a_document_that_cannot_hold_is_refused_with_its_member() {
    type Change = fn(&mut Terms);
    let table: [(Change, &str); 9] = [
        (
            |t| t.consumer = t.provider.clone(),
            "terms.consumer: provider and consumer are the same agency",
        ),
        (
            |t| t.dataset = "land/units".parse().unwrap(),
            "terms.dataset: dataset belongs to another agency than the provider",
        ),
        (|t| t.purposes.clear(), "terms.purposes: purposes is empty"),
        (|t| t.fields.clear(), "terms.fields: fields is empty, so SUBSCRIBE would release nothing"),
        (
            |t| t.valid.not_after = t.valid.not_before,
            "terms.valid: valid must end after it begins, at most five years later",
        ),
        (
            |t| t.valid.not_after = "2026-07-01T00:00:00Z".parse().unwrap(),
            "terms.not_after: lies in the past",
        ),
        (|t| t.consumer = "health".parse().unwrap(), "no agencies/health"),
        (
            |t| t.fields = [FieldGrant { path: "/ghost".parse().unwrap() }].into(),
            "terms.fields[0].path: the schema declares no field /ghost",
        ),
        (
            |t| t.rows = Some(RowFilter { field: "/name".parse().unwrap(), equals: "x".into() }),
            "terms.rows.field: the dataset does not declare this field filterable",
        ),
    ];
    let world = World::nation();
    for (change, expected) in table {
        check(&world, PROVIDER, terms_with("agr-1", change), expected);
    }
    let filtered = terms_with("agr-1", |t| {
        t.rows = Some(RowFilter { field: "/province".parse().unwrap(), equals: "01".into() });
    });
    check(&world, PROVIDER, filtered, "agreement-proposed");
}

#[test]
fn a_dataset_without_a_schema_cannot_be_granted() {
    let mut world = World::nation();
    world.must(PROVIDER, new_dataset("tax/income", ndxp_model::Classification::Internal));
    let early = terms_with("agr-1", |t| t.dataset = "tax/income".parse().unwrap());
    check(&world, PROVIDER, early, "conflict: agencies/tax/datasets/income has no schema yet");
}

#[test]
fn an_id_stays_with_its_parties_and_dataset_and_one_revision_waits_at_a_time() {
    let mut world = World::nation();
    world.must(PROVIDER, proposal());
    let waits = "conflict: a revision of agreements/agr-1 waits for approval";
    check(&world, CONSUMER, proposal(), waits);
    let table: [fn(&mut Terms); 2] =
        [|t| t.consumer = "land".parse().unwrap(), |t| t.dataset = "tax/hidden".parse().unwrap()];
    for change in table {
        check(&world, PROVIDER, terms_with("agr-1", change), "taken agreements/agr-1");
    }
}

#[test]
fn an_approver_of_each_side_brings_a_revision_into_force() {
    let mut world = World::nation();
    world.must(PROVIDER, proposal());
    let approval = || world.approval("agr-1@1");
    check(&world, "tax/officer/approver-1", approval(), "agreement-approved");
    let role = "needs an officer with role approver of a party";
    for other in [PROVIDER, CONSUMER, "stats/system/portal"] {
        check(&world, other, approval(), role);
    }
    let ghost = world.approval("agr-1@2");
    let none = "conflict: agreements/agr-1@2 does not wait for approval";
    check(&world, "tax/officer/approver-1", ghost, none);
    world.approve("tax/officer/approver-1", "agr-1@1").unwrap();
    let both = "agreement-approved, agreement-in-force";
    check(&world, "stats/officer/approver-1", world.approval("agr-1@1"), both);
}

#[test]
fn one_side_cannot_approve_twice() {
    let mut world = World::nation();
    world.must(PROVIDER, proposal());
    world.approve("tax/officer/approver-1", "agr-1@1").unwrap();
    let twice = "conflict: the caller's side has approved already";
    for same_side in ["tax/officer/approver-1", "tax/officer/approver-2", "tax/officer/steward-2"] {
        check(&world, same_side, world.approval("agr-1@1"), twice);
    }
}

#[test]
fn nobody_approves_her_own_proposal() {
    let mut world = World::nation();
    world.must("tax/officer/steward-2", proposal());
    let own = "needs another officer: nobody approves her own proposal";
    check(&world, "tax/officer/steward-2", world.approval("agr-1@1"), own);
    check(&world, "tax/officer/approver-1", world.approval("agr-1@1"), "agreement-approved");
}

#[test]
fn an_approval_names_the_text_that_was_read() {
    let mut world = World::nation();
    world.must(PROVIDER, proposal());
    for terms_hash in [String::new(), "00".repeat(32)] {
        let revision = "agr-1@1".parse().unwrap();
        let other = Command::ApproveAgreement { revision, terms_hash };
        let expected = "terms_hash: is not the hash of the proposed revision";
        check(&world, "tax/officer/approver-1", other, expected);
    }
}

#[test]
fn revision_2_replaces_revision_1_only_when_both_sides_approved() {
    let mut world = World::sharing();
    let in_force = |world: &World| {
        let id = "agr-1".parse().unwrap();
        let (reference, _) = world.state.revision_in_force(&id).unwrap();
        let standing = world.state.in_force().get(&id).unwrap();
        assert_eq!(standing.reference, reference, "decisions are made on what is in force");
        reference.revision
    };
    world.must(CONSUMER, terms_with("agr-1", |t| drop(t.fields.pop_last())));
    assert_eq!(in_force(&world), 1);
    let old = "conflict: agreements/agr-1@1 does not wait for approval";
    check(&world, "tax/officer/approver-2", world.approval("agr-1@1"), old);
    world.approve("stats/officer/approver-2", "agr-1@2").unwrap();
    assert_eq!(in_force(&world), 1);
    world.approve("tax/officer/approver-1", "agr-1@2").unwrap();
    assert_eq!(in_force(&world), 2);
    assert_eq!(world.state.in_force().len(), 1);
    check(&world, PROVIDER, proposal(), "agreement-proposed");
}

#[test]
fn a_revision_that_expired_while_it_waited_does_not_come_into_force() {
    let mut world = World::nation();
    let end = "2026-07-02T00:00:00Z";
    world.must(PROVIDER, terms_with("agr-1", |t| t.valid.not_after = end.parse().unwrap()));
    world.advance(86_399_999);
    check(&world, "tax/officer/approver-1", world.approval("agr-1@1"), "agreement-approved");
    world.advance(1);
    let late = "conflict: agreements/agr-1@1 has expired";
    check(&world, "tax/officer/approver-1", world.approval("agr-1@1"), late);
}
