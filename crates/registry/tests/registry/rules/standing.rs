use ndxp_policy::Status;
use ndxp_registry::Command;

use super::check;
use crate::{
    sample::{self, subscribe},
    world::World,
};

const AUTHORITY: &str = "hub/officer/officer-1";
const PROVIDER: &str = "tax/officer/steward-1";
const CONSUMER: &str = "stats/officer/approver-1";
const NEEDS_IMPOSER: &str = "needs an officer of the agency that imposed the suspension";
const NEEDS_SPEAKER: &str = "needs an officer with role steward or approver of a party";

fn suspend() -> Command {
    Command::SuspendAgreement("agr-1".parse().unwrap())
}
fn resume() -> Command {
    Command::ResumeAgreement("agr-1".parse().unwrap())
}
fn terminate() -> Command {
    Command::TerminateAgreement("agr-1".parse().unwrap())
}
fn status(world: &World) -> Status {
    world.state.in_force().get(&"agr-1".parse().unwrap()).unwrap().status
}

#[test]
fn officers_of_the_parties_and_the_authority_suspend() {
    let world = World::sharing();
    for able in [AUTHORITY, PROVIDER, CONSUMER] {
        check(&world, able, suspend(), "agreement-suspended");
        check(&world, able, resume(), "conflict: agreements/agr-1 is not suspended");
    }
    check(&world, "tax/system/portal", suspend(), NEEDS_SPEAKER);
    check(&world, "land/officer/steward-1", suspend(), "no agreements/agr-1");
    let unknown = Command::SuspendAgreement("agr-9".parse().unwrap());
    check(&world, AUTHORITY, unknown, "no agreements/agr-9");
}

#[test]
fn whoever_imposed_a_suspension_lifts_it() {
    for (imposes, others) in [
        (AUTHORITY, [PROVIDER, CONSUMER]),
        (PROVIDER, [AUTHORITY, CONSUMER]),
        (CONSUMER, [AUTHORITY, PROVIDER]),
    ] {
        let mut world = World::sharing();
        world.must(imposes, suspend());
        assert_eq!(status(&world), Status::Suspended);
        for other in others {
            check(&world, other, resume(), NEEDS_IMPOSER);
        }
        let again = "conflict: agreements/agr-1 is suspended by the caller's agency";
        check(&world, imposes, suspend(), again);
        world.must(imposes, resume());
        assert_eq!(status(&world), Status::Active);
    }
}

#[test]
fn a_suspension_stands_until_everyone_who_imposed_one_has_lifted_it() {
    let mut world = World::sharing();
    world.must(PROVIDER, suspend());
    world.must(AUTHORITY, suspend());
    world.must("tax/officer/approver-2", resume());
    assert_eq!(status(&world), Status::Suspended, "the authority's suspension stands");
    check(&world, PROVIDER, resume(), NEEDS_IMPOSER);
    world.must("hub/officer/officer-2", resume());
    assert_eq!(status(&world), Status::Active);
}

#[test]
fn a_revision_approved_during_a_suspension_stays_suspended() {
    let mut world = World::sharing();
    world.must(AUTHORITY, suspend());
    world.must(PROVIDER, Command::ProposeAgreement(sample::terms("agr-1")));
    world.approve("tax/officer/approver-1", "agr-1@2").unwrap();
    world.approve("stats/officer/approver-1", "agr-1@2").unwrap();
    assert_eq!(status(&world), Status::Suspended);
}

#[test]
fn only_officers_of_a_party_end_an_agreement() {
    let world = World::sharing();
    for party in [PROVIDER, CONSUMER] {
        check(&world, party, terminate(), "agreement-terminated");
    }
    check(&world, AUTHORITY, terminate(), NEEDS_SPEAKER);
    check(&world, "stats/system/portal", terminate(), NEEDS_SPEAKER);
    check(&world, "land/officer/steward-1", terminate(), "no agreements/agr-1");
}

#[test]
fn an_ended_agreement_never_comes_back() {
    let mut world = World::sharing();
    world.must(PROVIDER, Command::ProposeAgreement(sample::terms("agr-1")));
    let approval = world.approval("agr-1@2");
    world.must(AUTHORITY, suspend());
    world.must(CONSUMER, terminate());
    assert_eq!(status(&world), Status::Terminated);
    let ended = "conflict: agreements/agr-1 has ended";
    check(&world, PROVIDER, Command::ProposeAgreement(sample::terms("agr-1")), ended);
    check(&world, "tax/officer/approver-1", approval, ended);
    check(&world, AUTHORITY, suspend(), ended);
    check(&world, AUTHORITY, resume(), "conflict: agreements/agr-1 is not suspended");
    check(&world, PROVIDER, terminate(), "conflict: agreements/agr-1 has ended already");
    let start = ndxp_registry::StartAt::Earliest;
    let new = subscribe("stats/units", "tax/units", start);
    check(&world, "stats/system/portal", new, "subscription-created");
}
