use ndxp_model::{Classification::Internal, Compatibility};
use ndxp_registry::{Command, Verdict};

use super::check;
use crate::{
    sample::{
        BARE, LEAVING, LEFT, UNCLASSIFIED, UNITS, WIDER, compared, new_dataset, new_schema,
        override_comparison, ready,
    },
    world::World,
};

const STEWARD: &str = "tax/officer/steward-1";
const APPROVER: &str = "tax/officer/approver-1";
const FIRST: &str = "schema 1 (sha256:";

/// `expected` without the hash of the earlier schema.
#[track_caller]
fn check_compared(world: &World, actor: &str, command: Command, verdict: Verdict, expected: &str) {
    let command = compared(&world.state, command, verdict);
    let hash = &world.state.datasets[&"tax/units".parse().unwrap()].schemas[0].hash;
    let expected = expected.replace("schema 1", &format!("schema 1 ({hash})"));
    check(world, actor, command, &expected);
    assert!(hash.starts_with(&FIRST[FIRST.len() - 7..]));
}

#[test]
fn a_breaking_schema_is_refused_with_its_places() {
    let world = World::nation();
    let wider = || new_schema("tax/units", WIDER);
    check_compared(&world, STEWARD, wider(), Verdict::Compatible, "schema-registered");
    let breaks = "breaks schema 1: /properties/code";
    check_compared(&world, STEWARD, wider(), Verdict::Breaking, breaks);
    check_compared(
        &world,
        APPROVER,
        override_comparison("tax/units", WIDER),
        Verdict::Breaking,
        breaks,
    );
}

#[test]
fn an_undecided_schema_needs_two_officers() {
    let mut world = World::nation();
    let wider = || new_schema("tax/units", WIDER);
    let word = || override_comparison("tax/units", WIDER);
    let open = "open schema 1: /properties/code";
    check_compared(&world, STEWARD, wider(), Verdict::Undecided, open);
    let needs = "needs an officer with role approver of agencies/tax";
    check_compared(&world, STEWARD, word(), Verdict::Undecided, needs);
    check_compared(&world, "land/officer/approver-1", word(), Verdict::Undecided, needs);
    let command = compared(&world.state, word(), Verdict::Undecided);
    world.must("tax/officer/steward-2", command);
    let second =
        "needs another officer than the one who overrode the comparison: two answer for it";
    check_compared(&world, "tax/officer/steward-2", wider(), Verdict::Undecided, second);
    check_compared(&world, "tax/system/portal", wider(), Verdict::Undecided, second);
    check_compared(&world, STEWARD, wider(), Verdict::Undecided, "schema-registered");
    // The word was given on one mode.
    let dataset = "tax/units".parse().unwrap();
    let mode = Compatibility::Forward;
    world.must(STEWARD, Command::SetCompatibility { dataset, mode });
    check_compared(&world, STEWARD, wider(), Verdict::Undecided, open);
}

#[test]
fn a_decided_comparison_cannot_be_overridden() {
    let world = World::nation();
    let expected =
        "conflict: the comparison was decided, so there is nothing to override: register it";
    check(&world, APPROVER, override_comparison("tax/units", WIDER), expected);
    let mut silent = override_comparison("tax/units", WIDER);
    if let Command::OverrideComparison { reason, .. } = &mut silent {
        reason.clear();
    }
    check(&world, APPROVER, silent, "reason: must be 1 to 500 bytes of text");
}

#[test]
fn evidence_of_another_state_counts_for_nothing() {
    let mut world = World::nation();
    let early = ready(&world.state, new_schema("tax/units", WIDER));
    let dataset = || "tax/units".parse().unwrap();
    let mode = Compatibility::Backward;
    world.must(STEWARD, Command::SetCompatibility { dataset: dataset(), mode });
    check(&world, STEWARD, early, "stale evidence");
    let mut foreign = ready(&world.state, new_schema("tax/units", WIDER));
    if let Command::RegisterSchema { evidence, .. } = &mut foreign {
        evidence.schema.push('0');
    }
    check(&world, STEWARD, foreign, "stale evidence");
    let mut fewer = ready(&world.state, new_schema("tax/units", WIDER));
    if let Command::RegisterSchema { evidence, .. } = &mut fewer {
        evidence.compared.clear();
    }
    check(&world, STEWARD, fewer, "stale evidence");
}

