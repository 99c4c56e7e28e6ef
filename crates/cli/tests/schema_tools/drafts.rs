//! `infer` and `explain`.

use std::{fs, path::Path};

use crate::{Ran, check, fixtures, run, run_in};

#[test]
fn infer_reads_as_committed() {
    check(
        "infer",
        &[
            "infer permits.ndjson",
            "infer permits.csv",
            "infer --each list.json",
            "infer broken.ndjson",
            "infer missing.ndjson",
            "infer --help",
        ],
    );
}

#[test]
fn infer_of_nothing_could_not_run() {
    let Ran { status, stdout, stderr } = run_in(&fixtures(), "infer -", "\n\n");
    assert_eq!((status, stdout.as_str()), (2, ""));
    assert_eq!(stderr, "error: there are no records to learn from\n");
}

#[test]
fn a_draft_accepts_the_records_of_the_repository_and_has_no_lint_errors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds/nation/records");
    let dir = tempfile::tempdir().unwrap();
    let schema = dir.path().join("draft.schema.json");
    let mut files = 0;
    for entry in fs::read_dir(root).unwrap() {
        let records = entry.unwrap().path();
        let draft = run(&format!("infer {}", records.display()));
        assert_eq!(draft.status, 0, "{}", records.display());
        fs::write(&schema, &draft.stdout).unwrap();
        let judged = run(&format!("validate --schema {} {}", schema.display(), records.display()));
        assert_eq!((judged.status, judged.stdout.as_str()), (0, ""), "{}", records.display());
        let looked = run(&format!("lint --published --quiet {}", schema.display()));
        assert_eq!(looked.status, 0, "{}", looked.stdout);
        files += 1;
    }
    assert!(files >= 10, "{files}");
}

#[test]
fn explain_reads_as_committed() {
    check(
        "explain",
        &[
            "explain permit.schema.json /site/commune_code",
            "explain permit.schema.json /owner_id",
            "explain permit.schema.json /",
            "explain permit.schema.json #",
            "explain permit.schema.json #/$defs/site",
            "explain --json permit.schema.json /floors",
            "explain permit.schema.json /site/street",
            "explain refused.schema.json /id",
            "explain --help",
        ],
    );
}
