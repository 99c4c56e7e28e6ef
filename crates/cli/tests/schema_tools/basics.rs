//! `hash`, `fmt` and `test`.

use std::{fs, path::Path};

use crate::{Ran, check, fixtures, run, run_in};

#[test]
fn hash_reads_as_committed() {
    check(
        "hash",
        &[
            "hash permit.schema.json",
            "hash permit.schema.json untidy.schema.json",
            "hash --json permit.schema.json",
            "hash twice.schema.json",
            "hash missing.json",
        ],
    );
}

#[test]
fn fmt_reads_as_committed() {
    check(
        "fmt",
        &[
            "fmt --check permit.schema.json untidy.schema.json",
            "fmt --check twice.schema.json",
            "fmt --help",
        ],
    );
}

#[test]
fn fmt_rewrites_in_place_once_and_keeps_the_hash() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("untidy.schema.json");
    fs::copy(fixtures().join("untidy.schema.json"), &file).unwrap();
    let before = run_in(dir.path(), "hash untidy.schema.json", "").stdout;
    let Ran { status, stdout, .. } = run_in(dir.path(), "fmt .", "");
    assert_eq!((status, stdout.as_str()), (0, "./untidy.schema.json\n"));
    assert_eq!(run_in(dir.path(), "hash untidy.schema.json", "").stdout, before);
    assert!(fs::read_to_string(&file).unwrap().contains("\"maximum\": 1.50\n"));
    assert_eq!(run_in(dir.path(), "fmt --check .", "").status, 0);
}

#[test]
fn fmt_of_stdin_goes_to_stdout() {
    let Ran { status, stdout, .. } = run_in(&fixtures(), "fmt -", "{\"type\":1,\"$id\":2}");
    assert_eq!((status, stdout.as_str()), (0, "{\n  \"$id\": 2,\n  \"type\": 1\n}\n"));
}

#[test]
fn the_repositorys_schemas_are_laid_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Ran { status, stdout, .. } = run_in(&root, "fmt --check seeds docs", "");
    assert_eq!((status, stdout.as_str()), (0, ""));
}

#[test]
fn test_reads_as_committed() {
    check(
        "test",
        &[
            "test permit.tests.json",
            "test permit.tests.json wrong.tests.json",
            "test --format json wrong.tests.json",
            "test unknown-member.tests.json",
            "test missing.tests.json",
            "test --help",
        ],
    );
    assert_eq!(run("test permit.tests.json").status, 0);
}