#[test]
fn a_field_that_an_agreement_names_stays() {
    let world = World::sharing();
    // It lacks /province too, which the dataset itself names: that is refused first, so a draft shows the rule.
    check(
        &world,
        STEWARD,
        new_schema("tax/units", BARE),
        "dataset.filterable_fields: the schema declares no field /province",
    );
    let mut world = World::sharing();
    let name = "tax/units".parse().unwrap();
    let entry = world.state.datasets.get_mut(&name).unwrap();
    entry.state = ndxp_model::DatasetState::Draft;
    let expected = "breaks agreements in force or proposed: /name";
    check(&world, STEWARD, new_schema("tax/units", BARE), expected);
    world.must(STEWARD, Command::TerminateAgreement("agr-1".parse().unwrap()));
    check(&world, STEWARD, new_schema("tax/units", BARE), "schema-registered");
}

#[test]
fn a_leaf_without_a_classification_is_refused() {
    let world = World::nation();
    let expected = "unclassified /name /province";
    check(&world, STEWARD, new_schema("tax/units", UNCLASSIFIED), expected);
}

#[test]
fn a_steward_of_the_owner_chooses_the_mode() {
    let mut world = World::nation();
    let choose = |mode| Command::SetCompatibility { dataset: "tax/units".parse().unwrap(), mode };
    let full = "conflict: agencies/tax/datasets/units is full already";
    check(&world, STEWARD, choose(Compatibility::Full), full);
    let needs = "needs a steward of agencies/tax";
    check(&world, "tax/system/portal", choose(Compatibility::Forward), needs);
    let owner = "needs a system or a steward of agencies/tax";
    check(&world, "land/officer/steward-1", choose(Compatibility::Forward), owner);
    check(&world, STEWARD, choose(Compatibility::Forward), "compatibility-changed");
    world.must(STEWARD, choose(Compatibility::Forward));
    check(&world, STEWARD, new_schema("tax/units", UNITS), "done at 20");
}

#[test]
fn a_drafts_schemas_bind_nobody_until_it_is_activated() {
    let mut world = World::nation();
    world.must(STEWARD, new_dataset("tax/income", Internal));
    let name: ndxp_model::DatasetName = "tax/income".parse().unwrap();
    world.must(STEWARD, new_schema("tax/income", BARE));
    // No comparison is demanded, and none that somebody brings counts.
    let evidence = |world: &World, schema| {
        compared(&world.state, new_schema("tax/income", schema), Verdict::Breaking)
    };
    let made = evidence(&world, UNITS);
    let Command::RegisterSchema { evidence: found, .. } = &made else { panic!() };
    assert!(found.compared.is_empty());
    check(&world, STEWARD, made, "schema-registered");
    check(&world, STEWARD, new_schema("tax/income", UNCLASSIFIED), "unclassified /name /province");
    world.must(STEWARD, new_schema("tax/income", UNITS));
    // Back to the first one: a draft's newest is what will be in force.
    check(&world, STEWARD, new_schema("tax/income", BARE), "schema-registered");
    let early = evidence(&world, WIDER);
    world.must(STEWARD, Command::ActivateDataset(name.clone()));
    check(&world, STEWARD, early, "stale evidence");
    let entry = &world.state.datasets[&name];
    let binding: Vec<u32> = entry.binding().map(|(version, _)| version.0).collect();
    assert_eq!(binding, [2]);
    assert!(!entry.binds(ndxp_model::SchemaVersion(1)));
    // From now on those from the one in force bind, and an earlier draft is a schema like any other.
    let refused = evidence(&world, WIDER);
    let expected = format!("breaks schema 2 ({}): /properties/code", entry.schemas[1].hash);
    check(&world, STEWARD, refused, &expected);
    check(
        &world,
        STEWARD,
        evidence(&world, BARE),
        "dataset.filterable_fields: the schema declares no field /province",
    );
}

#[test]
fn a_field_whose_end_is_announced_stays_until_that_day() {
    let mut world = World::nation();
    world.must(STEWARD, new_schema("tax/units", LEAVING));
    let left = || new_schema("tax/units", LEFT);
    check(&world, STEWARD, left(), "breaks what was announced: /level");
    world.now = "2026-07-01T23:59:59Z".parse().unwrap();
    check(&world, STEWARD, left(), "breaks what was announced: /level");
    world.now = "2026-07-02T00:00:00Z".parse().unwrap();
    check(&world, STEWARD, left(), "schema-registered");
}
