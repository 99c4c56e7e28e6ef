//! Writing a tree, and the load of many datasets.
#![expect(clippy::unwrap_used, reason = "a test that cannot write its files has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use ndxp_model::Dataset;
use ndxp_schema::{Profile, Schema};
use ndxp_seeds::Difference;

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds")
}

/// Returns an empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        fs::remove_dir_all(&path).unwrap();
    }
    path
}

#[test]
fn writing_names_and_mends_every_difference() {
    let tree = ndxp_seeds::nation(&seeds()).unwrap();
    let dir = folder("mends");
    tree.write(&dir).unwrap();
    assert_eq!(tree.differences(&dir).unwrap(), []);
    fs::write(dir.join("agencies/tax.json"), "{}").unwrap();
    fs::write(dir.join("agencies/stray.json"), "{}").unwrap();
    fs::write(dir.join("beside.txt"), "not of the nation").unwrap();
    fs::remove_file(dir.join("agreements/agr-0001.json")).unwrap();
    let expected = [
        Difference::Changed("agencies/tax.json".to_owned()),
        Difference::Missing("agreements/agr-0001.json".to_owned()),
        Difference::Unexpected("agencies/stray.json".to_owned()),
    ];
    assert_eq!(tree.write(&dir).unwrap(), expected);
    assert_eq!(tree.differences(&dir).unwrap(), []);
    assert!(dir.join("beside.txt").exists());
}

#[test]
fn bulk_spreads_2398_datasets_over_all_agencies() {
    let tree = ndxp_seeds::bulk(&seeds(), 2398).unwrap();
    let descriptions = tree.iter().filter(|(path, _)| path.ends_with("/dataset.json"));
    let read = |(_, text)| serde_json::from_str::<Dataset>(text).unwrap();
    let datasets: Vec<Dataset> = descriptions.map(read).collect();
    let names: BTreeSet<String> = datasets.iter().map(|dataset| dataset.name.to_string()).collect();
    assert_eq!(names.len(), 2398);
    let mut owners = BTreeMap::new();
    for dataset in &datasets {
        *owners.entry(&dataset.name.agency).or_insert(0) += 1;
    }
    assert_eq!(owners.len(), 95);
    assert!(owners.values().all(|count| (25..=26).contains(count)));
    let agencies = tree.iter().filter(|(path, _)| path.starts_with("agencies/"));
    assert_eq!(agencies.count(), 95);
    assert_eq!(tree, ndxp_seeds::bulk(&seeds(), 2398).unwrap());
}

#[test]
fn every_schema_of_the_bulk_is_accepted() {
    let tree = ndxp_seeds::bulk(&seeds(), 200).unwrap();
    for (path, text) in tree.iter().filter(|(path, _)| path.ends_with("/schema.json")) {
        let schema = Schema::parse(text.as_bytes(), &Profile::default());
        schema.unwrap_or_else(|problems| panic!("{path}: {problems:?}")).compile().unwrap();
    }
}
