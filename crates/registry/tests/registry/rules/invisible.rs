use ndxp_registry::{Command, StartAt};

use super::check;
use crate::{
    sample::{UNITS, activate, new_schema, subscribe, terms_with},
    world::World,
};

/// Every way in which a stranger can name a dataset.
fn probes(of: &str) -> Vec<(&'static str, Command)> {
    let about = |command_of: &str| {
        terms_with("agr-9", |terms| {
            terms.consumer = "land".parse().unwrap();
            terms.dataset = command_of.parse().unwrap();
        })
    };
    vec![
        ("land/system/portal", new_schema(of, UNITS)),
        ("land/officer/steward-1", new_schema(of, UNITS)),
        ("land/officer/approver-1", activate(of)),
        ("land/officer/steward-1", about(of)),
        ("land/system/portal", subscribe("land/x", of, StartAt::Earliest)),
    ]
}

#[test]
fn invariant_12_a_confidential_dataset_looks_to_a_stranger_like_an_unknown_one() {
    let world = World::sharing();
    for ((actor, hidden), (_, unknown)) in
        probes("tax/hidden").into_iter().zip(probes("tax/unknown"))
    {
        check(&world, actor, hidden, "no agencies/tax/datasets/hidden");
        check(&world, actor, unknown, "no agencies/tax/datasets/unknown");
    }
    let none = "no agreements/agr-9";
    let probe = Command::SuspendAgreement("agr-9".parse().unwrap());
    check(&world, "land/officer/steward-1", probe, none);
}

#[test]
fn invariant_12_an_agreement_looks_to_a_stranger_like_an_unknown_one() {
    let mut world = World::sharing();
    world.must("tax/officer/steward-1", terms_with("agr-1", |_| {}));
    for id in ["agr-1", "agr-9"] {
        let id = || id.parse().unwrap();
        let expected = format!("no agreements/{}", id());
        for actor in ["land/officer/steward-2", "land/system/portal"] {
            check(&world, actor, world.approval(&format!("{}@2", id())), &expected);
            check(&world, actor, Command::SuspendAgreement(id()), &expected);
            check(&world, actor, Command::ResumeAgreement(id()), &expected);
            check(&world, actor, Command::TerminateAgreement(id()), &expected);
        }
    }
}

#[test]
fn a_proposal_by_the_provider_makes_its_dataset_known_to_the_consumer() {
    let mut world = World::nation();
    let mine = || subscribe("stats/hidden", "tax/hidden", StartAt::Earliest);
    check(&world, "stats/system/portal", mine(), "no agencies/tax/datasets/hidden");
    let offer = terms_with("agr-1", |terms| terms.dataset = "tax/hidden".parse().unwrap());
    world.must("tax/officer/steward-1", offer);
    check(&world, "stats/system/portal", mine(), "subscription-created");
    let land = subscribe("land/hidden", "tax/hidden", StartAt::Earliest);
    check(&world, "land/system/portal", land, "no agencies/tax/datasets/hidden");
}
