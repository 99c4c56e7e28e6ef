//! What people and programs read of sixty broken files, in all six formats, compared with committed files.

use std::path::Path;

use serde_json::Value;

use crate::{golden, ndxp};

fn broken() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema/broken")
}

/// Each file of broken records with its schema.
fn cases() -> Vec<(String, String)> {
    let list = std::fs::read_to_string(broken().join("cases.tsv")).unwrap();
    let pair = |line: &str| line.split_once('\t').map(|(a, b)| (a.to_owned(), b.to_owned()));
    list.lines().filter_map(pair).collect()
}

fn run(file: &str, schema: &str, format: &str) -> String {
    let mut command = ndxp();
    command.current_dir(broken()).args(["validate", "--schema", schema, file, "--format", format]);
    let output = command.output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(1),
        "{file}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn check(format: &str) {
    let cases = cases();
    assert_eq!(cases.len(), 60);
    let one = |(file, schema): &(String, String)| {
        let text = run(file, schema, format);
        assert!(!text.is_empty(), "{file}");
        // The identity changes with every version: it has a test of its own.
        let text = text.split(",\"identity\"").next().unwrap().trim_end();
        format!("== {file}\n{text}\n")
    };
    let text: String = cases.iter().map(one).collect();
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    golden::check(&format!("schema/{format}.txt"), &text.replace(&version, "\"version\": \"x\""));
}

#[test]
fn people_read_what_is_committed() {
    check("human");
}

#[test]
fn code_hosts_read_what_is_committed() {
    check("sarif");
    check("github");
}

#[test]
fn dashboards_read_what_is_committed() {
    check("junit");
}

#[test]
fn programs_read_what_is_committed() {
    check("json");
    check("ndjson");
}

/// Checks the members that SARIF 2.1.0 requires, and the places that its readers rely on.
#[test]
fn sarif_has_what_its_standard_requires() {
    for (file, schema) in cases() {
        let log: Value = serde_json::from_str(&run(&file, &schema, "sarif")).unwrap();
        assert_eq!(log["version"], "2.1.0");
        for run in log["runs"].as_array().unwrap() {
            let driver = &run["tool"]["driver"];
            assert!(driver["name"].is_string());
            let rules = driver["rules"].as_array().unwrap();
            for result in run["results"].as_array().unwrap() {
                assert!(result["message"]["text"].is_string());
                let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
                assert_eq!(rules[index]["id"], result["ruleId"]);
                assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
                let place = &result["locations"][0]["physicalLocation"];
                assert!(!place["artifactLocation"]["uri"].as_str().unwrap().contains(' '));
                assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
                assert!(place["region"]["startColumn"].as_u64().unwrap() >= 1);
            }
        }
    }
}
