use std::path::Path;

use super::*;
use crate::{commands::apply::files, view};

/// The demonstration nation: real files of every kind.
fn nation() -> Nation {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds/nation");
    files::load(&root).unwrap()
}

/// What a hub holds after all was done.
fn held(nation: &Nation) -> State {
    let mut state = State::default();
    for (id, file) in &nation.agencies {
        let (systems, officers) = (file.systems.clone(), file.officers.clone());
        let held = AgencyState { agency: file.agency(), systems, officers };
        state.agencies.insert(id.clone(), held);
    }
    for (name, files) in &nation.datasets {
        let schema = files.schema.as_ref().map(|schema| schema.hash.clone());
        let held = DatasetState { dataset: files.dataset.clone(), is_active: true, schema };
        state.datasets.insert(name.clone(), held);
    }
    for (id, terms) in &nation.agreements {
        state.agreements.insert(id.clone(), agreement_of(terms, "in_force"));
    }
    state
}

fn agreement_of(terms: &Terms, place: &str) -> AgreementView {
    use ndxp_client::proto::agreement as pb;
    let revision = pb::Revision { revision: 1, terms: Some(terms.into()), ..Default::default() };
    let (in_force, proposed) =
        if place == "in_force" { (Some(revision), None) } else { (None, Some(revision)) };
    let name = format!("agreements/{}", terms.id);
    view::agreement(pb::Agreement { name, state: 2, in_force, proposed }).unwrap()
}

fn names(plan: &Plan) -> Vec<String> {
    plan.all().map(ToString::to_string).collect()
}

#[test]
fn an_empty_hub_misses_all_in_an_order_that_works() {
    let nation = nation();
    let plan = plan(&nation, &State::default());
    let count = |kind| plan.all().filter(|step| step.kind() == kind).count();
    let datasets = nation.datasets.len();
    assert_eq!((count(Kind::Agency), count(Kind::System)), (95, 388));
    assert_eq!((count(Kind::Schema), count(Kind::Activation)), (datasets, datasets));
    assert_eq!(count(Kind::Agreement), nation.agreements.len());
    let tax: Vec<_> = plan.phases[1][&"tax".parse().unwrap()].iter().map(Step::kind).collect();
    assert_eq!(tax.get(..3), Some(&[Kind::Dataset, Kind::Schema, Kind::Activation][..]));
}

#[test]
fn a_hub_that_holds_all_misses_nothing() {
    let nation = nation();
    let plan = plan(&nation, &held(&nation));
    assert!(plan.is_empty() && plan.conflicts.is_empty(), "{:?}", names(&plan));
    assert_eq!(plan.equal[&Kind::System], 388);
}

#[test]
fn what_changed_is_revised_or_a_conflict() {
    let nation = nation();
    let mut state = held(&nation);
    let terms = nation.agreements.values().next().unwrap();
    let mut other = terms.clone();
    other.fields.pop_first();
    state.agreements.insert(terms.id.clone(), agreement_of(&other, "in_force"));
    let (name, dataset) = state.datasets.iter_mut().next().unwrap();
    dataset.schema = Some("sha256:00".to_owned());
    dataset.dataset.partitions += 1;
    let name = name.clone();
    let plan = plan(&nation, &state);
    assert_eq!(names(&plan), [format!("schema of {name}"), format!("agreement {}", terms.id)]);
    assert!(plan.all().all(Step::is_revision));
    assert_eq!(plan.conflicts, [format!("dataset {name}: registered otherwise")]);
}

#[test]
fn an_interrupted_agreement_is_taken_up_where_it_stopped() {
    let nation = nation();
    let mut state = held(&nation);
    let terms = nation.agreements.values().next().unwrap();
    state.agreements.insert(terms.id.clone(), agreement_of(terms, "proposed"));
    let step = Step::Agreement(terms.id.clone(), AgreementStep::Approve);
    assert_eq!(plan(&nation, &state).all().collect::<Vec<_>>(), [&step]);
}
