//! The checked-in nation, read from its files as a stranger would: the generator is only asked
//! whether it would write the same bytes.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

mod files;

use std::{collections::BTreeSet, fs};

use files::{AgencyFile, Nation, leaves, seeds};
use ndxp_model::{Operation, Pointer, Role, Terms};
use ndxp_schema::{Profile, Schema, json};
use serde_json::Value;

const AUTHORITY: &str = "data-authority";
const UNITS: &str = "home-affairs/administrative-units";

#[test]
fn checked_in_files_equal_the_generated_ones() {
    let tree = ndxp_seeds::nation(&seeds()).unwrap();
    let differences = tree.differences(&seeds().join("nation")).unwrap();
    let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "run `cargo run -p ndxp-seeds -- seeds`:\n{}", list.join("\n"));
}

#[test]
fn nation_has_95_agencies_with_388_systems() {
    let nation = Nation::read();
    assert_eq!(nation.agencies.len(), 95);
    let systems: usize = nation.agencies.values().map(|agency| agency.systems.len()).sum();
    assert_eq!(systems, 388);
    for agency in nation.agencies.values() {
        let ids: BTreeSet<_> = agency.systems.iter().map(|system| &system.id).collect();
        assert_eq!(ids.len(), agency.systems.len(), "{}", agency.id);
    }
}

#[test]
fn agencies_and_their_systems_have_names_of_their_own() {
    let nation = Nation::read();
    let agencies = nation.agencies.values();
    let names = |agency: &AgencyFile| {
        let systems = agency.systems.iter().map(|system| system.name.clone());
        systems.chain([agency.name.clone()]).collect::<Vec<_>>()
    };
    let all: Vec<_> = agencies.flat_map(names).collect();
    let vi: BTreeSet<_> = all.iter().map(|name| &name.vi).collect();
    let en: BTreeSet<_> = all.iter().map(|name| &name.en).collect();
    assert_eq!((vi.len(), en.len()), (95 + 388, 95 + 388));
}

#[test]
fn exactly_one_agency_has_officers_of_the_authority() {
    let nation = Nation::read();
    let holds = |agency: &AgencyFile| {
        agency.officers.iter().filter(|officer| officer.roles.contains(&Role::Authority)).count()
    };
    let found = nation.agencies.values().map(|agency| (agency.id.as_str(), holds(agency)));
    let found: Vec<_> = found.filter(|(_, count)| *count > 0).collect();
    assert_eq!(found, [(AUTHORITY, 2)]);
}

#[test]
fn every_agency_can_steward_and_approve() {
    for agency in Nation::read().agencies.values() {
        for role in [Role::Steward, Role::Approver] {
            let found = agency.officers.iter().any(|officer| officer.roles.contains(&role));
            assert!(found, "{} has no {role:?}", agency.id);
        }
    }
}

#[test]
fn every_dataset_names_fields_of_its_schema() {
    let nation = Nation::read();
    assert!(nation.datasets.len() >= 12);
    for (dataset, schema) in nation.datasets.values() {
        let name = &dataset.name;
        assert!(nation.agencies.contains_key(&name.agency), "{name}");
        let fields = leaves(schema);
        let others = dataset.filterable_fields.iter().chain(&dataset.subject_fields);
        for path in dataset.key_fields.iter().chain(others) {
            assert!(fields.contains_key(path.as_str()), "{name}: {path}");
        }
    }
}

#[test]
fn every_leaf_is_classified_and_every_object_is_closed() {
    for (dataset, schema) in Nation::read().datasets.values() {
        assert_eq!(schema.get("additionalProperties"), Some(&Value::Bool(false)));
        for (path, leaf) in leaves(schema) {
            let class = leaf.get("x-ndxp-classification").and_then(Value::as_str);
            let known = ["public", "internal", "confidential", "secret"];
            assert!(class.is_some_and(|class| known.contains(&class)), "{} {path}", dataset.name);
        }
    }
}

#[test]
fn subjects_are_marked_as_personal_data() {
    for (dataset, schema) in Nation::read().datasets.values() {
        let fields = leaves(schema);
        for subject in &dataset.subject_fields {
            let leaf = fields.get(subject.as_str()).unwrap();
            let found = leaf.get("x-ndxp-personal-data").and_then(Value::as_str);
            assert_eq!(found, Some("basic"), "{} {subject}", dataset.name);
        }
    }
}

