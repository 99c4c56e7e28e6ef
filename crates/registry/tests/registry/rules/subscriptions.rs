use ndxp_model::Classification::Internal;
use ndxp_registry::{Command, StartAt};

use super::check;
use crate::{
    sample::{new_dataset, subscribe},
    world::World,
};

const SYSTEM: &str = "stats/system/portal";

#[test]
fn a_system_subscribes_for_its_own_agency() {
    let mut world = World::nation();
    let mine = || subscribe("stats/units", "tax/units", StartAt::Earliest);
    check(&world, SYSTEM, mine(), "subscription-created");
    for other in ["tax/system/portal", "stats/officer/steward-1", "hub/officer/officer-1"] {
        check(&world, other, mine(), "needs a system of agencies/stats");
    }
    world.must(SYSTEM, mine());
    check(&world, SYSTEM, mine(), "taken agencies/stats/subscriptions/units");
}

#[test]
fn a_subscription_needs_an_active_dataset_and_one_offset_a_partition() {
    let mut world = World::nation();
    world.must("tax/officer/steward-1", new_dataset("tax/income", Internal));
    let to = |name: &str, start| subscribe("tax/own", name, start);
    let draft = "conflict: agencies/tax/datasets/income is not active";
    check(&world, "tax/system/portal", to("tax/income", StartAt::Earliest), draft);
    for (offsets, expected) in [
        (vec![3, 0], "subscription-created"),
        (vec![], "start: needs one offset a partition"),
        (vec![1], "start: needs one offset a partition"),
        (vec![1, 2, 3], "start: needs one offset a partition"),
    ] {
        check(&world, "tax/system/portal", to("tax/units", StartAt::Offsets(offsets)), expected);
    }
}

#[test]
fn a_subscription_names_an_agreement_of_its_own_agency_about_its_dataset() {
    let world = World::sharing();
    let under = |name: &str, about: &str, id: &str| {
        let mut command = subscribe(name, about, StartAt::Earliest);
        if let Command::CreateSubscription { agreement, .. } = &mut command {
            *agreement = Some(id.parse().unwrap());
        }
        command
    };
    check(&world, SYSTEM, under("stats/units", "tax/units", "agr-1"), "subscription-created");
    check(&world, SYSTEM, under("stats/units", "tax/units", "agr-2"), "no agreements/agr-2");
    let land = under("land/units", "tax/units", "agr-1");
    check(&world, "land/system/portal", land, "no agreements/agr-1");
    let own = under("tax/own", "tax/hidden", "agr-1");
    check(&world, "tax/system/portal", own, "no agreements/agr-1");
}
