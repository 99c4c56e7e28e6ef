//! Applying directories: large ones, changed ones, contradictory ones.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    hub::Hub,
    path::{json, status},
};

/// As many databases as a national survey counted; a person waits for the outcome.
const DATASETS: u32 = 2_398;

#[test]
fn thousands_of_datasets_register_within_a_minute() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds");
    let load = tempfile::tempdir().unwrap();
    ndxp_seeds::bulk(&seeds, DATASETS).unwrap().write(load.path()).unwrap();
    let hub = Hub::start(load.path(), |name| name.as_officer().is_some());
    let applied = apply(&hub, load.path(), 0);
    assert_eq!(applied["plan"]["activations"]["create"], DATASETS, "{applied}");
    assert!(applied["seconds"].as_f64().unwrap() < 60.0, "{applied}");
    let again = apply(&hub, load.path(), 0);
    assert_eq!(
        (&again["applied"], &again["plan"]["schemas"]["equal"]),
        (&false.into(), &DATASETS.into())
    );
}

#[test]
fn what_changed_is_shown_first_and_then_done() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds");
    let small = tempfile::tempdir().unwrap();
    ndxp_seeds::bulk(&seeds, 1).unwrap().write(small.path()).unwrap();
    let hub = Hub::start(small.path(), |name| name.as_officer().is_some());
    apply(&hub, small.path(), 0);

    let schema = first_dataset(small.path()).join("schema.json");
    edit(&schema, |value| value["title"] = "Another title".into());
    let directory = small.path().to_str().unwrap();
    let plan = hub.run(&["apply", "-f", directory, "--plan"]);
    let said = String::from_utf8(plan.stderr.clone()).unwrap();
    assert!(said.contains("~ schema of "), "{said}");
    assert_eq!(status(&plan, 0), "1 changes to make; nothing was done\n");
    let applied = apply(&hub, small.path(), 0);
    assert_eq!(applied["plan"]["schemas"]["revise"], 1, "{applied}");

    let dataset = first_dataset(small.path()).join("dataset.json");
    edit(&dataset, |value| value["partitions"] = 9.into());
    let refused = hub.run(&["apply", "-f", directory]);
    let said = status(&refused, 1);
    assert!(said.contains("conflict: dataset ") && said.contains("registered otherwise"), "{said}");

    fs::write(&dataset, "{\"name\": 1, \"name\": 2}").unwrap();
    let said = status(&hub.run(&["apply", "-f", directory]), 2);
    assert!(said.contains("dataset.json: 1:13: an object has this key twice"), "{said}");
}

pub(crate) fn apply(hub: &Hub, directory: &Path, code: i32) -> Value {
    let directory = directory.to_str().unwrap();
    json(&status(&hub.run(&["apply", "-f", directory, "--json"]), code))
}

pub(crate) fn first_dataset(directory: &Path) -> std::path::PathBuf {
    let first = |path: &Path| fs::read_dir(path).unwrap().next().unwrap().unwrap().path();
    first(&first(&directory.join("datasets")))
}

pub(crate) fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, serde_json::to_vec(&value).unwrap()).unwrap();
}
