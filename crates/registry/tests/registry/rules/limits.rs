use ndxp_model::{Classification::Internal, FieldGrant, PurposeGrant, RowFilter};
use ndxp_registry::Command;

use super::check;
use crate::{
    sample::{self, new_system, terms_with},
    world::World,
};

const STEWARD: &str = "tax/officer/steward-1";

#[test]
fn a_request_that_would_not_fit_a_record_is_refused_with_its_limit() {
    let world = World::nation();
    let fields = terms_with("agr-1", |terms| {
        let path = |n: u32| FieldGrant { path: format!("/f{n}").parse().unwrap() };
        terms.fields = (0..1_001).map(path).collect();
    });
    check(&world, STEWARD, fields, "terms.fields: has 1001, at most 1000 are possible");
    let purposes = terms_with("agr-1", |terms| {
        let basis: ndxp_model::PurposeCode = "law-1".parse().unwrap();
        let code = |n: u32| format!("p-{n}").parse().unwrap();
        let grant = |n| PurposeGrant { code: code(n), basis: basis.clone() };
        terms.purposes = (0..65).map(grant).collect();
    });
    check(&world, STEWARD, purposes, "terms.purposes: has 65, at most 64 are possible");
    let rows = terms_with("agr-1", |terms| {
        let field = "/province".parse().unwrap();
        terms.rows = Some(RowFilter { field, equals: "x".repeat(1_025) });
    });
    check(&world, STEWARD, rows, "terms.rows.equals: has 1025, at most 1024 are possible");
    let mut dataset = sample::dataset("tax/income", Internal);
    dataset.subject_fields = (0..65).map(|n| format!("/f{n}").parse().unwrap()).collect();
    let expected = "dataset.subject_fields: has 65, at most 64 are possible";
    check(&world, STEWARD, Command::CreateDataset(dataset), expected);
}

#[test]
fn an_agency_has_a_thousand_systems_at_most() {
    let mut world = World::nation();
    for n in 1..1_000 {
        world.must(STEWARD, new_system("tax", &format!("s-{n}")));
    }
    let full = "conflict: there are 1000 systems already, which is the limit";
    check(&world, STEWARD, new_system("tax", "one-more"), full);
    check(&world, "land/officer/steward-1", new_system("land", "one-more"), "system-created");
}
