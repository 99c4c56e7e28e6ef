use ndxp_model::Role;
use ndxp_registry::Command;

use super::check;
use crate::{
    sample::{agency, new_agency, new_officer, new_system, system, title},
    world::World,
};

const AUTHORITY: &str = "hub/officer/officer-1";
const STEWARD: &str = "tax/officer/steward-1";
const NEEDS_AUTHORITY: &str = "needs an officer with role authority";
const NEEDS_STEWARD: &str =
    "needs an officer with role authority, or with role steward of agencies/tax";

#[test]
fn only_the_authority_registers_suspends_and_resumes_agencies() {
    let world = World::nation();
    let suspend = |id: &str| Command::SuspendAgency(id.parse().unwrap());
    let resume = |id: &str| Command::ResumeAgency(id.parse().unwrap());
    check(&world, AUTHORITY, new_agency("health"), "agency-created");
    check(&world, AUTHORITY, suspend("tax"), "agency-suspended");
    for other in [STEWARD, "tax/officer/approver-1", "tax/system/portal"] {
        check(&world, other, new_agency("health"), NEEDS_AUTHORITY);
        check(&world, other, suspend("land"), NEEDS_AUTHORITY);
        check(&world, other, resume("land"), NEEDS_AUTHORITY);
    }
}

#[test]
fn stewards_register_systems_and_officers_of_their_own_agency_alone() {
    let world = World::nation();
    for able in [AUTHORITY, STEWARD] {
        check(&world, able, new_system("tax", "batch"), "system-created");
        check(&world, able, new_officer("tax", "officer-9", &[Role::Approver]), "officer-created");
    }
    for other in ["stats/officer/steward-1", "tax/officer/approver-1", "tax/system/portal"] {
        check(&world, other, new_system("tax", "batch"), NEEDS_STEWARD);
        check(&world, other, new_officer("tax", "officer-9", &[Role::Approver]), NEEDS_STEWARD);
    }
}

#[test]
fn a_steward_cannot_appoint_who_stands_above_all_agencies() {
    let world = World::nation();
    for role in [Role::Authority, Role::Operator] {
        let command = new_officer("tax", "officer-9", &[role, Role::Steward]);
        check(&world, STEWARD, command.clone(), NEEDS_AUTHORITY);
        check(&world, AUTHORITY, command, "officer-created");
    }
}

#[test]
fn a_name_is_given_once() {
    let world = World::nation();
    check(&world, AUTHORITY, new_agency("tax"), "taken agencies/tax");
    check(&world, STEWARD, new_system("tax", "portal"), "taken agencies/tax/systems/portal");
    let officer = new_officer("tax", "steward-1", &[Role::Approver]);
    check(&world, STEWARD, officer, "taken agencies/tax/officers/steward-1");
    check(&world, AUTHORITY, new_system("land", "batch"), "system-created");
}

#[test]
fn what_does_not_exist_cannot_be_changed() {
    let world = World::nation();
    let none = || "health".parse().unwrap();
    check(&world, AUTHORITY, Command::SuspendAgency(none()), "no agencies/health");
    check(&world, AUTHORITY, Command::ResumeAgency(none()), "no agencies/health");
    check(&world, AUTHORITY, new_system("health", "portal"), "no agencies/health");
    check(&world, AUTHORITY, new_officer("health", "o", &[Role::Steward]), "no agencies/health");
}

#[test]
fn titles_and_roles_are_never_empty() {
    let world = World::nation();
    let mut nameless = agency("health");
    nameless.name.vi = " ".into();
    let text = "must be 1 to 500 bytes of text";
    check(&world, AUTHORITY, Command::CreateAgency(nameless), &format!("agency.name.vi: {text}"));
    let mut long = system("batch");
    long.name = title("x");
    long.name.en = "x".repeat(501);
    let long = Command::CreateSystem("tax".parse().unwrap(), long);
    check(&world, STEWARD, long, &format!("system.name.en: {text}"));
    let idle = new_officer("tax", "officer-9", &[]);
    check(&world, STEWARD, idle, "officer.roles: at least one role is needed");
}

#[test]
fn an_unregistered_caller_changes_nothing() {
    let world = World::nation();
    for stranger in ["tax/system/ghost", "tax/officer/portal", "ghost/officer/officer-1"] {
        check(&world, stranger, new_agency("health"), "unknown actor");
    }
}

#[test]
fn a_suspended_agency_changes_nothing_until_it_is_resumed() {
    let mut world = World::nation();
    world.must(AUTHORITY, Command::SuspendAgency("tax".parse().unwrap()));
    for caller in [STEWARD, "tax/officer/approver-1", "tax/system/portal"] {
        check(&world, caller, new_system("tax", "batch"), "agency suspended");
    }
    check(&world, "tax/system/ghost", new_system("tax", "batch"), "unknown actor");
    check(&world, AUTHORITY, new_system("tax", "batch"), "system-created");
    let again = Command::SuspendAgency("tax".parse().unwrap());
    check(&world, AUTHORITY, again, "conflict: agencies/tax is suspended already");
    world.must(AUTHORITY, Command::ResumeAgency("tax".parse().unwrap()));
    check(&world, STEWARD, new_system("tax", "batch"), "system-created");
    let again = Command::ResumeAgency("tax".parse().unwrap());
    check(&world, AUTHORITY, again, "conflict: agencies/tax is not suspended");
}

#[test]
fn the_authority_cannot_shut_itself_out() {
    let world = World::nation();
    let own = Command::SuspendAgency("hub".parse().unwrap());
    check(&world, AUTHORITY, own, "conflict: an agency cannot suspend itself");
}
