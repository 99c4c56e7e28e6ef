//! The official suite: the verdict, and the walk against the verdict.
#![expect(clippy::disallowed_methods, reason = "the suite lives beside the project, not in it")]
#![expect(clippy::print_stderr, reason = "a part that could not run is said, once")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    Context, Dialect, Documents, FormatMode, Profile, Refs, Schema, SchemaLimits,
    explain::{Budget, walk::Walk},
};

fn suite() -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let shared = std::env::var_os("NDXP_SHARED").map_or_else(beside, PathBuf::from);
    let suite = shared.join("conformance/json-schema-test-suite");
    suite.is_dir().then_some(suite)
}

/// The suite's documents under the address that its references name.
fn remotes(folder: &Path, uri: &str, documents: &mut Vec<(String, Value)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let uri = format!("{uri}/{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            remotes(&path, &uri, documents);
        } else {
            documents.push((uri, serde_json::from_slice(&fs::read(&path).unwrap()).unwrap()));
        }
    }
}

fn documents(suite: &Path) -> Documents {
    let mut documents = Vec::new();
    remotes(&suite.join("remotes"), "http://localhost:1234", &mut documents);
    documents.into_iter().collect()
}

#[derive(Debug, Default)]
struct Tally {
    tests: usize,
    outside: Vec<String>,
    walk_unknown: Vec<String>,
    /// Verdicts that are not the suite's.
    differs: Vec<String>,
    /// Answers of ours that do not fit together.
    wrong: Vec<String>,
}

/// Which tests to run, and under which rules.
struct Part {
    folder: String,
    dialect: Dialect,
    context: Context,
    formats: FormatMode,
}

fn run(part: &Part, suite: &Path) -> Tally {
    let mut tally = Tally::default();
    let entries = fs::read_dir(suite.join("tests").join(&part.folder)).unwrap();
    let mut files: Vec<_> = entries.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for file in files {
        let groups: Vec<Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        for group in groups {
            group_of(&file.file_stem().unwrap().to_string_lossy(), part, &group, &mut tally);
        }
    }
    tally
}

fn group_of(file: &str, part: &Part, group: &Value, tally: &mut Tally) {
    let open = |refs| Profile {
        formats: part.formats,
        refs,
        schema: SchemaLimits::none(),
        ..Profile::default()
    };
    let text = group["schema"].to_string();
    let context = Context { dialect: Some(part.dialect), ..part.context.clone() };
    let parsed = Schema::parse_in(text.as_bytes(), &open(Refs::Offline), &context);
    // The walk follows the references that the hub admits; an inner $id and another document are beyond it.
    let alone = Context { dialect: Some(part.dialect), ..Context::default() };
    let walked = Schema::parse_in(text.as_bytes(), &open(Refs::SameDocument), &alone).is_ok();
    let compiled = parsed.map_err(|problems| problems.to_string());
    let compiled = compiled.and_then(|s| s.compile().map(|v| (s, v)).map_err(|e| e.to_string()));
    let (schema, validator) = match compiled {
        Ok(both) => both,
        Err(_) => return tally.outside.push(format!("{file} | {} | the schema", text_of(group))),
    };
    for case in group["tests"].as_array().unwrap() {
        let (data, valid) = (&case["data"], case["valid"] == true);
        let name = [file, text_of(group), text_of(case)].join(" | ");
        tally.tests += 1;
        let decided = validator.decide(data);
        if decided != valid {
            tally.differs.push(name.clone());
        }
        match Walk::new(&schema.inner, None, 10_000).holds(&schema.inner.root, data) {
            _ if !walked => {}
            Some(holds) if holds != decided => tally.wrong.push(format!("walk: {name}")),
            Some(_) => {}
            None => tally.walk_unknown.push(name.clone()),
        }
        let explanation = validator.explain(data, Budget::default());
        if explanation.violations.is_empty() != decided {
            tally.wrong.push(format!("explain: {name}"));
        }
    }
}

fn text_of(described: &Value) -> &str {
    described["description"].as_str().unwrap()
}

fn parts(folder: &str, dialect: Dialect, suite: &Path) -> [Part; 3] {
    let context = Context { documents: documents(suite), ..Context::default() };
    let part = |below: &str, formats| Part {
        folder: format!("{folder}{below}"),
        dialect,
        context: context.clone(),
        formats,
    };
    [
        part("", FormatMode::Annotate),
        part("/optional", FormatMode::Annotate),
        part("/optional/format", FormatMode::Assert),
    ]
}

/// Checks that each of `mandatory` verdicts is the suite's, and of `optional` ones all but those listed. Groups whose
/// schema is refused are listed as such, and their tests not counted.
fn check(folder: &str, dialect: Dialect, mandatory: usize, optional: usize) {
    let Some(suite) = suite() else {
        let where_to = "no conformance suite beside the project, or in NDXP_SHARED";
        eprintln!("SKIP: JSON-Schema-Test-Suite {folder}: {where_to}");
        return;
    };
    let [first, rest @ ..] = parts(folder, dialect, &suite);
    let tally = run(&first, &suite);
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    assert_eq!((tally.differs.as_slice(), tally.outside.as_slice()), (&[][..], &[][..]));
    assert_eq!(tally.tests, mandatory);
    let other = |name: &&String| !name.starts_with("unevaluatedItems |");
    assert_eq!(tally.walk_unknown.iter().find(other), None);

    let tallies = rest.map(|part| run(&part, &suite));
    let wrong: Vec<_> = tallies.iter().flat_map(|tally| &tally.wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let found = tallies.iter().flat_map(|tally| tally.differs.iter().chain(&tally.outside));
    let found: Vec<String> = found.map(|name| format!("{folder} | {name}")).collect();
    let listed: Vec<&str> = DIFFERENCES
        .lines()
        .filter(|line| line.starts_with(&format!("{folder} | ")))
        .map(|line| line.rsplit_once(" -- ").unwrap().0)
        .collect();
    assert_eq!(found, listed);
    assert_eq!(tallies.iter().map(|tally| tally.tests).sum::<usize>(), optional);
}

/// Optional verdicts that are not the suite's, each with its reason.
const DIFFERENCES: &str = include_str!("optional-differences.txt");

#[test]
fn the_suite_of_draft_7_holds() {
    check("draft7", Dialect::Draft7, 927, 680);
}

#[test]
fn the_suite_of_2020_12_holds() {
    check("draft2020-12", Dialect::Draft202012, 1299, 811);
}
