//! The official suite: the verdict, and the walk against the verdict.
#![expect(clippy::disallowed_methods, reason = "the suite lives beside the project, not in it")]
#![expect(clippy::print_stderr, reason = "a part that could not run is said, once")]

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    FormatMode, Profile, Refs, Schema, SchemaLimits,
    explain::{Budget, walk::Walk},
};

fn suite() -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let shared = std::env::var_os("NDXP_SHARED").map_or_else(beside, PathBuf::from);
    let tests = shared.join("conformance/json-schema-test-suite/tests");
    tests.is_dir().then_some(tests)
}

#[derive(Debug, Default)]
struct Tally {
    tests: usize,
    outside: Vec<String>,
    walk_unknown: Vec<String>,
    wrong: Vec<String>,
}

fn run(dialect: &str, uri: &str) -> Option<Tally> {
    let mut tally = Tally::default();
    let entries = fs::read_dir(suite()?.join(dialect)).unwrap();
    let mut files: Vec<_> = entries.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for file in files {
        let groups: Vec<Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        for group in groups {
            group_of(&file.file_stem().unwrap().to_string_lossy(), uri, &group, &mut tally);
        }
    }
    Some(tally)
}

fn group_of(file: &str, uri: &str, group: &Value, tally: &mut Tally) {
    let open = |refs| Profile {
        formats: FormatMode::Annotate,
        refs,
        schema: SchemaLimits::none(),
        ..Profile::default()
    };
    let mut schema = group["schema"].clone();
    if let Some(members) = schema.as_object_mut() {
        members.entry("$schema").or_insert_with(|| json!(uri));
    }
    let text = schema.to_string();
    let parsed = Schema::parse(text.as_bytes(), &open(Refs::Offline));
    // The walk follows the references that the hub admits; an inner $id is beyond it.
    let walked = Schema::parse(text.as_bytes(), &open(Refs::SameDocument)).is_ok();
    let compiled = parsed.map_err(|problems| problems.to_string());
    let compiled = compiled.and_then(|s| s.compile().map(|v| (s, v)).map_err(|e| e.to_string()));
    let (schema, validator) = match compiled {
        Ok(both) => both,
        Err(why) => return tally.outside.push(format!("{file}: {}: {why}", group["description"])),
    };
    for case in group["tests"].as_array().unwrap() {
        let (data, valid) = (&case["data"], case["valid"] == true);
        let name = format!("{file}: {}: {}", group["description"], case["description"]);
        tally.tests += 1;
        if validator.decide(data) != valid {
            tally.wrong.push(name.clone());
        }
        match Walk::new(&schema.inner, 10_000).holds(&schema.inner.root, data) {
            _ if !walked => {}
            Some(holds) if holds != valid => tally.wrong.push(format!("walk: {name}")),
            Some(_) => {}
            None => tally.walk_unknown.push(name.clone()),
        }
        let explanation = validator.explain(data, Budget::default());
        if explanation.violations.is_empty() != valid {
            tally.wrong.push(format!("explain: {name}"));
        }
    }
}

/// Checks the verdict of exactly `tests` cases; what is outside this cut is outside for a known reason.
fn check(dialect: &str, uri: &str, tests: usize) {
    let Some(tally) = run(dialect, uri) else {
        let where_to = "no conformance suite beside the project, or in NDXP_SHARED";
        eprintln!("SKIP: JSON-Schema-Test-Suite {dialect}: {where_to}");
        return;
    };
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    assert_eq!(tally.tests, tests);
    let remote = |why: &&String| !why.contains("localhost:1234") && !why.contains("the dialect is");
    assert_eq!(tally.outside.iter().find(remote), None);
    let other = |name: &&String| !name.starts_with("unevaluatedItems: ");
    assert_eq!(tally.walk_unknown.iter().find(other), None);
}

#[test]
fn the_mandatory_suite_of_draft_7_holds() {
    check("draft7", "http://json-schema.org/draft-07/schema#", 904);
}

#[test]
fn the_mandatory_suite_of_2020_12_holds() {
    check("draft2020-12", "https://json-schema.org/draft/2020-12/schema", 1250);
}
