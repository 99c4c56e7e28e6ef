//! `bundle`.

use std::fs;

use crate::{Ran, check, fixtures, run, run_in};

#[test]
fn bundle_reads_as_committed() {
    check(
        "bundle",
        &[
            "bundle --store store household.schema.json",
            "bundle household.schema.json",
            "bundle --store missing household.schema.json",
            "bundle twice.schema.json",
            "bundle --help",
        ],
    );
}

#[test]
fn a_bundle_judges_as_its_parts() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bundle.json");
    let made =
        run(&format!("bundle --store store household.schema.json --output {}", file.display()));
    assert_eq!((made.status, made.stdout.as_str()), (0, ""));
    let records = fixtures().join("households.ndjson");
    let command = format!("validate --schema bundle.json {}", records.display());
    let Ran { status, stdout, .. } = run_in(dir.path(), &command, "");
    assert_eq!(status, 1);
    for place in ["/head/citizen_id: format", "/members/0: format"] {
        assert!(stdout.contains(place), "{stdout}");
    }
    assert!(!stdout.contains(":1:"), "{stdout}");
}

#[test]
fn the_schemas_of_a_lock_are_at_hand() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("ndxp")).unwrap();
    fs::copy(fixtures().join("store/person.json"), dir.path().join("ndxp/person.json")).unwrap();
    let lock =
        "{\"schemas\": {\"police-administration/persons\": {\"file\": \"ndxp/person.json\"}}}";
    fs::write(dir.path().join("ndxp.lock"), lock).unwrap();
    let household = fixtures().join("household.schema.json");
    let found = run_in(dir.path(), &format!("bundle {}", household.display()), "");
    assert_eq!(found.status, 0, "{}", found.stderr);
}

#[cfg(not(feature = "client"))]
#[test]
fn a_build_without_a_client_says_that_it_talks_to_no_hub() {
    let online = "--hub https://localhost:7443";
    for command in [
        format!("bundle household.schema.json {online}"),
        format!("diff store/person.json store/person.json {online}"),
    ] {
        let found = run(&command);
        assert_eq!(found.status, 2, "{}", found.stdout);
        assert!(found.stderr.contains("built without the feature `client`"), "{}", found.stderr);
    }
}
