//! `lint`.

use std::{fs, path::Path};

use crate::{Ran, check, fixtures, run, run_in};

#[test]
fn lint_reads_as_committed() {
    check(
        "lint",
        &[
            "lint permit.schema.json",
            "lint faulty.schema.json",
            "lint refused.schema.json",
            "lint --published --strict untidy.schema.json",
            "lint --rules rules permit.schema.json",
            "lint twice.schema.json",
            "lint --rules missing permit.schema.json",
        ],
    );
}

#[test]
fn lint_reads_as_committed_for_programs() {
    check(
        "lint-formats",
        &[
            "lint --format json faulty.schema.json",
            "lint --format ndjson refused.schema.json",
            "lint --format sarif refused.schema.json",
            "lint --format junit refused.schema.json",
            "lint --format github refused.schema.json",
        ],
    );
}

#[test]
fn explain_reads_as_committed() {
    check(
        "lint-explain",
        &["lint --explain all", "lint --explain ndx004", "lint --explain NDX999", "lint --help"],
    );
    assert!(run("lint --explain rules").stdout.starts_with("# Rules of your own"));
}

#[test]
fn fix_mends_in_place_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("faulty.schema.json");
    fs::copy(fixtures().join("faulty.schema.json"), &file).unwrap();
    let Ran { status, stderr, .. } = run_in(dir.path(), "lint --fix --format json .", "");
    assert_eq!((status, stderr.as_str()), (1, ""));
    let mended = fs::read_to_string(&file).unwrap();
    crate::golden::check("schema-tools/lint-fixed.json", &mended);
    run_in(dir.path(), "lint --fix --quiet .", "");
    assert_eq!(fs::read_to_string(&file).unwrap(), mended);
}

#[test]
fn a_schema_mended_from_stdin_goes_to_stdout() {
    let schema = "{\"title\": \"t\", \"description\": \"d\", \"enum\": [1, 1]}";
    let Ran { status, stdout, .. } = run_in(&fixtures(), "lint --fix -", schema);
    assert_eq!(
        (status, stdout.as_str()),
        (0, "{\"title\": \"t\", \"description\": \"d\", \"enum\": [1]}")
    );
}

#[test]
fn the_repositorys_schemas_have_no_errors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Ran { status, stdout, .. } = run_in(&root, "lint --format github seeds", "");
    let errors: Vec<&str> = stdout.lines().filter(|line| line.starts_with("::error")).collect();
    assert_eq!((status, errors), (0, vec![]));
}
