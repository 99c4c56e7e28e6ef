//! The official suite through the command line: remotes from a folder, records as lines.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    thread,
};

use serde_json::Value;

use crate::{json, ndxp, skip};

fn suite() -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let shared = std::env::var_os("NDXP_SHARED").map_or_else(beside, PathBuf::from);
    let suite = shared.join("conformance/json-schema-test-suite");
    suite.is_dir().then_some(suite)
}

fn groups(folder: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let groups: Vec<Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        all.extend(groups.into_iter().map(|group| (name.clone(), group)));
    }
    all
}

/// Returns the tests of a group, and those whose verdict is not the suite's.
fn run(dir: &Path, suite: &Path, dialect: &str, group: &Value) -> (usize, Vec<String>) {
    let tests = group["tests"].as_array().unwrap();
    let lines: Vec<String> = tests.iter().map(|test| test["data"].to_string()).collect();
    fs::write(dir.join("schema.json"), group["schema"].to_string()).unwrap();
    fs::write(dir.join("data.ndjson"), lines.join("\n")).unwrap();
    let resolve = format!("http://localhost:1234/={}", suite.join("remotes").display());
    let mut command = ndxp();
    command.current_dir(dir).args(["validate", "--schema", "schema.json", "data.ndjson", "--json"]);
    command.args([
        "--formats",
        "annotate",
        "--limits",
        "none",
        "--dialect",
        dialect,
        "--jobs",
        "1",
    ]);
    let output = command.args(["--resolve", &resolve]).output().unwrap();
    let invalid = tests.iter().any(|test| test["valid"] == false);
    if output.status.code() == Some(2) {
        return (tests.len(), vec![String::from_utf8_lossy(&output.stderr).into_owned()]);
    }
    let report = json(&output, i32::from(invalid));
    let errors = report["errors"].as_array().unwrap();
    let refused: BTreeSet<u64> = errors.iter().filter_map(|e| e["record"].as_u64()).collect();
    let numbered = (1..).zip(tests);
    let wrong = numbered.filter(|(n, test)| refused.contains(n) == (test["valid"] == true));
    (tests.len(), wrong.map(|(_, test)| test["description"].to_string()).collect())
}

fn check(folder: &str, dialect: &str, expected: usize) {
    let Some(suite) = suite() else {
        return skip(
            &format!("JSON-Schema-Test-Suite {folder} by commands"),
            "not beside the project",
        );
    };
    let groups = groups(&suite.join("tests").join(folder));
    let halves: Vec<_> = groups.chunks(groups.len().div_ceil(2)).collect();
    let results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = halves
            .into_iter()
            .map(|half| {
                let suite = &suite;
                scope.spawn(move || {
                    let dir = tempfile::tempdir().unwrap();
                    let runs = half.iter().map(|(file, group)| {
                        let (tests, wrong) = run(dir.path(), suite, dialect, group);
                        let name = format!("{file}: {}", group["description"]);
                        (tests, wrong.into_iter().map(|why| format!("{name}: {why}")).collect())
                    });
                    runs.collect::<Vec<(usize, Vec<String>)>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let wrong: Vec<&String> = results.iter().flat_map(|(_, wrong)| wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(results.iter().map(|(tests, _)| tests).sum::<usize>(), expected);
}

#[test]
fn the_mandatory_suite_of_draft_7_holds_by_commands() {
    check("draft7", "draft-07", 927);
}

#[test]
fn the_mandatory_suite_of_2020_12_holds_by_commands() {
    check("draft2020-12", "2020-12", 1299);
}
