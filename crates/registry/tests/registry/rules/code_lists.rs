use ndxp_model::Classification::Confidential;

use super::check;
use crate::{
    sample::{UNITS, activate, new_dataset, new_schema, pin_code_list},
    world::World,
};

const APPROVER: &str = "tax/officer/approver-1";

fn hash(digit: &str) -> String {
    format!("sha256:{}", digit.repeat(64))
}

#[test]
fn an_approver_of_the_owner_pins_the_rows_as_they_stand() {
    let mut world = World::nation();
    let (a, b) = (hash("a"), hash("b"));
    let pin = |asked: &str, found: &str| pin_code_list("tax/units", asked, found);
    let needs = "needs an officer with role approver of agencies/tax";
    for actor in ["tax/officer/steward-1", "land/officer/approver-1", "tax/system/portal"] {
        check(&world, actor, pin(&a, &a), needs);
    }
    let other = format!("conflict: the rows of agencies/tax/datasets/units are {b} now, not {a}");
    check(&world, APPROVER, pin(&a, &b), &other);
    check(&world, APPROVER, pin(&a, &a), "code-list-pinned");
    world.must(APPROVER, pin(&a, &a));
    world.must(APPROVER, pin(&b, &b));
    let name = "tax/units".parse().unwrap();
    let pins = &world.state.code_lists[&name];
    assert_eq!(pins.iter().map(|pin| &pin.sha256).collect::<Vec<_>>(), [&a, &b]);
    assert_eq!((world.state.pins, &world.state.code_list(&name).unwrap().sha256), (2, &b));
    // A state of before is in force again.
    check(&world, APPROVER, pin(&a, &a), "code-list-pinned");
}

#[test]
fn a_list_whose_rows_not_everybody_may_have_is_not_pinned() {
    let mut world = World::nation();
    let steward = "tax/officer/steward-1";
    world.must(steward, new_dataset("tax/secrets", Confidential));
    let pin = || pin_code_list("tax/secrets", &hash("a"), &hash("a"));
    let text = |problem: &str| format!("conflict: agencies/tax/datasets/secrets {problem}");
    check(&world, APPROVER, pin(), &text("is not active"));
    world.must(steward, new_schema("tax/secrets", UNITS));
    world.must(steward, activate("tax/secrets"));
    let problem = "is neither public nor internal, and everybody receives the rows of a code list";
    check(&world, APPROVER, pin(), &text(problem));
}