#[test]
fn every_agreement_refers_to_what_exists() {
    let nation = Nation::read();
    assert!((30..=60).contains(&nation.agreements.len()));
    for terms in nation.agreements.values() {
        assert_eq!(terms.problems(), [], "{}", terms.id);
        assert!(nation.agencies.contains_key(&terms.consumer), "{}", terms.id);
        let (dataset, schema) = nation.datasets.get(&terms.dataset.to_string()).unwrap();
        let fields = leaves(schema);
        for grant in &terms.fields {
            assert!(fields.contains_key(grant.path.as_str()), "{} {}", terms.id, grant.path);
        }
        if let Some(rows) = &terms.rows {
            assert!(dataset.filterable_fields.contains(&rows.field), "{}", terms.id);
        }
    }
}

#[test]
fn units_go_out_whole_in_part_and_by_province() {
    let nation = Nation::read();
    let (_, schema) = nation.datasets.get(UNITS).unwrap();
    let all: BTreeSet<String> = leaves(schema).into_keys().collect();
    let terms = |consumer: &str| {
        let of = |terms: &&Terms| {
            terms.dataset.to_string() == UNITS && terms.consumer.as_str() == consumer
        };
        let found = nation.agreements.values().find(of).unwrap();
        let paths = found.fields.iter().map(|grant| grant.path.as_str().to_owned());
        (paths.collect::<BTreeSet<_>>(), found.rows.clone())
    };
    assert_eq!(terms("statistics"), (all.clone(), None));
    let (few, rows) = terms("evn");
    assert!(few.len() < all.len() && rows.is_none());
    let (some, rows) = terms("hanoi");
    let rows = rows.unwrap();
    assert!(some.len() < all.len());
    assert_eq!((rows.field.as_str(), rows.equals.as_str()), ("/parent_code", "01"));
}

#[test]
fn somebody_publishes_into_anothers_dataset() {
    let nation = Nation::read();
    let publishes = |terms: &&Terms| {
        terms.operations == BTreeSet::from([Operation::Publish]) && terms.fields.is_empty()
    };
    let reports = "government-office/service-measurements";
    let found = nation.agreements.values().filter(publishes);
    assert!(found.filter(|terms| terms.dataset.to_string() == reports).count() >= 6);
}

#[test]
fn every_record_is_valid_under_its_schema_and_has_a_key() {
    for (dataset, schema) in Nation::read().datasets.values() {
        let id = &dataset.name.dataset;
        let text = fs::read_to_string(seeds().join(format!("nation/records/{id}.ndjson"))).unwrap();
        assert!(text.lines().count() >= 20, "{id}");
        let schema = Schema::parse(schema.to_string().as_bytes(), &Profile::default()).unwrap();
        assert!(schema.unclassified().is_empty(), "{id}: {:?}", schema.unclassified());
        let validator = schema.compile().unwrap();
        for line in text.lines() {
            let record = json::read(line.as_bytes(), &json::Limits::default()).unwrap();
            assert!(validator.decide(&record), "{id}: {line}");
            let key = |path: &Pointer| record.pointer(path.as_str()).is_some_and(|v| !v.is_null());
            assert!(dataset.key_fields.iter().all(key), "{id}: {line}");
        }
    }
}

#[test]
fn units_are_34_provinces_and_their_3321_communes() {
    let text = fs::read_to_string(seeds().join("nation/records/administrative-units.ndjson"));
    let text = text.unwrap();
    let read = |line| serde_json::from_str::<Value>(line).unwrap();
    let units: Vec<Value> = text.lines().map(read).collect();
    let codes = |level: u64| -> BTreeSet<&str> {
        let of_level = units.iter().filter(|unit| unit["level"] == level);
        of_level.filter_map(|unit| unit["code"].as_str()).collect()
    };
    let (provinces, communes) = (codes(1), codes(2));
    assert_eq!((units.len(), provinces.len(), communes.len()), (3355, 34, 3321));
    for unit in &units {
        let parent = unit["parent_code"].as_str();
        assert_eq!(parent.is_some_and(|code| provinces.contains(code)), unit["level"] == 2);
    }
}
