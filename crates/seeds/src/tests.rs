//! A wrong description is refused, with words that say what to mend.

use std::path::Path;

use crate::{
    Description, FileTree, agencies, agreements, datasets,
    description::{AgreementEntry, Fields, Sample, Shape},
};

fn check(change: impl FnOnce(&mut Description), expected: &str) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds");
    let mut description = Description::load(&seeds).expect("the checked-in description is sound");
    change(&mut description);
    let error = generate(&description).expect_err(expected);
    let text = format!("{error:#}");
    assert!(text.contains(expected), "{text:?} does not say {expected:?}");
}

fn generate(description: &Description) -> anyhow::Result<()> {
    let mut tree = FileTree::default();
    let agencies = agencies::generate(description, &mut tree)?;
    datasets::generate(description, &agencies, &mut tree)?;
    agreements::generate(description, &agencies, &mut tree)
}

fn first(description: &mut Description) -> &mut AgreementEntry {
    description.agreements.agreement.first_mut().expect("there are agreements")
}

#[test]
fn missing_agency_breaks_the_sum() {
    check(
        |nation| drop(nation.nation.agency.pop()),
        "94 agencies and 386 systems are described, 95 and 388 expected",
    );
}

#[test]
fn decomposed_name_is_refused() {
    check(
        |nation| nation.nation.agency.iter_mut().for_each(|a| a.vi = "Bo\u{323}\u{302}".to_owned()),
        "is not in composed Unicode",
    );
}

#[test]
fn agreement_with_an_unknown_agency_is_refused() {
    check(|nation| first(nation).consumers = vec!["nobody".to_owned()], "no such agency");
    check(|nation| first(nation).consumers = vec!["@nobody".to_owned()], "no group @nobody");
}

#[test]
fn agreement_with_an_unknown_dataset_is_refused() {
    let name = "tax/nothing".parse().expect("it is a dataset's name");
    check(|nation| first(nation).dataset = name, "no such dataset");
}

#[test]
fn agreement_with_an_unknown_field_is_refused() {
    let path = "/nothing".parse().expect("it is a pointer");
    check(|nation| first(nation).fields = Fields::Listed(vec![path]), "/nothing is no field");
}

#[test]
fn agreement_that_releases_nothing_is_refused() {
    check(|nation| first(nation).fields = Fields::Listed(Vec::new()), "fields is empty");
}

#[test]
fn own_province_of_a_consumer_that_is_none_is_refused() {
    let filtered = |nation: &mut Description| {
        let entries = &mut nation.agreements.agreement;
        let entry = entries.iter_mut().find(|entry| entry.rows.is_some());
        entry.expect("one is filtered").consumers = vec!["tax".to_owned()];
    };
    check(filtered, "the consumer is no province");
}

#[test]
fn key_that_a_record_may_lack_is_refused() {
    let path = "/phone_code".parse().expect("it is a pointer");
    let change = |nation: &mut Description| {
        nation.datasets.first_mut().expect("there are datasets").key = vec![path];
    };
    check(change, "key /phone_code is no field that every record has");
}

#[test]
fn bound_that_json_may_round_is_refused() {
    let change = |nation: &mut Description| {
        for field in nation.datasets.iter_mut().flat_map(|dataset| &mut dataset.fields) {
            if let Shape::Integer(bounds) = &mut field.is {
                *bounds = [0, 1 << 53];
            }
        }
    };
    check(change, "a bound is 2^53 or more");
}

#[test]
fn template_with_an_unknown_letter_is_refused() {
    let change = |nation: &mut Description| {
        for field in nation.datasets.iter_mut().flat_map(|dataset| &mut dataset.fields) {
            field.sample = Some(Sample::Template("{x}".to_owned()));
        }
    };
    check(change, "{x} is neither n nor g");
}
