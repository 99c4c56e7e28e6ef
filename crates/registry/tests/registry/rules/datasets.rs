use ndxp_model::{Classification::Internal, Dataset, Pointer};
use ndxp_registry::Command;

use super::check;
use crate::{
    sample::{self, BARE, LONGER, UNITS, WIDER, activate, new_dataset, new_schema, pointers},
    world::World,
};

const STEWARD: &str = "tax/officer/steward-1";
const NEEDS_OWNER: &str = "needs a system or a steward of agencies/tax";

#[test]
fn only_its_owner_registers_and_changes_a_dataset() {
    let mut world = World::nation();
    for owner in [STEWARD, "tax/system/portal"] {
        check(&world, owner, new_dataset("tax/income", Internal), "dataset-created");
        check(
            &world,
            owner,
            new_schema("tax/units", BARE),
            "dataset.filterable_fields: the schema declares no field /province",
        );
    }
    for other in ["hub/officer/officer-1", "land/system/portal", "tax/officer/approver-1"] {
        check(&world, other, new_dataset("tax/income", Internal), NEEDS_OWNER);
        check(&world, other, new_schema("tax/units", BARE), NEEDS_OWNER);
        check(&world, other, activate("tax/units"), NEEDS_OWNER);
    }
    world.must(STEWARD, new_dataset("tax/income", Internal));
    check(
        &world,
        STEWARD,
        new_dataset("tax/income", Internal),
        "taken agencies/tax/datasets/income",
    );
    check(&world, STEWARD, activate("tax/other"), "no agencies/tax/datasets/other");
    check(&world, STEWARD, new_schema("tax/other", UNITS), "no agencies/tax/datasets/other");
}

#[test]
fn a_dataset_is_activated_once_and_with_a_schema() {
    let mut world = World::nation();
    world.must(STEWARD, new_dataset("tax/income", Internal));
    let none = "conflict: agencies/tax/datasets/income has no schema yet";
    check(&world, STEWARD, activate("tax/income"), none);
    world.must(STEWARD, new_schema("tax/income", UNITS));
    check(&world, STEWARD, activate("tax/income"), "dataset-activated");
    let twice = "conflict: agencies/tax/datasets/units is active already";
    check(&world, STEWARD, activate("tax/units"), twice);
}

#[test]
fn the_schema_declares_every_field_that_the_dataset_names() {
    type List = fn(&mut Dataset) -> &mut Vec<Pointer>;
    let lists: [(&str, List); 3] = [
        ("key_fields", |dataset| &mut dataset.key_fields),
        ("filterable_fields", |dataset| &mut dataset.filterable_fields),
        ("subject_fields", |dataset| &mut dataset.subject_fields),
    ];
    for (name, list) in lists {
        let mut world = World::nation();
        let mut dataset = sample::dataset("tax/income", Internal);
        *list(&mut dataset) = pointers(&["/code", "/ghost"]);
        world.must(STEWARD, Command::CreateDataset(dataset));
        world.must(STEWARD, new_schema("tax/income", UNITS));
        let expected = format!("dataset.{name}: the schema declares no field /ghost");
        check(&world, STEWARD, activate("tax/income"), &expected);
    }
}

#[test]
fn the_same_schema_again_was_done_where_it_was_done_first() {
    let mut world = World::nation();
    let first = world.state.count;
    world.must(STEWARD, new_schema("tax/units", WIDER));
    world.must(STEWARD, new_schema("tax/units", LONGER));
    check(&world, STEWARD, new_schema("tax/units", WIDER), &format!("done at {first}"));
    check(&world, STEWARD, new_schema("tax/units", LONGER), &format!("done at {}", first + 1));
}

#[test]
fn a_description_that_gives_no_key_or_no_place_is_refused() {
    type Change = fn(&mut Dataset);
    let table: [(Change, &str); 7] = [
        (|d| d.key_fields.clear(), "dataset.key_fields: at least one field is needed"),
        (|d| d.partitions = 0, "dataset.partitions: must be 1 to 64"),
        (|d| d.partitions = 65, "dataset.partitions: must be 1 to 64"),
        (|d| d.title.en.clear(), "dataset.title.en: must be 1 to 500 bytes of text"),
        (
            |d| d.key_fields = pointers(&["/code", "/code"]),
            "dataset.key_fields: names a field twice",
        ),
        (
            |d| d.key_fields = pointers(&["/parts/*/label"]),
            "dataset.key_fields: names one value a record: '*' stands for many",
        ),
        (
            |d| d.filterable_fields = pointers(&["/parts/*/label"]),
            "dataset.filterable_fields: names one value a record: '*' stands for many",
        ),
    ];
    let world = World::nation();
    for (change, expected) in table {
        let mut dataset = sample::dataset("tax/income", Internal);
        change(&mut dataset);
        check(&world, STEWARD, Command::CreateDataset(dataset), expected);
    }
    let mut many = sample::dataset("tax/income", Internal);
    many.subject_fields = pointers(&["/parts/*/label"]);
    check(&world, STEWARD, Command::CreateDataset(many), "dataset-created");
}
